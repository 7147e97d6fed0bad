// Creating a container for callers of the library: the same as the verb, told by callbacks.

import { join, resolve } from 'node:path';
import { installation } from '../host/installation.ts';
import { readBaseConfig } from '../images/base-config.ts';
import { createContainer } from '../images/create.ts';
import type { CreateEvent, CreateRequest, RootAccess } from '../images/request.ts';
import type { Place } from './place.ts';

export interface CreateCall {
  readonly template: string;
  readonly arguments?: readonly string[];
  readonly configFile?: string;
  readonly backingStore?: string;
  readonly full?: boolean;
  readonly cache?: 'use' | 'refresh' | 'none';
  readonly rootAccess?: RootAccess;
  readonly privileged?: boolean;
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput?: (line: string) => void;
  readonly onNotice?: (notice: string) => void;
  readonly onEvent?: (event: CreateEvent) => void;
  readonly signal?: AbortSignal;
}

/** Throws what createContainer throws. */
export async function create(place: Place, call: CreateCall): Promise<void> {
  const { settings } = place;
  const { templates, etc } = installation();
  const packaged = settings.flavour === 'tslxc' ? { packaged: join(etc, 'default.conf') } : {};
  const given = call.configFile === undefined ? {} : { given: resolve(call.configFile) };
  await createContainer(
    { ...settings, templates, etc },
    {
      lxcpath: place.lxcpath,
      name: place.name,
      template: call.template,
      templateArguments: call.arguments ?? [],
      base: readBaseConfig({ ...given, standard: settings.defaultConfig, ...packaged }),
      flavour: settings.flavour,
      privileged: call.privileged ?? false,
      env: call.env,
      cwd: '/',
      output: 'lines',
      signal: call.signal ?? new AbortController().signal,
      onEvent: (event: CreateEvent) => {
        if (event.kind === 'notice') call.onNotice?.(event.text);
        else if (event.kind === 'output') call.onOutput?.(event.text);
        call.onEvent?.(event);
      },
      ...optional(call),
    },
  );
}

/** What was given; an absent option is not the same as an undefined one. */
function optional({ backingStore, full, cache, rootAccess }: CreateCall): Partial<CreateRequest> {
  return {
    ...(backingStore === undefined ? {} : { backingStore }),
    ...(full === undefined ? {} : { full }),
    ...(cache === undefined ? {} : { cache }),
    ...(rootAccess === undefined ? {} : { rootAccess }),
  };
}
