// From tslxc-create's command line to what is created.

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errnoText } from '../base/errno.ts';
import type { Settings } from '../config/settings.ts';
import { installation } from '../host/installation.ts';
import { type BaseConfig, readBaseConfig } from '../images/base-config.ts';
import { withWishes } from '../images/config-wishes.ts';
import type { CreateRequest } from '../images/create.ts';
import { findTemplate, type Template } from '../images/template.ts';
import type { Invocation, ParsedArguments } from './command.ts';
import { lxcpathFor } from './context.ts';
import { badArgument } from './values.ts';

/** All of a request but its name and who is told: the same for many containers. */
export type SharedRequest = Omit<CreateRequest, 'name' | 'onEvent'>;

/** Throws BAD_ARGUMENT for what can't be obeyed, TEMPLATE_UNKNOWN. */
export function requestOf(invocation: Invocation, args: ParsedArguments, settings: Settings): SharedRequest {
  checkCommandLine(args);
  const { template = 'none', bdev, dir } = args.values;
  return {
    lxcpath: lxcpathFor(invocation, args, settings),
    template,
    templateArguments: args.rest ?? [],
    base: withWishes(baseConfigOf(invocation, args, settings), args.values),
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
  };
}

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

function checkCommandLine({ values, positionals }: ParsedArguments): void {
  if (values['template'] === undefined) {
    throw badArgument(
      'A template must be specified',
      'Use "-t none" for a container without a rootfs; tslxc-templates lists templates',
    );
  }
  const block = BLOCK_OPTIONS.find(option => values[option] !== undefined);
  if (block !== undefined) {
    throw badArgument(`--${block} needs a backing store that is not supported`, 'use -B dir or -B overlay');
  }
  const { format } = values;
  if (format !== undefined && format !== 'json') {
    throw badArgument(`unknown format ${format}`, 'use --format json');
  }
  if (positionals.length > 0) throw badArgument(`unexpected argument ${positionals[0]}`);
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
    const { errno = 0 } = error as NodeJS.ErrnoException;
    throw badArgument(`--ssh-key ${file} can't be read: ${errnoText(Math.abs(errno))}`);
  }
}

/** The config that a container begins with. */
export function baseConfigOf(invocation: Invocation, args: ParsedArguments, settings: Settings): BaseConfig {
  const given = args.values['config'];
  const base = readBaseConfig({
    ...(given === undefined ? {} : { given: resolve(invocation.cwd, given) }),
    standard: settings.defaultConfig,
    ...(invocation.flavour === 'tslxc' ? { packaged: join(installation().etc, 'default.conf') } : {}),
  });
  // LXC goes on with an empty config, and says so; callers count on its exit status.
  if (base.missing && !args.flags['quiet']) {
    const name = args.name === '' ? '' : `${args.name}: `;
    invocation.stderr.write(
      `${invocation.program}: ${name}${given} can't be read; the config begins empty\n`,
    );
  }
  return base;
}

/** The template that -t names. Throws TEMPLATE_UNKNOWN. */
export function lookUpTemplate(invocation: Invocation, word: string): Template {
  return findTemplate(word, { flavour: invocation.flavour, templates: installation().templates });
}

/** A foreign template on a terminal may ask something there in its own way. */
function outputOf(invocation: Invocation, args: ParsedArguments, template: string) {
  if (args.flags['quiet']) return 'ignore';
  const { stdin, stdout, stderr } = invocation.isTTY;
  const { format, count } = args.values;
  const mayAsk = stdin && stdout && stderr && format === undefined && count === undefined;
  return mayAsk && template !== 'none' && !lookUpTemplate(invocation, template).ours ? 'inherit' : 'lines';
}
