// Identity, init, signals, environment (lxc-config-keys 4.1).

import { ARCH_WORDS, archReadBack } from '../../base/arches.ts';
import type { ContainerConfig } from '../model.ts';
import { ValueError } from '../problem.ts';
import { defined, type Store } from '../store.ts';
import { bool, durationNs, path, signal, text, uint, type ValueType, word } from '../values.ts';
import { defaulted, type KeyEntry, type ListKey, list, scalar } from './entry.ts';

const HOST_NAME_MAX_BYTES = 64;
const hostName: ValueType<string> = {
  parse(value) {
    if (Buffer.byteLength(value) > HOST_NAME_MAX_BYTES)
      throw new ValueError('the host name is longer than 64 bytes');
    return value;
  },
  write: value => value,
};

const arch = scalar('lxc.arch', word(ARCH_WORDS, 'architecture'), c => c.arch, {
  show: (value, options) => archReadBack(value, options.machine),
});
const archNotEmpty: KeyEntry = {
  ...arch,
  clear() {
    throw new ValueError('an architecture is needed');
  },
};
const utsName = scalar('lxc.uts.name', hostName, c => c.utsName);
const initCmd = defaulted('lxc.init.cmd', text, '/sbin/init', c => c.init.cmd, { unset: '' });
const initCwd = defaulted('lxc.init.cwd', path, '/', c => c.init.cwd, { unset: '' });
const initUid = defaulted('lxc.init.uid', uint(0xffff_fffe), 0, c => c.init.uid);
const initGid = defaulted('lxc.init.gid', uint(0xffff_fffe), 0, c => c.init.gid);
const groupList = list('lxc.init.groups', uint(0xffff_fffe), c => c.init.groups, {
  split: value => value.split(',').map(part => part.trim()),
});
const initGroups: ListKey<number> = {
  ...groupList,
  write: onOneLine,
  read: config => onOneLine(config)[0]?.[1] ?? '',
};
const executeCmd = scalar('lxc.execute.cmd', text, c => c.executeCmd);
const halt = scalar('lxc.signal.halt', signal(), c => c.signal.halt, { unset: '0' });
const reboot = scalar('lxc.signal.reboot', signal(), c => c.signal.reboot, { unset: '0' });
const stop = scalar('lxc.signal.stop', signal(), c => c.signal.stop, { unset: '0' });
const ephemeral = defaulted('lxc.ephemeral', bool, false, c => c.ephemeral);
const environment = environmentList('lxc.environment', c => c.environment);
const environmentRuntime = environmentList('lxc.environment.runtime', c => c.environmentRuntime);
const environmentHooks = environmentList('lxc.environment.hooks', c => c.environmentHooks);
const keyring = defaulted('lxc.keyring.session', bool, false, c => c.keyringInherit);
const schedCore = defaulted('lxc.sched.core', bool, false, c => c.schedCore);
const offsetOptions = { unset: '0ns\n', show: (ns: bigint) => `${durationNs.write(ns)}\n` };
const offsetBoot = scalar('lxc.time.offset.boot', durationNs, c => c.timeOffset.boot, offsetOptions);
const offsetMonotonic = scalar(
  'lxc.time.offset.monotonic',
  durationNs,
  c => c.timeOffset.monotonic,
  offsetOptions,
);

export const identityKeys: readonly KeyEntry[] = [
  archNotEmpty,
  utsName,
  initCmd,
  initCwd,
  initUid,
  initGid,
  initGroups,
  executeCmd,
  halt,
  reboot,
  stop,
  ephemeral,
  environment,
  environmentRuntime,
  environmentHooks,
  keyring,
  schedCore,
  offsetBoot,
  offsetMonotonic,
];

type Identity =
  | 'arch'
  | 'utsName'
  | 'init'
  | 'executeCmd'
  | 'signal'
  | 'ephemeral'
  | 'environment'
  | 'environmentRuntime'
  | 'environmentHooks'
  | 'keyringInherit'
  | 'schedCore'
  | 'timeOffset';

export function buildIdentity(store: Store): Pick<ContainerConfig, Identity> {
  return {
    ...defined({ arch: arch.in(store), utsName: utsName.in(store), executeCmd: executeCmd.in(store) }),
    init: {
      cmd: initCmd.in(store),
      cwd: initCwd.in(store),
      uid: initUid.in(store),
      gid: initGid.in(store),
      groups: initGroups.in(store),
    },
    signal: defined({ halt: halt.in(store), reboot: reboot.in(store), stop: stop.in(store) }),
    ephemeral: ephemeral.in(store),
    environment: environment.in(store),
    environmentRuntime: environmentRuntime.in(store),
    environmentHooks: environmentHooks.in(store),
    keyringInherit: keyring.in(store),
    schedCore: schedCore.in(store),
    timeOffset: defined({ boot: offsetBoot.in(store), monotonic: offsetMonotonic.in(store) }),
  };
}

function onOneLine(config: ContainerConfig): [string, string][] {
  const groups = config.init.groups.map(group => group.value).join(',');
  return groups === '' ? [] : [['lxc.init.groups', groups]];
}

/** VAR=VAL as it is; VAR alone takes the reader's value. */
function environmentList(
  key: string,
  get: (config: ContainerConfig) => ContainerConfig['environment'],
): ListKey<string> {
  const base = list(key, text, get);
  return {
    ...base,
    set(store, said) {
      const name = said.value.split('=', 1)[0] ?? '';
      if (name === '') throw new ValueError('an environment variable needs a name');
      if (said.value.includes('=')) return base.set(store, said);
      const inherited = said.env[name];
      if (inherited === undefined)
        throw new ValueError(`${name} is not in the environment`, {
          hint: `Write ${name}=VALUE, or export ${name} first`,
        });
      base.set(store, { ...said, value: `${name}=${inherited}` });
    },
  };
}
