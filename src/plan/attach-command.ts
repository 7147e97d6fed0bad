// What an attached command is and what it finds in its environment (lxc-commands 3.1).

import type { ContainerConfig } from '../config/model.ts';
import type { AttachInput } from '../facts/model.ts';
import { DEFAULT_PATH, lastOfEachName } from './environment.ts';

/** VAR=VALUE: the caller's or what it keeps of it, then the config's, then -v; the last of one name wins. */
export function attachEnvironment(config: ContainerConfig, input: AttachInput): readonly string[] {
  const own = Object.entries(input.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, `${name}=${value}`] as const],
  );
  const kept = input.clearEnv ? own.filter(([name]) => input.keepVars.includes(name)) : own;
  return lastOfEachName([
    ...(input.clearEnv ? [DEFAULT_PATH] : []),
    ...kept.map(([, setting]) => setting),
    'container=lxc',
    ...config.environment.map(({ value }) => value),
    ...config.environmentRuntime.map(({ value }) => value),
    ...input.setVars,
  ]);
}

/** The user's own shell, looked up inside: the container's passwd is nothing that the host reads. */
export function shellCommand(uid: number): readonly string[] {
  const script = [
    'shell=',
    `while IFS=: read -r _ _ id _ _ _ its; do [ "$id" = ${uid} ] && shell=$its && break; done </etc/passwd 2>/dev/null`,
    '[ -x "$shell" ] || shell=/bin/sh',
    'exec "$shell"',
  ];
  return ['/bin/sh', '-c', script.join('; ')];
}
