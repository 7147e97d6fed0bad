// The config that comes with an image is a stranger's. Of it we take a closed list of keys, whose values can do nothing to the
// host; a key that would run, mount or include something of the host is refused; anything else is left out, and said.

import { personality } from '../../base/arches.ts';
import { TslxcError } from '../../base/errors.ts';
import { parseSignal } from '../../base/signals.ts';

/** What is taken of an image's config. */
export interface ImageConfig {
  /** Lines in LXC's syntax. */
  readonly lines: readonly string[];
  /** The distribution whose shared config it includes: `alpine`. */
  readonly include?: string;
  /** Keys that were left out. */
  readonly left: readonly string[];
}

type Check = (value: string) => boolean;

/** The closed list. All of them say how the guest is to be treated inside its own container. */
const TAKEN: Readonly<Record<string, Check>> = {
  'lxc.arch': value => personality(value) !== undefined,
  'lxc.signal.halt': isSignal,
  'lxc.signal.reboot': isSignal,
  'lxc.signal.stop': isSignal,
  'lxc.init.cmd': value => /^\/[A-Za-z0-9._/+-]{1,200}$/.test(value) && !value.includes('..'),
  'lxc.tty.max': value => /^\d{1,2}$/.test(value),
};

/** These run programs of the host, show it to the container, or take other files in. */
const REFUSED =
  /^lxc\.(hook\b|mount\b|rootfs\b|include$|script\b|net(work)?\b.*script|seccomp\b|idmap$|id_map$|monitor\b|log\b|console\.(path|logfile)|start-host)/;

/** LXC_TEMPLATE_CONFIG is where LXC, or we, keep shared configs: DISTRIBUTION.common.conf and DISTRIBUTION.userns.conf. */
const INCLUDE = /^LXC_TEMPLATE_CONFIG\/(?:([a-z][a-z0-9-]{0,39})\.)?(?:common|userns|nesting)\.conf$/;

/** Throws IMAGE_CONFIG_REFUSED. `name` is the tarball's, for messages. */
export function readImageConfig(text: string, name: string): ImageConfig {
  const lines: string[] = [];
  const left = new Set<string>();
  let include: string | undefined;
  for (const line of text.split('\n').map(one => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [, key = '', value = ''] = /^([a-zA-Z0-9_.-]+)\s*=\s*(.*)$/.exec(line) ?? [];
    const shared = key === 'lxc.include' ? INCLUDE.exec(value) : null;
    if (shared) include ??= shared[1];
    else if (key === '') left.add('a line that is no key');
    else if (REFUSED.test(key)) throw refused(key, value, name);
    else if (Object.hasOwn(TAKEN, key) && TAKEN[key]?.(value)) lines.push(`${key} = ${value}`);
    else left.add(key);
  }
  return { lines, ...(include === undefined ? {} : { include }), left: [...left] };
}

function refused(key: string, value: string, name: string): TslxcError {
  const shown = value.replaceAll(/\p{C}/gu, '?').slice(0, 80);
  return new TslxcError(
    'IMAGE_CONFIG_REFUSED',
    `the config in ${name} has ${key} = ${shown}, which an image may not ask for`,
    {
      hint: 'make the container from the root file system alone with the template local (--fstree), and add the key yourself',
    },
  );
}

function isSignal(value: string): boolean {
  return /^[A-Z0-9+-]{1,16}$/.test(value) && parseSignal(value) !== undefined;
}

const MOST_MESSAGE_LINES = 20;
const MOST_LINE_CHARACTERS = 200;

/** What an image says to who created a container of it: lines without anything that steers a terminal. */
export function plainMessage(text: string): string[] {
  return text
    .split('\n')
    .map(line =>
      line.replaceAll('\t', ' ').replaceAll(/\p{C}/gu, '').trimEnd().slice(0, MOST_LINE_CHARACTERS),
    )
    .filter(line => line !== '')
    .slice(0, MOST_MESSAGE_LINES);
}
