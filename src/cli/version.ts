// What --version prints.

import { readFileSync } from 'node:fs';
import { installation } from '../host/installation.ts';

/** The LXC whose behaviour the lxc-* names keep; callers compare it with the version that they need. */
const LXC_VERSION = '5.0.2';

/** Called as lxc-* it is LXC's version; else our own, from package.json. */
export function versionOf(flavour: 'tslxc' | 'lxc'): string {
  if (flavour === 'lxc') return LXC_VERSION;
  const text = readFileSync(`${installation().root}/package.json`, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
