// A GnuPG key that lives as long as one test, and what it signs.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface ThrowAwayKey {
  /** The public key, in a file of its own. */
  readonly file: string;
  readonly fingerprint: string;
  /** GNUPGHOME of the secret key. */
  readonly home: string;
  /** Runs gpg with this key's directory. */
  gpg(...args: string[]): string;
  /** Writes `file.sig` (binary) or `file.asc` beside each file. */
  sign(files: readonly string[], kind?: 'sig' | 'asc'): void;
}

/** Makes a key; its directory goes with the test. */
export function throwAwayKey(t: Pick<TestContext, 'after'>, who = 'test <test@example.org>'): ThrowAwayKey {
  // Short: the agent's socket is in it.
  const home = mkdtempSync('/var/tmp/tslxctest-gpg-');
  const gpg = (...args: string[]) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--yes', '--quiet', '--passphrase', '', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  t.after(() => {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  });
  gpg('--pinentry-mode', 'loopback', '--quick-gen-key', who, 'rsa2048', 'cert,sign', 'never');
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--list-keys', '--with-colons'))?.[1] ?? '';
  const file = join(home, 'public.gpg');
  gpg('--output', file, '--export');
  return {
    file,
    fingerprint,
    home,
    gpg,
    sign: (files, kind = 'sig') => {
      const armor = kind === 'asc' ? ['--armor'] : [];
      for (const one of files) gpg(...armor, '--output', `${one}.${kind}`, '--detach-sign', one);
    },
  };
}
