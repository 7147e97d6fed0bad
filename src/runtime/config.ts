// A container's config as the verbs take it: P/N/config or --rcfile, then --define.

import { existsSync, statSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { type LoadedConfig, loadConfig } from '../config/load.ts';
import type { ContainerConfig } from '../config/model.ts';
import type { ConfigSource } from '../config/source.ts';
import type { Place } from './place.ts';

export interface ConfigRequest {
  /** `--define KEY=VALUE`. */
  readonly defines?: readonly string[];
  /** For `lxc.environment = VAR`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of a command that loads several. */
  readonly source?: ConfigSource;
}

/** Whether the container has a config of its own. */
export function isDefined(place: Place): boolean {
  return existsSync(place.paths.config);
}

/** Throws NOT_DEFINED when there is no config at all, CONFIG_INVALID with every problem of one that is wrong. */
export async function loadPlaceConfig(place: Place, request: ConfigRequest = {}): Promise<ContainerConfig> {
  return loadWhole(place, request).config;
}

/** The same with its lines and warnings. */
export function loadWhole(place: Place, request: ConfigRequest = {}): LoadedConfig {
  refuseUndefined(place);
  return loadConfig({ file: place.configFile, ...request });
}

/** Throws NOT_DEFINED when there is no config to read. */
export function refuseUndefined(place: Place): void {
  const isOwn = place.configFile === place.paths.config;
  if (isOwn && isMissing(place.paths.config)) {
    throw new TslxcError(
      'NOT_DEFINED',
      `No container config specified: ${place.name} is not defined in ${place.lxcpath}`,
      {
        hint: `make it with: tslxc-create -n ${place.name} -t TEMPLATE`,
      },
    );
  }
}

/** What the caller may not look at is not missing: reading it says what is in the way. */
function isMissing(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR';
  }
}
