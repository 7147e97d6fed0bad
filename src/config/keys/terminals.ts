// Console, ttys, ptys, start, groups, monitor, log (lxc-config-keys 4.2, 4.3).

import { LOG_LEVELS } from '../../base/log-levels.ts';
import type { ContainerConfig } from '../model.ts';
import { ValueError } from '../problem.ts';
import { defined, type Store } from '../store.ts';
import {
  bool,
  int,
  path,
  ringSize,
  signal,
  text,
  uint,
  unknownWord,
  type ValueType,
  word,
} from '../values.ts';
import { defaulted, type KeyEntry, list, scalar, words } from './entry.ts';

const FACILITIES = ['daemon', ...Array.from({ length: 8 }, (_, n) => `local${n}`)];

const logLevelType: ValueType<number> = {
  parse(value) {
    const index = /^[0-8]$/.test(value)
      ? Number(value)
      : (LOG_LEVELS as readonly string[]).indexOf(value.toUpperCase());
    if (index < 0) throw unknownWord(value, LOG_LEVELS, 'log level');
    return index;
  },
  write: value => LOG_LEVELS[value] ?? String(value),
};
const deviceDirectory: ValueType<string> = {
  parse(value) {
    if (value.split('/').includes('..')) throw new ValueError('the directory must not hold ".."');
    return path.parse(value);
  },
  write: value => value,
};
const nonZero: ValueType<boolean> = { parse: value => uint().parse(value) !== 0, write: bool.write };

const consolePath = scalar('lxc.console.path', path, c => c.console.path);
const consoleLogfile = scalar('lxc.console.logfile', path, c => c.console.logfile);
const consoleSize = defaulted('lxc.console.size', ringSize, 0, c => c.console.size);
const consoleBuffer = defaulted('lxc.console.buffer.size', ringSize, 0, c => c.console.bufferSize);
const consoleRotate = defaulted('lxc.console.rotate', bool, false, c => c.console.rotate);
const ttyMax = defaulted('lxc.tty.max', uint(), 0, c => c.tty.max);
const ttyDir = scalar('lxc.tty.dir', deviceDirectory, c => c.tty.dir);
const ptyMax = defaulted('lxc.pty.max', uint(), 0, c => c.ptyMax);
const startAuto = defaulted('lxc.start.auto', bool, false, c => c.start.auto);
const startDelay = defaulted('lxc.start.delay', uint(), 0, c => c.start.delay);
const startOrder = defaulted('lxc.start.order', int, 0, c => c.start.order);
const groups = list('lxc.group', text, c => c.groups, { split: words });
const unshare = defaulted('lxc.monitor.unshare', nonZero, false, c => c.monitor.unshare);
const SIGKILL = 9;
const pdeath = defaulted(
  'lxc.monitor.signal.pdeath',
  signal({ zero: true }),
  SIGKILL,
  c => c.monitor.pdeathSignal,
  { empty: 0 },
);
const logLevel = scalar('lxc.log.level', logLevelType, c => c.log.level, { unset: 'NOTSET' });
const logFile = scalar('lxc.log.file', path, c => c.log.file);
const logSyslog = scalar('lxc.log.syslog', word(FACILITIES, 'syslog facility'), c => c.log.syslog);

export const terminalKeys: readonly KeyEntry[] = [
  consolePath,
  consoleLogfile,
  consoleSize,
  consoleBuffer,
  consoleRotate,
  ttyMax,
  ttyDir,
  ptyMax,
  startAuto,
  startDelay,
  startOrder,
  groups,
  unshare,
  pdeath,
  logLevel,
  logFile,
  logSyslog,
];

export function buildTerminals(
  store: Store,
): Pick<ContainerConfig, 'console' | 'tty' | 'ptyMax' | 'start' | 'groups' | 'monitor' | 'log'> {
  return {
    console: {
      ...defined({ path: consolePath.in(store), logfile: consoleLogfile.in(store) }),
      size: consoleSize.in(store),
      bufferSize: consoleBuffer.in(store),
      rotate: consoleRotate.in(store),
    },
    tty: { max: ttyMax.in(store), ...defined({ dir: ttyDir.in(store) }) },
    ptyMax: ptyMax.in(store),
    start: { auto: startAuto.in(store), delay: startDelay.in(store), order: startOrder.in(store) },
    groups: groups.in(store),
    monitor: { unshare: unshare.in(store), pdeathSignal: pdeath.in(store) },
    log: defined({ level: logLevel.in(store), file: logFile.in(store), syslog: logSyslog.in(store) }),
  };
}
