// Environments: of init, of hooks. A brace in a text that may hold slot references is doubled.

import type { Origin } from '../base/errors.ts';
import type { ContainerConfig } from '../config/model.ts';
import { rule } from './start.ts';

export const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A literal text in a field that takes slot references. */
export function literal(text: string): string {
  return text.replaceAll('{', '{{');
}

/** VAR=VALUE of init, the later of one name wins; not yet as literals. */
export function initEnvironment(config: ContainerConfig, ttys: readonly string[]): readonly string[] {
  return lastOfEachName([
    'container=lxc',
    ...(ttys.length > 0 ? [`container_ttys=${ttys.join(' ')}`] : []),
    ...config.environment.map(({ value }) => value),
    ...config.environmentRuntime.map(({ value }) => value),
  ]);
}

/** Keeps the last setting of each variable, in the order in which the names first came. */
export function lastOfEachName(settings: readonly string[]): readonly string[] {
  const byName = new Map(settings.map(setting => [setting.split('=', 1)[0], setting]));
  return [...byName.values()];
}

/** The line to blame for what init is: the command's, else the default's. */
export function initOrigin(config: ContainerConfig, command: readonly string[] | undefined): Origin {
  return command ? rule('the command of the start') : config.init.cmd.origin;
}
