// A few small files out of a tarball of metadata, whatever else is in it.

import { closeSync, constants, lstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { runFed } from '../../host/piped-program.ts';
import { archiveOf, TAR_OPTION } from './archive.ts';

const MOST_FILE_BYTES = 64 * 1024;
const MOST_SECONDS = 30;

export interface SmallFiles {
  /** For messages. */
  readonly name: string;
  readonly data: Uint8Array;
  readonly wanted: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** By name: the wanted files that are in it and are regular. Throws UNPACK_FAILED for a tarball that is broken or holds a huge one. */
export async function readSmallFiles(request: SmallFiles): Promise<Map<string, string>> {
  const archive = archiveOf(request.data);
  if (archive === undefined || archive === 'squashfs') throw failed(request, 'it is not a tarball');
  const directory = mkdtempSync(join(tmpdir(), 'tslxc-metadata-'));
  try {
    const members = request.wanted.flatMap(name => [name, `./${name}`]);
    const words = [
      '--extract',
      '--file=-',
      ...TAR_OPTION[archive],
      '--no-same-owner',
      '--no-recursion',
      '--',
      ...members,
    ];
    // Only a kernel's limit stops a file of a few bytes that unpacks to gigabytes.
    const limited = [`--fsize=${MOST_FILE_BYTES}`, '--', 'tar', ...words];
    const { PATH, HOME } = request.env;
    const end = await runFed('prlimit', limited, oneChunk(request.data), {
      cwd: directory,
      env: { PATH, HOME, LC_ALL: 'C' },
      signal: AbortSignal.timeout(MOST_SECONDS * 1000),
    });
    const complaint = end.stderr.split('\n').find(line => !ABSENT.some(pattern => pattern.test(line)));
    if (end.startError !== undefined) throw failed(request, `prlimit: ${end.startError}`);
    if (end.status === 128)
      throw failed(request, `a file in it is larger than ${MOST_FILE_BYTES} bytes, or it takes too long`);
    if (end.status !== 0 && complaint !== undefined)
      throw failed(request, complaint.replace(/^(tar|xz): */, '').replaceAll(/\p{Cc}/gu, '?'));
    return collect(directory, request.wanted);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What tar says for a wanted file that is not there. */
const ABSENT = [/: Not found in archive$/, /^tar: Exiting with failure status due to previous errors$/, /^$/];

async function* oneChunk(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

/** A link in it could lead to any file of the host. */
function collect(directory: string, wanted: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of wanted) {
    const path = join(directory, name);
    if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      found.set(name, readFileSync(fd, 'utf8'));
    } finally {
      closeSync(fd);
    }
  }
  return found;
}

function failed({ name }: SmallFiles, why: string): TslxcError {
  return new TslxcError('UNPACK_FAILED', `${name} can't be read: ${why}`);
}
