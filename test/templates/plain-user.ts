// A plain user that exists in a private view of /etc alone, with its own ids for containers.

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../src/host/installation.ts';
import type { Harness } from '../system/harness.ts';

const UID = 61_234;

export interface PlainUser {
  readonly uid: number;
  readonly home: string;
  readonly lxcpath: string;
  /** Runs a command as this user, to its end. */
  run(argv: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }>;
  /** Runs one verb of ours. */
  verb(verb: string, args: readonly string[], flavour?: 'tslxc' | 'lxc'): ReturnType<PlainUser['run']>;
}

/** Why a plain user can't be had here, or false. */
export function noPlainUser(): string | false {
  const program = join(installation().root, 'dist/bin/tslxc-create');
  const reach = ['--reuid', String(UID), '--regid', String(UID), '--clear-groups', 'test', '-x', program];
  if (spawnSync('setpriv', reach).status !== 0) return `a plain user can't reach ${program}`;
  return spawnSync('newuidmap').error === undefined
    ? false
    : 'newuidmap is not installed: apt install uidmap';
}

/** A user with `count` ids, which begin at the harness's own. */
export function plainUser(h: Harness, count: number): PlainUser {
  const etc = join(h.directory, 'etc');
  const home = join(h.directory, 'home');
  mkdirSync(etc);
  mkdirSync(home, { mode: 0o700 });
  chownSync(home, UID, UID);
  const accounts = {
    passwd: `${readFileSync('/etc/passwd', 'utf8')}${h.id}:x:${UID}:${UID}::${home}:/bin/sh\n`,
    group: `${readFileSync('/etc/group', 'utf8')}${h.id}:x:${UID}:\n`,
    subuid: count === 0 ? '' : `${h.id}:${h.firstId}:${count}\n`,
    subgid: count === 0 ? '' : `${h.id}:${h.firstId}:${count}\n`,
  };
  for (const [file, text] of Object.entries(accounts)) writeFileSync(join(etc, file), text);
  const binds = Object.keys(accounts).map(file => `mount --bind ${etc}/${file} /etc/${file}`);
  const become = `exec setpriv --reuid ${UID} --regid ${UID} --clear-groups --inh-caps=-all -- "$@"`;
  const script = [...binds, become].join(' && ');
  const { PATH = '', LC_ALL = '' } = h.env;
  const run: PlainUser['run'] = argv =>
    new Promise(resolve => {
      const words = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...argv];
      const options = { env: { PATH, LC_ALL, HOME: home }, cwd: '/', timeout: 60_000 };
      execFile('unshare', words, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
        resolve({ status, stdout, stderr });
      });
    });
  return {
    uid: UID,
    home,
    lxcpath: join(home, '.local/share/tslxc'),
    run,
    verb: (verb, args, flavour = 'tslxc') =>
      run([
        join(installation().root, flavour === 'lxc' ? `dist/compat/lxc-${verb}` : `dist/bin/tslxc-${verb}`),
        ...args,
      ]),
  };
}

/** Everything beneath a directory, with its owner: `uid:gid path`. */
export function ownersBeneath(directory: string): string[] {
  return execFileSync('find', ['.', '-printf', '%U:%G %P\n'], { cwd: directory, encoding: 'utf8' })
    .split('\n')
    .filter(line => line !== '');
}
