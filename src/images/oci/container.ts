// What a container of an image is configured to: lines of its config, from values that nobody has vouched for.

import { joinCommand } from '../../base/command-line.ts';
import { hasControlCharacters } from '../../base/container-names.ts';
import { TslxcError } from '../../base/errors.ts';
import { parseSignal, signalName } from '../../base/signals.ts';
import { writeLine } from '../../config/syntax.ts';
import type { ImageConfig } from './image.ts';
import { lxcArch } from './platform.ts';
import type { User } from './users.ts';

/** What the container runs as its first process. */
export type Start =
  /** The image's own command. */
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** A real init of the image. */
  | { readonly kind: 'init'; readonly path: string };

/** docker's, for images that set none. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEFAULT_SIGNAL = 'SIGTERM';

/** The lines. Throws IMAGE_INVALID for a value that could be more than a value. */
export function containerLines(config: ImageConfig, start: Start, user: User): string[] {
  const arch = lxcArch(config);
  const lines: [string, string][] = arch === undefined ? [] : [['lxc.arch', arch]];
  if (start.kind === 'init')
    lines.push(...(start.path === '/sbin/init' ? [] : [['lxc.init.cmd', start.path] as [string, string]]));
  else lines.push(...commandLines(config, start.argv, user));
  for (const [key, value] of lines) check(key, value);
  return lines.map(([key, value]) => writeLine(key, value));
}

function commandLines(config: ImageConfig, argv: readonly string[], user: User): [string, string][] {
  const command = joinCommand(argv);
  return [
    ['lxc.init.cmd', command],
    ['lxc.execute.cmd', command],
    ['lxc.init.cwd', workingDirectory(config)],
    ['lxc.init.uid', String(user.uid)],
    ['lxc.init.gid', String(user.gid)],
    ...(user.groups.length === 0 ? [] : [['lxc.init.groups', user.groups.join(',')] as [string, string]]),
    ['lxc.signal.halt', stopSignal(config)],
    ...environment(config, user).map(setting => ['lxc.environment', setting] as [string, string]),
  ];
}

/** Directories that the image promises and its layers may lack. Throws IMAGE_INVALID. */
export function promisedDirectories(config: ImageConfig): string[] {
  const volumes = config.volumes.map(path => absolute('a volume', path));
  return [...volumes, workingDirectory(config)].filter(path => path !== '/');
}

function workingDirectory(config: ImageConfig): string {
  return config.workingDir === '' ? '/' : absolute('the working directory', config.workingDir);
}

function absolute(what: string, path: string): string {
  check(what, path);
  if (!path.startsWith('/') || path.split('/').includes('..'))
    throw new TslxcError(
      'IMAGE_INVALID',
      `${what} of the image, ${JSON.stringify(path)}, is no absolute path`,
    );
  return path;
}

/** With what docker adds: a PATH where there is none, and the user's home. */
function environment(config: ImageConfig, user: User): string[] {
  for (const setting of config.env)
    if (!/^[^=\s]+=/.test(setting))
      throw new TslxcError(
        'IMAGE_INVALID',
        `the environment of the image has ${JSON.stringify(setting)}, which is no NAME=VALUE`,
      );
  const names = new Set(config.env.map(setting => setting.split('=', 1)[0]));
  return [
    ...(names.has('PATH') ? [] : [`PATH=${DEFAULT_PATH}`]),
    ...(names.has('HOME') ? [] : [`HOME=${user.home}`]),
    ...config.env,
  ];
}

function stopSignal({ stopSignal: word }: ImageConfig): string {
  if (word === '') return DEFAULT_SIGNAL;
  const number = parseSignal(word) ?? parseSignal(`SIG${word}`);
  if (number === undefined)
    throw new TslxcError(
      'IMAGE_INVALID',
      `the image is stopped by ${JSON.stringify(word)}, which is no signal`,
    );
  return signalName(number);
}

/** A tab is in many a list of packages, and ends no line. */
function check(what: string, value: string): void {
  if (!hasControlCharacters(value.replaceAll('\t', ' '))) return;
  throw new TslxcError(
    'IMAGE_INVALID',
    `${what} of the image has a control character: ${JSON.stringify(value)}`,
  );
}
