// Runs a program as root of a user namespace of its own, fed by another program that runs as the caller.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';

export interface NamespacedPipe {
  /** Lines of uid_map and gid_map, as the kernel takes them. */
  readonly uidMap: string;
  readonly gidMap: string;
  readonly source: { readonly argv: readonly [string, ...string[]]; readonly cwd: string };
  /** Its working directory need not be reachable for the mapped ids: it is entered before. */
  readonly target: { readonly argv: readonly [string, ...string[]]; readonly cwd: string };
  readonly signal?: AbortSignal;
}

export interface PipeResult {
  readonly ok: boolean;
  /** What the two said on stderr, or why one could not run. */
  readonly text: string;
}

/** The namespace exists, its maps are written by us, and only then the program begins, as uid 0 of it. */
const WAIT =
  'echo ready; read -r go && exec setpriv --reuid 0 --regid 0 --clear-groups --inh-caps -all -- "$@" >/dev/null';

/** Pipes the source's stdout into the target's stdin until both have ended. */
export async function pipeIntoUserNamespace(request: NamespacedPipe): Promise<PipeResult> {
  const inside = [
    '--pdeathsig',
    'KILL',
    '--',
    'unshare',
    '--user',
    '--keep-caps',
    '--',
    'sh',
    '-c',
    WAIT,
    'sh',
  ];
  const target = start('setpriv', [...inside, ...request.target.argv], request.target.cwd, request.signal);
  const texts = [collect(target)];
  if (!(await isReady(target.child))) return { ok: false, text: await textOf(texts) };
  writeFileSync(`/proc/${target.child.pid}/uid_map`, request.uidMap);
  writeFileSync(`/proc/${target.child.pid}/gid_map`, request.gidMap);
  target.child.stdin.write('go\n');

  const [program, ...args] = request.source.argv;
  const source = start(program, args, request.source.cwd, request.signal);
  texts.push(collect(source));
  source.child.stdin.end();
  // A target that ends early breaks the pipe; its own status and text say why.
  await pipeline(source.child.stdout, target.child.stdin).catch(() => {});
  const statuses = await Promise.all([source.ended, target.ended]);
  return { ok: statuses.every(status => status === 0), text: await textOf(texts) };
}

function start(program: string, args: readonly string[], cwd: string, signal: AbortSignal | undefined) {
  const options = { cwd, killSignal: 'SIGKILL', ...(signal === undefined ? {} : { signal }) } as const;
  const child = spawn(program, args, { ...options, stdio: 'pipe' });
  const ended = new Promise<number | undefined>(resolve => {
    child.once('error', () => resolve(undefined));
    child.once('close', code => resolve(code ?? undefined));
  });
  return { child, ended };
}

async function collect({ child, ended }: { child: ChildProcess; ended: Promise<unknown> }): Promise<string> {
  let text = '';
  child.once('error', error => {
    text += `${error.message}\n`;
  });
  child.stderr?.setEncoding('utf8').on('data', chunk => {
    text = (text + chunk).slice(-4096);
  });
  await ended;
  return text;
}

async function isReady(child: ChildProcess): Promise<boolean> {
  const [chunk] = await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data'),
    once(child, 'close').then(() => []),
  ]).catch(() => []);
  return String(chunk).startsWith('ready');
}

async function textOf(texts: readonly Promise<string>[]): Promise<string> {
  return (await Promise.all(texts)).join('').trim();
}
