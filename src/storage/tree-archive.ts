// A tree as one tar file whose bytes depend on nothing but the tree: names in order, no access and change times. Its sha256 is what
// a base is named by, and what an exported base can be compared with.

import { TslxcError } from '../base/errors.ts';
import { inPrivateView } from './removal.ts';

/** tar's words for such a file of the directory it is run in, on stdout. */
const ARCHIVE_WORDS = [
  'tar',
  '--create',
  '--one-file-system',
  '--sort=name',
  '--format=posix',
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  '--numeric-owner',
  '--xattrs',
  '--xattrs-include=*',
  '--acls',
  '--file=-',
  '.',
] as const;

/** The status of tar comes on a line before the digest: a shell knows only that of the last program of a pipe. */
const DIGEST = '{ { "$@"; echo "$?" >&3; } | sha256sum; } 3>&1';

/** sha256 of the tree as a tar file, in hexadecimal. Throws TREE_UNREADABLE. */
export async function treeDigest(directory: string): Promise<string> {
  const result = await inPrivateView(directory, ['sh', '-c', DIGEST, 'sh', ...ARCHIVE_WORDS]);
  const match = /^0\n([0-9a-f]{64}) /.exec(result?.stdout ?? '');
  if (match?.[1] !== undefined) return match[1];
  throw new TslxcError(
    'TREE_UNREADABLE',
    `${directory} can't be read: ${result?.stderr.split('\n')[0] ?? 'it is gone'}`,
  );
}

const PACK = 'file=$1; packer=$2; shift 2; { { "$@"; echo "$?" >&3; } | $packer >"$file"; } 3>&1';

/** Writes the tree as a tar file that went through a packer into `file`, an absolute path. Throws EXPORT_FAILED. */
export async function packTree(directory: string, packer: readonly string[], file: string): Promise<void> {
  const argv = ['sh', '-c', PACK, 'sh', file, packer.join(' '), ...ARCHIVE_WORDS];
  const result = await inPrivateView(directory, argv);
  if (result?.exitCode === 0 && result.stdout === '0') return;
  const why = result?.startError ?? result?.stderr.split('\n')[0] ?? `${directory} is gone`;
  throw new TslxcError('EXPORT_FAILED', `${file} could not be written: ${why}`);
}
