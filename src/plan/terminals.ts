// Console and ttys: ptys of the container's own devpts, their masters with the monitor.

import { hostIdOf } from '../base/ids.ts';
import { notCarriedOut } from './refusal.ts';
import type { Slot } from './slot.ts';
import { rule, type Start } from './start.ts';

const TTY_GROUP = 5;
const DEVPTS = 'dev/pts';

export interface Terminals {
  /** What init has for its standard descriptors; absent: lxc.console.path = none. */
  readonly console?: Slot;
  /** As the container names them, in order: for `container_ttys`. */
  readonly ttyNames: readonly string[];
  /** What the child sends and the executor serves, in order. */
  readonly masters: readonly {
    readonly kind: 'console' | 'tty';
    readonly number: number;
    readonly master: Slot;
  }[];
}

/** The names the ttys will have: a fresh devpts numbers from 0, and they come first. */
export function ttyNames(start: Start): readonly string[] {
  return Array.from({ length: start.config.tty.max.value }, (_, number) => `pts/${number}`);
}

/** Mounts the private devpts and makes every pty in it; their masters are sent to the executor. */
export function makeTerminals(start: Start, root: Slot): Terminals {
  const { tty } = start.config;
  const hasConsole = wantsConsole(start);
  if (tty.max.value === 0 && !hasConsole && start.config.ptyMax.value === 0)
    return { ttyNames: [], masters: [] };
  mountDevpts(start, root, tty.max.value + Number(hasConsole));
  const directory = tty.dir ? `dev/${tty.dir.value}` : 'dev';
  if (tty.dir)
    start.add('child', tty.dir.origin, 'make_directory', {
      root,
      path: directory,
      mode: 0o755,
      uid: 0,
      gid: 0,
    });
  const ttys = Array.from({ length: tty.max.value }, (_, index) =>
    makeTty(start, root, directory, index + 1),
  );
  const console = hasConsole ? makeConsole(start, root, directory) : undefined;
  const masters = [
    ...ttys.map((master, index) => ({ kind: 'tty' as const, number: index + 1, master })),
    ...(console ? [{ kind: 'console' as const, number: 0, master: console.master }] : []),
  ];
  for (const { master } of masters) start.add('child', tty.max.origin, 'fd_send', { descriptor: master });
  return { ttyNames: ttyNames(start), masters, ...(console ? { console: console.slave } : {}) };
}

/** The executor takes the masters over, in the order in which they were sent. */
export function serveTerminals(start: Start, { masters }: Terminals): void {
  const { console: settings, tty } = start.config;
  for (const { kind, number } of masters) {
    const master = start.plan.newSlot();
    start.add('parent', tty.max.origin, 'fd_receive', { descriptor: master });
    if (kind === 'tty') start.add('parent', tty.max.origin, 'serve_tty', { master, number });
    else {
      start.add(
        'parent',
        settings.logfile?.origin ?? rule("the monitor serves the container's console"),
        'serve_console',
        {
          master,
          ring_bytes: settings.bufferSize.value,
          log_bytes: settings.size.value,
          rotate: settings.rotate.value,
          log: settings.logfile?.value,
        },
      );
    }
  }
}

/** Init's own three descriptors. */
export function takeStdio(start: Start, terminals: Terminals): void {
  const origin = start.config.console.path?.origin ?? rule('init speaks on the console');
  start.add('child', origin, 'stdio', { descriptor: terminals.console, mask: 7, controlling: false });
}

function wantsConsole({ config }: Start): boolean {
  const { path } = config.console;
  if (!path) return true;
  if (path.value !== 'none')
    throw notCarriedOut(`lxc.console.path = ${path.value}`, path.origin, 'leave it out, or use none');
  return false;
}

function mountDevpts(start: Start, root: Slot, needed: number): void {
  const { ptyMax, tty } = start.config;
  const group =
    !start.idmaps || hostIdOf(start.idmaps.gids, TTY_GROUP) !== undefined ? [`gid=${TTY_GROUP}`] : [];
  const max = Math.max(ptyMax.value + tty.max.value, needed);
  start.add('child', ptyMax.origin, 'fs_mount', {
    root,
    attributes: ['nosuid', 'noexec'],
    make: 'directory',
    optional: false,
    type: 'devpts',
    options: ['source=devpts', ...group, 'mode=0620', 'ptmxmode=0666', `max=${max}`],
    path: DEVPTS,
  });
  if (ptyMax.value === 0) return;
  if (start.config.autodev.value) {
    start.add('child', ptyMax.origin, 'make_symlink', { root, path: 'dev/ptmx', target: 'pts/ptmx' });
    return;
  }
  const tree = start.plan.newSlot();
  start.add('child', ptyMax.origin, 'tree_open', {
    root,
    path: `${DEVPTS}/ptmx`,
    recursive: false,
    optional: false,
    tree,
  });
  start.add('child', ptyMax.origin, 'tree_attach', {
    tree,
    root,
    make: 'file',
    optional: true,
    path: 'dev/ptmx',
  });
}

function openPty(start: Start, root: Slot): { master: Slot; slave: Slot } {
  const [master, slave] = [start.plan.newSlot(), start.plan.newSlot()];
  start.add('child', start.config.tty.max.origin, 'pty_open', { root, devpts: DEVPTS, master, slave });
  return { master, slave };
}

/** With lxc.tty.dir the pty is bound there, and /dev/ttyN is a link to it. */
function makeTty(start: Start, root: Slot, directory: string, number: number): Slot {
  const { tty } = start.config;
  const { master, slave } = openPty(start, root);
  start.add('child', tty.max.origin, 'pty_attach', { slave, root, path: `${directory}/tty${number}` });
  if (tty.dir) {
    const target = `${tty.dir.value}/tty${number}`;
    start.add('child', tty.dir.origin, 'make_symlink', { root, path: `dev/tty${number}`, target });
  }
  return master;
}

function makeConsole(start: Start, root: Slot, directory: string): { master: Slot; slave: Slot } {
  const pty = openPty(start, root);
  const origin = rule('the console is a pty');
  if (directory !== 'dev')
    start.add('child', origin, 'pty_attach', { slave: pty.slave, root, path: `${directory}/console` });
  start.add('child', origin, 'pty_attach', { slave: pty.slave, root, path: 'dev/console' });
  return pty;
}
