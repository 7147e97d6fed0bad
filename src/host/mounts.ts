// Mounts of this process's own mount namespace, which is its caller's: read from the kernel's table, made by mount(8).

import { readFileSync } from 'node:fs';
import { runShort } from './short-program.ts';

export interface MountRecord {
  readonly point: string;
  /** overlay, ext4, … */
  readonly type: string;
  /** Of the file system itself: `rw`, `upperdir=PATH`. */
  readonly options: readonly string[];
}

/** Everything that is mounted, in mount order. */
export function mountTable(): MountRecord[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const words = line.split(' ');
      const [type = '', , options = ''] = words.slice(words.indexOf('-') + 1);
      return { point: unquoted(words[4] ?? ''), type, options: options.split(',').map(unquoted) };
    });
}

/** Spaces, newlines, backslashes and what else would be mistaken are octal there. */
function unquoted(field: string): string {
  const bytes = field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

export interface MountRequest {
  readonly type: string;
  readonly options: readonly string[];
  /** An absolute path without links. */
  readonly point: string;
}

/** Mounts a file system that nothing travels out of or into. Resolves with why not, or undefined. */
export async function mountPrivately({ type, options, point }: MountRequest): Promise<string | undefined> {
  const how = ['--internal-only', '--no-canonicalize', '--make-private'];
  return await failureOf('mount', [...how, '-t', type, '-o', options.join(','), '--', type, point]);
}

/** Unmounts what is on top there. Resolves with why not (`target is busy`), or undefined. */
export async function unmount(point: string): Promise<string | undefined> {
  return await failureOf('umount', ['--no-canonicalize', '--', point]);
}

async function failureOf(program: string, args: readonly string[]): Promise<string | undefined> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  const { status, stderr, startError } = await runShort(program, args, env);
  if (startError !== undefined) return `${program}: ${startError}`;
  if (status === 0) return undefined;
  // umount: /a/b: target is busy.
  const [first = ''] = stderr.split('\n');
  return first.slice(first.lastIndexOf(': ') + 2).replace(/\.$/, '') || `${program} exited ${status}`;
}
