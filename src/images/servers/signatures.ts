// Signatures over the indexes of a server: made by a key of its keyring, and not older than the newest that was seen.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TslxcError } from '../../base/errors.ts';
import { runShort } from '../../host/short-program.ts';

export interface Signed {
  /** For messages. */
  readonly url: string;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyring: string;
}

/** When it was signed, in seconds since 1970. Throws IMAGE_SIGNATURE_WRONG, KEYRING_UNREADABLE. */
export async function checkSignature(signed: Signed): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'tslxc-signature-'));
  try {
    const [keyring, data, signature] = ['keyring', 'data', 'signature'].map(name =>
      join(directory, name),
    ) as [string, string, string];
    await placeKeyring(signed.keyring, keyring);
    writeFileSync(data, signed.data);
    writeFileSync(signature, signed.signature);
    const words = ['--homedir', directory, '--status-fd', '1', '--keyring', keyring, signature, data];
    const { stdout, startError } = await runShort('gpgv', words, environment(directory));
    if (startError !== undefined) throw lacking('gpgv', startError, 'gpgv');
    return signingTime(stdout, signed);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Every signature that the keyring knows must be good, and one must be known; gpgv's own status says no more than that. */
function signingTime(status: string, { url, keyring }: Signed): number {
  const words = new Set([...status.matchAll(/^\[GNUPG:\] ([A-Z_]+)/gm)].map(match => match[1]));
  const time = Number(/^\[GNUPG:\] VALIDSIG [0-9A-F]+ \S+ (\d+)/m.exec(status)?.[1] ?? Number.NaN);
  const isBad = ['BADSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG'].some(word => words.has(word));
  if (words.has('GOODSIG') && !isBad && Number.isSafeInteger(time)) return time;
  const key = /^\[GNUPG:\] ERRSIG (\S+)/m.exec(status)?.[1];
  const why = words.has('BADSIG')
    ? 'it is not the signature of this file'
    : words.has('EXPKEYSIG') || words.has('EXPSIG')
      ? 'the signature or its key has expired'
      : words.has('REVKEYSIG')
        ? 'its key is revoked'
        : words.has('NO_PUBKEY')
          ? `it is by the key ${key}, which is not in ${keyring}`
          : 'it is no signature';
  throw new TslxcError('IMAGE_SIGNATURE_WRONG', `the signature of ${url} is refused: ${why}`);
}

/** gpgv wants keys as bytes; people keep them armored. */
async function placeKeyring(from: string, to: string): Promise<void> {
  let keys: Buffer;
  try {
    keys = readFileSync(from);
  } catch (cause) {
    throw new TslxcError('KEYRING_UNREADABLE', `the keyring ${from} can't be read`, { cause });
  }
  if (!keys.subarray(0, 5).equals(Buffer.from('-----'))) return writeFileSync(to, keys);
  const words = ['--batch', '--no-options', '--yes', '--output', to, '--dearmor', from];
  const { status, startError } = await runShort('gpg', words, environment(join(to, '..')));
  if (startError !== undefined) throw lacking('gpg', startError, 'gnupg');
  if (status !== 0) throw new TslxcError('KEYRING_UNREADABLE', `${from} is not a keyring`);
}

function environment(home: string): Record<string, string> {
  return { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home, GNUPGHOME: home, LC_ALL: 'C' };
}

function lacking(program: string, code: string, debianPackage: string): TslxcError {
  return new TslxcError('PROGRAM_MISSING', `${program} can't be started: ${code}`, {
    hint: `signatures are checked by it; install the package ${debianPackage}`,
  });
}
