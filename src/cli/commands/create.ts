import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, TslxcError } from '../../base/errors.ts';
import type { Settings } from '../../config/settings.ts';
import { installation } from '../../host/installation.ts';
import type { Log } from '../../host/log.ts';
import { readBaseConfig } from '../../images/base-config.ts';
import { withWishes } from '../../images/config-wishes.ts';
import { type CreateRequest, createContainer } from '../../images/create.ts';
import { findTemplate, type Template } from '../../images/template.ts';
import { templateHelp } from '../../images/template-help.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { lxcpathFor, settingsFor } from '../context.ts';
import { createDisplay } from '../output/create-display.ts';
import { badArgument } from '../values.ts';

export const command: Command = {
  name: 'create',
  summary: 'Create a container',
  synopsis: '--name=NAME --template=TEMPLATE [OPTION...] [-- template-options]',
  description:
    'Create a container: unprivileged, in a directory, from a template.\nOptions after -- are for the template; `-t TEMPLATE -h` lists them',
  nameFrom: 'option-or-positional',
  options: {
    config: {
      short: 'f',
      long: 'config',
      arg: 'CONFIG',
      summary: 'Initial configuration file',
      complete: 'file',
    },
    template: {
      short: 't',
      long: 'template',
      arg: 'TEMPLATE',
      summary: 'Template to use to setup container, by name or absolute path; none for a config alone',
      complete: 'template',
    },
    bdev: {
      short: 'B',
      long: 'bdev',
      arg: 'BDEV',
      summary:
        'Backing store type to use: overlay of a base (default where it can be) or dir (default elsewhere)',
      complete: ['dir', 'overlay', 'none', 'best'],
    },
    dir: { long: 'dir', arg: 'DIR', summary: 'Place rootfs directory under DIR', complete: 'directory' },
    privileged: { long: 'privileged', summary: "Without an id map: root in it is this host's root" },
    full: { long: 'full', summary: 'A whole private copy of the tree, that shares no base with others' },
    refresh: { long: 'refresh', summary: 'Ask the mirror whether it has something newer than the base' },
    'no-cache': { long: 'no-cache', summary: 'Make everything anew and keep no base' },
    password: {
      long: 'password',
      arg: 'WORD',
      summary: "Root's password (default: one is made up and told once)",
    },
    'no-password': { long: 'no-password', summary: 'Root can log in with no password' },
    'ssh-key': {
      long: 'ssh-key',
      arg: 'FILE',
      summary: 'Public keys that may log in as root over ssh',
      complete: 'file',
    },
    format: {
      long: 'format',
      arg: 'FORMAT',
      summary: 'Tell what happens for programs: json, one event a line',
      complete: ['json'],
    },
    memory: { long: 'memory', arg: 'SIZE', summary: 'Memory that it may use at most: 512M, 2G' },
    cpus: { long: 'cpus', arg: 'NUMBER', summary: 'CPUs that it may use at most: 2, 0.5' },
    network: {
      long: 'network',
      arg: 'BRIDGE',
      summary: "Bridge that it is plugged into, or none (default: the initial configuration's)",
    },
    lvname: { long: 'lvname', arg: 'LVNAME', summary: 'LVM logical volume (lvm is not supported)' },
    vgname: { long: 'vgname', arg: 'VG', summary: 'LVM volume group (lvm is not supported)' },
    thinpool: { long: 'thinpool', arg: 'TP', summary: 'LVM thin pool (lvm is not supported)' },
    rbdname: { long: 'rbdname', arg: 'RBDNAME', summary: 'Ceph block device (rbd is not supported)' },
    rbdpool: { long: 'rbdpool', arg: 'POOL', summary: 'Ceph pool (rbd is not supported)' },
    rbduser: { long: 'rbduser', arg: 'RBDUSER', summary: 'Ceph user (rbd is not supported)' },
    zfsroot: { long: 'zfsroot', arg: 'PATH', summary: 'ZFS dataset (zfs is not supported)' },
    fstype: { long: 'fstype', arg: 'TYPE', summary: 'Filesystem of a block device (none is supported)' },
    fssize: { long: 'fssize', arg: 'SIZE[U]', summary: 'Size of a block device (none is supported)' },
  },
  moreHelp,
  ask,
  run,
};

/** Options of LXC that only other backing stores obey. */
const BLOCK_OPTIONS = [
  'lvname',
  'vgname',
  'thinpool',
  'rbdname',
  'rbdpool',
  'rbduser',
  'zfsroot',
  'fstype',
  'fssize',
];

async function run(invocation: Invocation, args: ParsedArguments, log: Log): Promise<number> {
  if (asksTemplateForHelp(invocation, args)) {
    invocation.stdout.write(
      await templateHelp(lookUp(invocation, args.values['template'] ?? ''), invocation.env),
    );
    return EXIT.ok;
  }
  const settings = await settingsFor(invocation);
  checkCommandLine(invocation, args);
  const { templates, etc } = installation();
  const display = createDisplay(invocation, args, log);
  const template = args.values['template'] ?? 'none';
  const lxcpath = lxcpathFor(invocation, args, settings);
  const { bdev, dir } = args.values;
  try {
    await createContainer(
      { ...settings, templates, etc },
      {
        lxcpath,
        name: args.name,
        template,
        templateArguments: args.rest ?? [],
        base: withWishes(await baseConfig(invocation, args, settings), args.values),
        ...(bdev === undefined ? {} : { backingStore: bdev }),
        ...(dir === undefined ? {} : { directory: dir }),
        ...treeOptions(args),
        ...rootAccess(invocation, args),
        flavour: invocation.flavour,
        privileged: args.flags['privileged'] ?? false,
        env: invocation.env,
        cwd: invocation.cwd,
        output: outputOf(invocation, args, template),
        signal: invocation.signal,
        onEvent: display.event,
      },
    );
  } catch (error) {
    if (error instanceof TslxcError) display.failed(error);
    throw error;
  } finally {
    display.end();
  }
  display.created({ name: args.name, lxcpath, path: join(lxcpath, args.name) });
  return 0;
}

