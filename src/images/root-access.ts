// How root may log in to a new container: a password and ssh keys, left beside the rootfs for the template's personalize to take.

import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasControlCharacters } from '../base/container-names.ts';
import { TslxcError } from '../base/errors.ts';
import type { CreateRequest } from './request.ts';
import type { Template } from './template.ts';

const PASSWORD_FILE = 'root-password';
const KEYS_FILE = 'root-ssh-keys';

/** Refuses what the template can't do, and values that are more than they should be. Throws BAD_ARGUMENT. */
export function checkRootAccess({ rootAccess }: CreateRequest, template: Template | undefined): void {
  if (rootAccess === undefined) return;
  if (!template?.twoPhases) {
    throw new TslxcError('BAD_ARGUMENT', 'this template does not set passwords and keys', {
      hint: 'leave --password, --ssh-key and --no-password out, and see its own options with -h',
    });
  }
  const { password, sshKeys } = rootAccess;
  if (typeof password === 'object' && (password.text === '' || hasControlCharacters(password.text))) {
    throw new TslxcError('BAD_ARGUMENT', 'the password is empty or has a control character');
  }
  if (sshKeys !== undefined && !/^[a-z@][^\n]* AAAA/m.test(sshKeys)) {
    throw new TslxcError('BAD_ARGUMENT', 'the file of --ssh-key has no public key', {
      hint: 'give a file like ~/.ssh/id_ed25519.pub',
    });
  }
}

/** Leaves what personalize takes: P/N/root-password, P/N/root-ssh-keys. */
export function leaveRootAccess(request: CreateRequest, container: string): void {
  const { password, sshKeys } = request.rootAccess ?? {};
  if (sshKeys !== undefined)
    writeSecret(join(container, KEYS_FILE), sshKeys.endsWith('\n') ? sshKeys : `${sshKeys}\n`);
  if (password === 'none' || (password === undefined && request.flavour === 'lxc')) return;
  writeSecret(join(container, PASSWORD_FILE), `${password?.text ?? makePassword()}\n`);
}

/** Takes away what nobody needs any more, and tells a password that was made up, once. */
export function tellRootAccess(request: CreateRequest, container: string): void {
  rmSync(join(container, KEYS_FILE), { force: true });
  const file = join(container, PASSWORD_FILE);
  if (request.rootAccess?.password !== undefined || !existsSync(file)) return;
  const text = readFileSync(file, 'utf8').trimEnd();
  request.onEvent({ kind: 'password', text, file: join(request.lxcpath, request.name, PASSWORD_FILE) });
}

function writeSecret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}

/** Letters and digits that cannot be taken for others. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP_LENGTH = 4;

/** 80 random bits, to be typed by people. */
function makePassword(): string {
  const group = () =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
