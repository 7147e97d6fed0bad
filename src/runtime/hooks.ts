// Hooks that no plan runs, because there is no start: lxc.hook.destroy (lxc-commands 5).

import { TslxcError } from '../base/errors.ts';
import type { ContainerConfig } from '../config/model.ts';
import { runProgram } from '../host/program.ts';
import { loadPlaceConfig } from './config.ts';
import type { Place } from './place.ts';

/** Runs the destroy hooks in order on the host. A config that does not load has none. Throws HOOK_FAILED. */
export async function runDestroyHooks(
  place: Place,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const config = await loadPlaceConfig(place).catch(() => undefined);
  for (const { value, origin } of config?.hooks.destroy ?? []) {
    const words = config?.hookVersion.value === 1 ? '' : ` ${quoted(place.name)} lxc destroy`;
    const result = await runProgram('sh', ['-c', `exec ${value}${words}`], {
      env: { ...env, ...hookEnvironment(place, config as ContainerConfig) },
    });
    if (result.exitCode === 0) continue;
    const why =
      result.startError ?? (result.stderr.trim().split('\n').at(-1) || `exit status ${result.exitCode}`);
    throw new TslxcError('HOOK_FAILED', `lxc.hook.destroy ${value}: ${why}`, { origin });
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function hookEnvironment(place: Place, config: ContainerConfig): Record<string, string> {
  const { type, spec } = config.rootfs.path?.value ?? {};
  const version = String(config.hookVersion.value);
  return {
    LXC_NAME: place.name,
    LXC_CONFIG_FILE: place.configFile,
    LXC_HOOK_VERSION: version,
    LXC_CGNS_AWARE: '1',
    ...(spec === undefined ? {} : { LXC_ROOTFS_PATH: type === undefined ? spec : `${type}:${spec}` }),
    ...(config.rootfs.mount && { LXC_ROOTFS_MOUNT: config.rootfs.mount.value }),
    ...(version === '1' && { LXC_HOOK_TYPE: 'destroy', LXC_HOOK_SECTION: 'lxc' }),
  };
}
