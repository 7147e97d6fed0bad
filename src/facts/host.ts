// What this host is: read from /proc and /sys, changed nowhere.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { machine, release } from 'node:os';
import { cgroupFacts } from './cgroups.ts';
import { linkFacts } from './links.ts';
import type { HostFacts } from './model.ts';

const DEVICES = ['full', 'null', 'random', 'tty', 'urandom', 'zero'];

const PROC_FILES = [
  'sys/net',
  'sysrq-trigger',
  'kcore',
  'keys',
  'latency_stats',
  'sched_debug',
  'timer_list',
];

/** The labels of /proc/self/limits as the words of lxc.prlimit. */
const LIMITS: Readonly<Record<string, string>> = {
  'Max cpu time': 'cpu',
  'Max file size': 'fsize',
  'Max data size': 'data',
  'Max stack size': 'stack',
  'Max core file size': 'core',
  'Max resident set': 'rss',
  'Max processes': 'nproc',
  'Max open files': 'nofile',
  'Max locked memory': 'memlock',
  'Max address space': 'as',
  'Max file locks': 'locks',
  'Max pending signals': 'sigpending',
  'Max msgqueue size': 'msgqueue',
  'Max nice priority': 'nice',
  'Max realtime priority': 'rtprio',
  'Max realtime timeout': 'rttime',
};

/** Facts of the host, and of those of its interfaces that are named. */
export function collectHostFacts(links: readonly string[] = []): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    kernelRelease: release(),
    machine: machine(),
    uid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0),
    gid: Number(/^Gid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0),
    cgroup: cgroupFacts(),
    apparmor: read('/sys/module/apparmor/parameters/enabled').startsWith('Y'),
    selinux: existsSync('/sys/fs/selinux/enforce'),
    namespaces: readdirSync('/proc/self/ns')
      .filter(name => !name.endsWith('_for_children'))
      .toSorted(),
    lastCap: Number(read('/proc/sys/kernel/cap_last_cap') || 40),
    boundingSet: /^CapBnd:\s+([0-9a-f]+)/m.exec(status)?.[1] ?? '0',
    hardLimits: hardLimits(),
    ...callerOpenFiles(),
    links: linkFacts(links),
    deviceNodes: DEVICES.filter(isDevice),
    procFiles: PROC_FILES.filter(path => existsSync(`/proc/${path}`)),
    vsyscall: read('/proc/self/maps').includes('[vsyscall]'),
    ipv6: existsSync('/proc/sys/net/ipv6'),
  };
}

function hardLimits(): Readonly<Record<string, number>> {
  const lines = readFileSync('/proc/self/limits', 'utf8').split('\n').slice(1);
  const pairs = lines.flatMap(line => {
    const [, label = '', hard = ''] = /^(.+?)\s{2,}\S+\s+(\S+)/.exec(line) ?? [];
    const word = LIMITS[label];
    return word && hard !== 'unlimited' ? [[word, Number(hard)] as const] : [];
  });
  return Object.fromEntries(pairs);
}

/** Node raises its soft limit of open files at start; our parent still has the one that it passed on. */
function callerOpenFiles(): { callerOpenFiles?: number } {
  const soft = /^Max open files\s+(\d+)/m.exec(read(`/proc/${process.ppid}/limits`))?.[1];
  return soft === undefined ? {} : { callerOpenFiles: Number(soft) };
}

function isDevice(name: string): boolean {
  try {
    return statSync(`/dev/${name}`).isCharacterDevice();
  } catch {
    return false;
  }
}

/** The content of a file that need not be there, without the final newline. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