/** `-t TEMPLATE -- --help`, with or without a name: a template that prints its help has filled no tree. LXC makes a container of it. */
function asksTemplateForHelp({ flavour }: Invocation, { name, rest, values }: ParsedArguments): boolean {
  const { template = 'none' } = values;
  if (flavour === 'lxc' || template === 'none') return false;
  return [name, ...(rest ?? [])].some(word => word === '--help' || word === '-h');
}

/** Without a template, on a terminal: asks what to create. */
async function ask(invocation: Invocation, args: ParsedArguments): Promise<readonly string[] | undefined> {
  const { isTTY, flavour } = invocation;
  const { template, format } = args.values;
  const mayAsk = flavour === 'tslxc' && isTTY.stdin && isTTY.stderr && !args.flags['quiet'];
  if (!mayAsk || template !== undefined || format !== undefined) return undefined;
  const { askForCommand } = await import('../create-questions.ts');
  const base = await baseConfig(invocation, args, await settingsFor(invocation));
  return await askForCommand(invocation, args, base);
}

function checkCommandLine(invocation: Invocation, args: ParsedArguments): void {
  if (args.values['template'] === undefined) {
    throw badArgument(
      'A template must be specified',
      'Use "-t none" for a container without a rootfs; tslxc-templates lists templates',
    );
  }
  for (const option of BLOCK_OPTIONS) {
    if (args.values[option] !== undefined) {
      throw badArgument(
        `--${option} needs a backing store that is not supported`,
        'use -B dir or -B overlay',
      );
    }
  }
  if (args.values['format'] !== undefined && args.values['format'] !== 'json') {
    throw badArgument(`unknown format ${args.values['format']}`, 'use --format json');
  }
  if (args.positionals.length > 0) throw badArgument(`unexpected argument ${args.positionals[0]}`);
}

function treeOptions({ flags }: ParsedArguments): Pick<CreateRequest, 'full' | 'cache'> {
  if (flags['refresh'] && flags['no-cache'])
    throw badArgument('--refresh renews a base, --no-cache makes none');
  const cache = flags['no-cache'] ? 'none' : flags['refresh'] ? 'refresh' : 'use';
  return { full: flags['full'] ?? false, cache };
}

function rootAccess(
  invocation: Invocation,
  { values, flags }: ParsedArguments,
): Pick<CreateRequest, 'rootAccess'> {
  const { password, 'ssh-key': file } = values;
  if (password !== undefined && flags['no-password'])
    throw badArgument('--password and --no-password exclude each other');
  if (password === undefined && !flags['no-password'] && file === undefined) return {};
  return {
    rootAccess: {
      ...(flags['no-password'] ? { password: 'none' as const } : {}),
      ...(password === undefined ? {} : { password: { text: password } }),
      ...(file === undefined ? {} : { sshKeys: readKeys(resolve(invocation.cwd, file)) }),
    },
  };
}

function readKeys(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw badArgument(`--ssh-key ${file} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function baseConfig(invocation: Invocation, args: ParsedArguments, settings: Settings) {
  const given = args.values['config'];
  const base = readBaseConfig({
    ...(given === undefined ? {} : { given: resolve(invocation.cwd, given) }),
    standard: settings.defaultConfig,
    ...(invocation.flavour === 'tslxc' ? { packaged: join(installation().etc, 'default.conf') } : {}),
  });
  // LXC goes on with an empty config, and says so; callers count on its exit status.
  if (base.missing && !args.flags['quiet']) {
    invocation.stderr.write(
      `${invocation.program}: ${args.name}: ${given} can't be read; the config begins empty\n`,
    );
  }
  return base;
}

function lookUp(invocation: Invocation, word: string): Template {
  return findTemplate(word, { flavour: invocation.flavour, templates: installation().templates });
}

/** A foreign template on a terminal may ask something there; ours never do. */
function outputOf(invocation: Invocation, args: ParsedArguments, template: string) {
  if (args.flags['quiet']) return 'ignore';
  const { stdin, stdout, stderr } = invocation.isTTY;
  const mayAsk = stdin && stdout && stderr && args.values['format'] === undefined;
  return mayAsk && template !== 'none' && !lookUp(invocation, template).ours ? 'inherit' : 'lines';
}

/** `-t TEMPLATE -h`: after our own help, the template's. */
async function moreHelp(invocation: Invocation, values: Readonly<Record<string, string>>): Promise<void> {
  const word = values['template'];
  if (word === undefined || word === 'none') return;
  invocation.stderr.write(await templateHelp(lookUp(invocation, word), invocation.env));
}
