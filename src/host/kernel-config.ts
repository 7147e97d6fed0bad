// The kernel's own configuration: found where lxc-checkconfig looks, read once.

import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface KernelConfig {
  readonly path: string;
  /** CONFIG_X is y or m. */
  isSet(option: string): boolean;
}

/** The files that are tried after `first`, of which the last that exists is taken (LXC's order). */
export function kernelConfigCandidates(release: string): string[] {
  return [`/lib/modules/${release}/build/.config`, `/boot/config-${release}`];
}

/** Reads a config, gzipped or not; undefined when there is no such file. */
export function readKernelConfig(path: string): KernelConfig | undefined {
  if (!existsSync(path)) return undefined;
  const bytes = readFileSync(path);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isGzip ? gunzipSync(bytes) : bytes).toString('utf8');
  const set = new Set([...text.matchAll(/^(CONFIG_\w+)=[ym]$/gm)].map(match => match[1]));
  return { path, isSet: option => set.has(option) };
}
