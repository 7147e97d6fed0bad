// Reads one golden case: test/golden/<name>/{config,facts.json}. facts.json names a host of hosts/ and says what the guest and
// the caller are; what it leaves out is the usual.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFstab } from '../../src/config/fstab.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { ContainerConfig } from '../../src/config/model.ts';
import { hostFiles } from '../../src/config/source.ts';
import type { AttachInput, GuestFacts, HostFacts, LaunchInput, RunningFacts } from '../../src/facts/model.ts';
import { installation } from '../../src/host/installation.ts';
import { compileAttach } from '../../src/plan/attach.ts';
import { compileLaunch } from '../../src/plan/launch.ts';
import type { Plan } from '../../src/plan/model.ts';

interface CaseFacts {
  readonly host: string;
  readonly guest?: Partial<GuestFacts>;
  readonly input?: Partial<Omit<LaunchInput, 'seccomp'>>;
  /** Stands for a compiled filter: its bytes as text. */
  readonly seccomp?: string;
  /** An attach to the running container instead of a start. */
  readonly attach?: Partial<Omit<AttachInput, 'seccomp'>>;
  readonly running?: Partial<Omit<RunningFacts, 'starttime'>>;
}

const USUAL_GUEST: GuestFacts = {
  init: { kind: 'busybox' },
  idmappable: true,
  stored: 'unshifted',
  is32Bit: false,
};

const USUAL_INPUT: LaunchInput = {
  name: 'c1',
  lxcpath: '/var/lib/tslxc',
  configFile: '/var/lib/tslxc/c1/config',
  runDir: '/run/tslxc/c1-01234567',
  rootfsMount: '/run/tslxc/rootfs',
  suffix: '',
  share: [],
  bootId: '5f4d3c2b-1a09-4876-8543-210fedcba987',
  foreground: false,
};

const USUAL_RUNNING: RunningFacts = {
  pid: 4711,
  starttime: 1234567n,
  namespaces: ['mnt', 'pid', 'uts', 'ipc', 'net', 'user', 'cgroup'],
  payloads: [
    { version: 2, path: '/sys/fs/cgroup/unified/lxc.payload.c1' },
    { version: 1, path: '/sys/fs/cgroup/memory/lxc.payload.c1' },
  ],
  mapsRoot: true,
  capBounding: (1n << 63n) - 1n,
  noNewPrivs: false,
};

const USUAL_ATTACH: AttachInput = {
  id: '99',
  elevated: [],
  remount: false,
  env: { PATH: '/bin', LANG: 'C.UTF-8', HOME: '/root' },
  clearEnv: false,
  keepVars: [],
  setVars: [],
  cwd: '/srv/work',
  umask: 0o27,
  terminals: [true, true, true],
};

export function goldenDirectory(): string {
  return join(installation().root, 'test/golden');
}

/** Config lines are named `config:N`, shipped files by their place in the installation. */
export function loadCaseConfig(name: string): ContainerConfig {
  const real = (path: string) => {
    const within = path.slice('/case/'.length);
    return within.startsWith('etc/')
      ? join(installation().root, within)
      : join(goldenDirectory(), name, within);
  };
  return loadConfig({
    file: 'config',
    cwd: '/case',
    env: { TERM: 'xterm' },
    source: { read: path => hostFiles.read(real(path)), list: path => hostFiles.list(real(path)) },
  }).config;
}

/** The plan of a case; throws what compileLaunch throws. */
export function compileCase(name: string): Plan {
  const config = loadCaseConfig(name);
  const facts = JSON.parse(read(`${name}/facts.json`)) as CaseFacts;
  const host = JSON.parse(read(`hosts/${facts.host}.json`)) as HostFacts;
  const filter = facts.seccomp ? { seccomp: new TextEncoder().encode(facts.seccomp) } : {};
  if (facts.attach) {
    return compileAttach(
      config,
      host,
      { ...USUAL_RUNNING, ...facts.running },
      { ...USUAL_ATTACH, ...facts.attach, ...filter },
    );
  }
  const fstab =
    config.mount.fstab && parseFstab(read(`${name}/${config.mount.fstab.value}`), config.mount.fstab.value);
  const input: LaunchInput = {
    ...USUAL_INPUT,
    ...facts.input,
    ...filter,
    ...(fstab ? { fstab: fstab.entries } : {}),
  };
  return compileLaunch(config, host, { ...USUAL_GUEST, ...facts.guest }, input);
}

function read(path: string): string {
  return readFileSync(join(goldenDirectory(), path), 'utf8');
}
