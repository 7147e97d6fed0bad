// Reads one golden case: test/golden/<name>/{config,facts.json}. facts.json names a host of hosts/ and says what the guest and
// the caller are; what it leaves out is the usual.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerConfig } from '../../src/config/model.ts';
import { parseFstab } from '../../src/config/fstab.ts';
import { loadConfig } from '../../src/config/load.ts';
import { hostFiles } from '../../src/config/source.ts';
import type { GuestFacts, HostFacts, LaunchInput } from '../../src/facts/model.ts';
import { installation } from '../../src/host/installation.ts';
import { compileLaunch } from '../../src/plan/launch.ts';
import type { Plan } from '../../src/plan/model.ts';

interface CaseFacts {
  readonly host: string;
  readonly guest?: Partial<GuestFacts>;
  readonly input?: Partial<Omit<LaunchInput, 'seccomp'>>;
  /** Stands for a compiled filter: its bytes as text. */
  readonly seccomp?: string;
}

const USUAL_GUEST: GuestFacts = { init: { kind: 'busybox' }, idmappable: true, stored: 'unshifted', is32Bit: false };

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

export function goldenDirectory(): string {
  return join(installation().root, 'test/golden');
}

/** Config lines are named `config:N`, shipped files by their place in the installation. */
export function loadCaseConfig(name: string): ContainerConfig {
  const real = (path: string) => {
    const within = path.slice('/case/'.length);
    return within.startsWith('etc/') ? join(installation().root, within) : join(goldenDirectory(), name, within);
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
  const fstab = config.mount.fstab && parseFstab(read(`${name}/${config.mount.fstab.value}`), config.mount.fstab.value);
  const input: LaunchInput = {
    ...USUAL_INPUT,
    ...facts.input,
    ...(facts.seccomp ? { seccomp: new TextEncoder().encode(facts.seccomp) } : {}),
    ...(fstab ? { fstab: fstab.entries } : {}),
  };
  return compileLaunch(config, host, { ...USUAL_GUEST, ...facts.guest }, input);
}

function read(path: string): string {
  return readFileSync(join(goldenDirectory(), path), 'utf8');
}
