// From a command line to the container it means.

import { resolve } from 'node:path';
import { loadSettings, type Settings } from '../config/settings.ts';
import { type Place, placeOf } from '../runtime/place.ts';
import type { Invocation, ParsedArguments } from './command.ts';

/** The settings of who calls. */
export function settingsFor(invocation: Invocation): Promise<Settings> {
  return loadSettings({ env: invocation.env, flavour: invocation.flavour, uid: invocation.uid });
}

/** Where containers are: -P, else the settings'. */
export function lxcpathFor(invocation: Invocation, args: ParsedArguments, settings: Settings): string {
  const given = args.values['lxcpath'];
  return given === undefined ? settings.lxcpath : resolve(invocation.cwd, given);
}

/** The container that -n (or the first word), -P and --rcfile name. Throws NAME_INVALID. */
export async function placeFor(invocation: Invocation, args: ParsedArguments): Promise<Place> {
  const settings = await settingsFor(invocation);
  const rcfile = args.values['rcfile'];
  return placeOf(settings, args.name, {
    lxcpath: lxcpathFor(invocation, args, settings),
    ...(rcfile === undefined ? {} : { rcfile: resolve(invocation.cwd, rcfile) }),
  });
}
