// Capabilities, limits, sysctl, proc, LSM and seccomp (lxc-config-keys 4.8, 4.9).

import { CAPABILITY_NAMES, capabilityNumber } from '../../base/capabilities.ts';
import type { ContainerConfig, Setting } from '../model.ts';
import { ValueError } from '../problem.ts';
import { type Cell, defined, type Store } from '../store.ts';
import { bool, path, quoted, text, unknownWord, type ValueType } from '../values.ts';
import { defaulted, eachOnALine, type KeyEntry, list, scalar, words } from './entry.ts';
import { mapFamily } from './families.ts';

const capCell: Cell<{ drop: Setting<string>[]; keep: Setting<string>[] | undefined }> = {
  initial: () => ({ drop: [], keep: undefined }),
};

function checkCapability(word: string, value: string): string {
  if (capabilityNumber(word) === undefined)
    throw unknownWord(word, CAPABILITY_NAMES, 'capability', value.indexOf(word));
  return word;
}

/** Empty clears both lists. */
const clearCapabilities: KeyEntry['clear'] = store => {
  Object.assign(store.state(capCell), { drop: [], keep: undefined });
};

const capDrop: KeyEntry = {
  key: 'lxc.cap.drop',
  set(store, { value, origin }) {
    const state = store.state(capCell);
    if (state.keep) throw new ValueError('lxc.cap.drop with lxc.cap.keep', { hint: 'Use one of the two' });
    state.drop.push(...words(value).map(name => ({ value: checkCapability(name, value), origin })));
  },
  clear: clearCapabilities,
  write: ({ cap }) => cap.drop.map(name => ['lxc.cap.drop', name.value] as const),
  read: ({ cap }) => eachOnALine(cap.drop.map(name => name.value)),
};

/** `none` forgets what came before; alone it keeps nothing. */
const capKeep: KeyEntry = {
  key: 'lxc.cap.keep',
  set(store, { value, origin }) {
    const state = store.state(capCell);
    if (state.drop.length > 0)
      throw new ValueError('lxc.cap.keep with lxc.cap.drop', { hint: 'Use one of the two' });
    for (const name of words(value)) {
      if (name === 'none') state.keep = [];
      else state.keep = [...(state.keep ?? []), { value: checkCapability(name, value), origin }];
    }
  },
  clear: clearCapabilities,
  write: ({ cap }) => {
    if (cap.keep === undefined) return [];
    return cap.keep.length === 0
      ? [['lxc.cap.keep', 'none']]
      : cap.keep.map(name => ['lxc.cap.keep', name.value] as const);
  },
  read: ({ cap }) => eachOnALine(cap.keep?.map(name => name.value) ?? []),
};

type Limit = { readonly soft?: bigint; readonly hard?: bigint };
const limit: ValueType<Limit> = {
  parse(value) {
    const [soft = '', hard, ...more] = value.split(':').map(part => part.trim());
    if (more.length > 0)
      throw new ValueError(`not a limit: ${quoted(value)}`, { hint: 'Write SOFT or SOFT:HARD' });
    const parsed = bound(soft);
    return defined({ soft: parsed, hard: hard === undefined || hard === '' ? parsed : bound(hard) });
  },
  write: ({ soft, hard }) => (soft === hard ? side(soft) : `${side(soft)}:${side(hard)}`),
};

const RLIM_INFINITY = 2n ** 64n - 1n;
function bound(value: string): bigint | undefined {
  if (value === 'unlimited') return undefined;
  if (!/^\d{1,20}$/.test(value) || BigInt(value) > RLIM_INFINITY)
    throw new ValueError(`neither a number nor unlimited: ${quoted(value)}`);
  return BigInt(value) === RLIM_INFINITY ? undefined : BigInt(value);
}
const side = (value: bigint | undefined): string => (value === undefined ? 'unlimited' : String(value));

