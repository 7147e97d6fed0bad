// A base as one file for another host: the very bytes that its id is the digest of, packed.

import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { TslxcError } from '../../base/errors.ts';
import { runProgram } from '../../host/program.ts';
import type { BaseSettings } from '../../storage/bases.ts';
import { packTree } from '../../storage/tree-archive.ts';
import { type Base, baseRootfs } from './base.ts';

/** By the end of the file's name. */
const PACKERS: Readonly<
  Record<string, { readonly pack: readonly string[]; readonly unpack: readonly string[] }>
> = {
  '.tar': { pack: ['cat'], unpack: ['cat'] },
  '.tar.gz': { pack: ['gzip'], unpack: ['gzip', '-dc'] },
  '.tar.xz': { pack: ['xz', '-T0'], unpack: ['xz', '-dc'] },
  '.tar.zst': { pack: ['zstd', '-q', '-T0'], unpack: ['zstd', '-qdc'] },
};

/**
 * Writes a base to `file` (.tar, .tar.gz, .tar.xz or .tar.zst by its name) and reads it again: what is there when this returns has
 * the base's digest. Throws BAD_ARGUMENT for another name, ALREADY_EXISTS, EXPORT_FAILED; a failed export leaves no file.
 */
export async function exportBase(settings: BaseSettings, base: Base, file: string): Promise<void> {
  const ending = Object.keys(PACKERS).find(one => file.endsWith(one) && file !== one);
  const packer = ending === undefined ? undefined : PACKERS[ending];
  if (packer === undefined) {
    throw new TslxcError('BAD_ARGUMENT', `${file}: a base is exported to ${Object.keys(PACKERS).join(', ')}`);
  }
  const draft = `${file}.part`;
  makeFile(file);
  try {
    makeFile(draft);
    await packTree(baseRootfs(settings, base.id), packer.pack, draft);
    const digest = await digestOf(draft, packer.unpack);
    if (digest !== base.tree) {
      throw new TslxcError('EXPORT_FAILED', `${file} holds ${digest}, not the base's ${base.tree}`, {
        hint: `the base has been changed on disk: remove it with tslxc-images prune ${base.id.slice(0, 12)}`,
      });
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    rmSync(file, { force: true });
    throw error;
  }
}

/** Takes the name; nobody's file is overwritten. */
function makeFile(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new TslxcError('ALREADY_EXISTS', `${file} is there already`);
    throw new TslxcError('EXPORT_FAILED', `${file} can't be made: ${code}`);
  }
}

const DIGEST = 'file=$1; shift; "$@" <"$file" | sha256sum';

async function digestOf(file: string, unpack: readonly string[]): Promise<string> {
  const { stdout } = await runProgram('sh', ['-c', DIGEST, 'sh', file, ...unpack]);
  return stdout.slice(0, 64);
}
