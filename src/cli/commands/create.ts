import { join } from 'node:path';
import { EXIT, TslxcError } from '../../base/errors.ts';
import { installation } from '../../host/installation.ts';
import type { Log } from '../../host/log.ts';
import { type CreateEvent, createContainer } from '../../images/create.ts';
import { templateHelp } from '../../images/template-help.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { settingsFor } from '../context.ts';
import { asksForMany, createBulk } from '../create-bulk.ts';
import { baseConfigOf, lookUpTemplate, requestOf } from '../create-request.ts';
import { createDisplay } from '../output/create-display.ts';

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
    count: { long: 'count', arg: 'NUMBER', summary: 'Create this many, named by --name-pattern' },
    'name-pattern': {
      long: 'name-pattern',
      arg: 'PATTERN',
      summary: 'Names with their number in it: web-%d, web-%03d',
    },
    first: { long: 'first', arg: 'NUMBER', summary: 'Number of the first one (default: 1)' },
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
  hasNoName: asksForMany,
  moreHelp,
  ask,
  run,
};

async function run(invocation: Invocation, args: ParsedArguments, log: Log): Promise<number> {
  if (asksTemplateForHelp(invocation, args)) {
    const template = lookUpTemplate(invocation, args.values['template'] ?? '');
    invocation.stdout.write(await templateHelp(template, invocation.env));
    return EXIT.ok;
  }
  const own = await settingsFor(invocation);
  const request = requestOf(invocation, args, own);
  const { templates, etc } = installation();
  const settings = { ...own, templates, etc };
  const display = createDisplay(invocation, args, { log, shared: request.output === 'inherit' });
  const { name } = args;
  try {
    if (asksForMany(args.values)) {
      return await createBulk(invocation, args, { settings, request, display, log });
    }
    const onEvent = (event: CreateEvent) => display.event(name, event);
    await createContainer(settings, { ...request, name, onEvent });
  } catch (error) {
    if (error instanceof TslxcError) display.failed(error, name);
    throw error;
  } finally {
    display.end();
  }
  display.created({ name, lxcpath: request.lxcpath, path: join(request.lxcpath, name) });
  return EXIT.ok;
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
  if (!mayAsk || template !== undefined || format !== undefined || asksForMany(args.values)) return undefined;
  const { askForCommand } = await import('../create-questions.ts');
  const base = baseConfigOf(invocation, args, await settingsFor(invocation));
  return await askForCommand(invocation, args, base);
}

/** `-t TEMPLATE -h`: after our own help, the template's. */
async function moreHelp(invocation: Invocation, values: Readonly<Record<string, string>>): Promise<void> {
  const word = values['template'];
  if (word === undefined || word === 'none') return;
  invocation.stderr.write(await templateHelp(lookUpTemplate(invocation, word), invocation.env));
}