function checkPath(name: string): void {
  if (
    !/^[A-Za-z0-9_./:@+*-]+$/.test(name) ||
    name.startsWith('/') ||
    name.split('/').some(part => part === '..' || part === '.' || part === '')
  )
    throw new ValueError(`not the name of a kernel setting: ${quoted(name)}`);
}
/** Dots part directories, as in sysctl(8); an empty part would be none. */
function checkSysctl(name: string): void {
  checkPath(name);
  if (name.split(/[./]/).includes('')) throw new ValueError(`an empty part in ${quoted(name)}`);
}
function checkResource(name: string): void {
  if (!/^[a-z]+$/.test(name)) throw new ValueError(`not the name of a resource: ${quoted(name)}`);
}

const noNewPrivs = defaulted('lxc.no_new_privs', bool, false, c => c.noNewPrivs);
const prlimit = mapFamily('lxc.prlimit', limit, checkResource, c => c.prlimit);
const sysctl = mapFamily('lxc.sysctl', text, checkSysctl, c => c.sysctl);
const proc = mapFamily('lxc.proc', text, checkPath, c => c.proc);

const proxy: ValueType<string> = {
  parse(value) {
    if (!/^unix:[/@]./.test(value))
      throw new ValueError(`not a unix socket: ${quoted(value)}`, { hint: 'Write unix:PATH or unix:@NAME' });
    return value;
  },
  write: value => value,
};
const profile = scalar('lxc.apparmor.profile', text, c => c.apparmor.profile);
const allowIncomplete = defaulted(
  'lxc.apparmor.allow_incomplete',
  bool,
  false,
  c => c.apparmor.allowIncomplete,
);
const allowNesting = defaulted('lxc.apparmor.allow_nesting', bool, false, c => c.apparmor.allowNesting);
const raw = list('lxc.apparmor.raw', text, c => c.apparmor.raw);
const context = scalar('lxc.selinux.context', text, c => c.selinux.context);
const contextKeyring = scalar('lxc.selinux.context.keyring', text, c => c.selinux.contextKeyring);
const seccomp = scalar('lxc.seccomp.profile', path, c => c.seccomp.profile);
const seccompNesting = defaulted('lxc.seccomp.allow_nesting', bool, false, c => c.seccomp.allowNesting);
const notifyProxy = scalar('lxc.seccomp.notify.proxy', proxy, c => c.seccomp.notifyProxy, {
  show: value => value.slice('unix:'.length),
});
const notifyCookie = scalar('lxc.seccomp.notify.cookie', text, c => c.seccomp.notifyCookie);

export const privilegeKeys: readonly KeyEntry[] = [
  capDrop,
  capKeep,
  noNewPrivs,
  prlimit,
  sysctl,
  proc,
  profile,
  allowIncomplete,
  allowNesting,
  raw,
  context,
  contextKeyring,
  seccomp,
  seccompNesting,
  notifyProxy,
  notifyCookie,
];

export function buildPrivileges(
  store: Store,
): Pick<
  ContainerConfig,
  'cap' | 'noNewPrivs' | 'prlimit' | 'sysctl' | 'proc' | 'apparmor' | 'selinux' | 'seccomp'
> {
  const { drop, keep } = store.state(capCell);
  return {
    cap: { drop, ...defined({ keep }) },
    noNewPrivs: noNewPrivs.in(store),
    prlimit: prlimit.in(store),
    sysctl: sysctl.in(store),
    proc: proc.in(store),
    apparmor: {
      ...defined({ profile: profile.in(store) }),
      allowIncomplete: allowIncomplete.in(store),
      allowNesting: allowNesting.in(store),
      raw: raw.in(store),
    },
    selinux: defined({ context: context.in(store), contextKeyring: contextKeyring.in(store) }),
    seccomp: {
      ...defined({
        profile: seccomp.in(store),
        notifyProxy: notifyProxy.in(store),
        notifyCookie: notifyCookie.in(store),
      }),
      allowNesting: seccompNesting.in(store),
    },
  };
}
