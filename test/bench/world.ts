// What all benches share: a throw-away tslxc, its library as shipped, and LXC beside it where that is installed.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../../src/host/installation.ts';
import type * as Library from '../../src/index.ts';
import { type Harness, harness } from '../system/harness.ts';
import { run } from './measure.ts';

export interface World {
  readonly tslxc: Harness;
  readonly library: typeof Library;
  /** For every call of the library. */
  readonly options: { readonly settingsFile: string };
  /** Undefined where LXC is not installed. */
  readonly lxc: Lxc | undefined;
  /** Says which measurement is under way; stdout stays the table's. */
  say(line: string): void;
  /** Path of a verb as installed. */
  verb(name: string): string;
  /** Removes everything; what tslxc itself left behind is an error. */
  cleanup(): Promise<void>;
}

export async function world(): Promise<World> {
  const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
  const tslxc = harness({ after: () => {}, diagnostic: say });
  const library = (await import(join(installation().root, 'dist/index.js'))) as typeof Library;
  await tslxc.ok('net', ['start']);
  const lxc = existsSync('/usr/bin/lxc-start') ? new Lxc(tslxc) : undefined;
  if (!lxc) say('LXC is not installed: nothing is compared with it');
  return {
    tslxc,
    library,
    options: { settingsFile: tslxc.settingsFile },
    lxc,
    say,
    verb: name => join(installation().root, `dist/bin/tslxc-${name}`),
    async cleanup() {
      lxc?.cleanup();
      await tslxc.cleanup();
    },
  };
}

/** LXC's own commands on an lxcpath of their own, with privileged containers on the same bridge: the least that they can do. */
export class Lxc {
  readonly #tslxc: Harness;
  readonly #defaults: string;
  /** Names of its own, so that what LXC leaves behind is not taken for ours. */
  readonly #id = `tslxctestlxc${randomBytes(3).toString('hex')}`;
  readonly #lxcpath: string;

  constructor(tslxc: Harness) {
    this.#tslxc = tslxc;
    this.#lxcpath = mkdtempSync(`/var/tmp/${this.#id}-`);
    chmodSync(this.#lxcpath, 0o711);
    this.#defaults = join(this.#lxcpath, 'default.conf');
    const net = ['type = veth', `link = ${tslxc.bridge}`, 'flags = up'].map(line => `lxc.net.0.${line}`);
    writeFileSync(this.#defaults, `${net.join('\n')}\n`);
  }

  name(suffix: string): string {
    return `${this.#id}-${suffix}`;
  }

  /** What the command lines of its monitors start with. */
  get monitorTitle(): string {
    return `[lxc monitor] ${this.#lxcpath} `;
  }

  get lxcpath(): string {
    return this.#lxcpath;
  }

  /** lxc-VERB -P LXCPATH, to its exit. */
  run(verb: string, ...args: readonly string[]): Promise<void> {
    return run(`/usr/bin/lxc-${verb}`, ['-P', this.#lxcpath, ...args], this.#tslxc.env);
  }

  create(
    name: string,
    template = 'busybox',
    words: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const args = ['-P', this.#lxcpath, '-n', name, '-f', this.#defaults, '-t', template, '--', ...words];
    return run('/usr/bin/lxc-create', args, { ...this.#tslxc.env, ...env });
  }

  destroy(name: string): Promise<void> {
    return this.run('destroy', '-n', name, '-f');
  }

  /** Another container on the same root filesystem. */
  alias(name: string, of: string): void {
    const config = readFileSync(join(this.#lxcpath, of, 'config'), 'utf8');
    mkdirSync(join(this.#lxcpath, name));
    writeFileSync(
      join(this.#lxcpath, name, 'config'),
      config.replace(/^lxc\.uts\.name.*$/m, `lxc.uts.name = ${name}`),
    );
  }

  /** Ends and removes what is left, also the monitors' control groups that LXC forgets. */
  cleanup(): void {
    const script = join(installation().root, 'scripts/residue.mjs');
    try {
      execFileSync(process.execPath, [script, '--name', this.#id, '--remove'], { stdio: 'ignore' });
    } catch {
      // Status 1 says that there was something.
    }
  }
}
