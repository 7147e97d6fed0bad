// What is remembered of the default bridge: for ever its addresses, until the next boot that it is up.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { makeDirectories } from '../host/directories.ts';
import { bootId, readProc } from '../host/procfs.ts';
import { networkNamespace } from './host-network.ts';

/** Files of one bridge. */
export interface BridgeFiles {
  readonly lock: string;
  readonly up: string;
  readonly pid: string;
  readonly addresses: string;
  readonly leases: string;
}

export function filesOf({ runDir, network }: Settings): BridgeFiles {
  const run = join(runDir, 'network');
  return {
    lock: join(run, `${network.bridge}.lock`),
    up: join(run, `${network.bridge}.up`),
    pid: join(run, `${network.bridge}.dnsmasq.pid`),
    addresses: join(network.leasesDir, `${network.bridge}.addresses`),
    leases: join(network.leasesDir, `${network.bridge}.leases`),
  };
}

/** Makes the directories that the files are in; others may pass through the run directory but not read this part. */
export function makeNetworkDirectories({ runDir, network }: Settings): void {
  makeDirectories(runDir, 0o711);
  makeDirectories(join(runDir, 'network'), 0o700);
  makeDirectories(network.leasesDir, 0o755);
}

/** ADDRESS/PREFIX words. */
export interface Addresses {
  readonly ipv4: string;
  readonly ipv6?: string;
}

/** Set-up was finished in this boot and network namespace. */
export interface UpRecord extends Addresses {
  readonly table: string;
  readonly dnsmasq: { readonly pid: number; readonly starttime: string };
}

/** undefined when there is none, or when it tells of another boot or network namespace. */
export function readUp(files: BridgeFiles): UpRecord | undefined {
  const record = readJson<UpRecord & { readonly boot: string; readonly namespace: number }>(files.up);
  return record?.boot === bootId() && record.namespace === networkNamespace() ? record : undefined;
}

export function writeUp(files: BridgeFiles, record: UpRecord): void {
  writeJson(files.up, { boot: bootId(), namespace: networkNamespace(), ...record });
}

export function removeUp(files: BridgeFiles): void {
  for (const file of [files.up, files.pid]) rmSync(file, { force: true });
}

export const readAddresses = (files: BridgeFiles): Addresses | undefined =>
  readJson<Addresses>(files.addresses);
export const writeAddresses = (files: BridgeFiles, addresses: Addresses): void =>
  writeJson(files.addresses, addresses);

function readJson<T>(file: string): T | undefined {
  const text = readProc(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined; // cut short by a power failure before fsync was heard of: as if it were not there
  }
}

function writeJson(file: string, value: unknown): void {
  const draft = `${file}.new`; // one writer: the holder of the lock
  const fd = openSync(draft, 'w', 0o600);
  try {
    writeFileSync(fd, `${JSON.stringify(value)}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
}
