// Where things of a container are: pure functions of (settings, lxcpath, name).

import { createHash } from 'node:crypto';

/** First 8 hex digits of sha256(lxcpath NUL name): makes names unique that the kernel shares over all lxcpaths. */
export function hashOf(lxcpath: string, name: string): string {
  return createHash('sha256').update(`${lxcpath}\0${name}`).digest('hex').slice(0, 8);
}

export interface ContainerPaths {
  /** P/N. */
  readonly directory: string;
  readonly config: string;
  /** P/N/.tslxc: locks and marker, 0700. */
  readonly private: string;
  /** <run_dir>/<name>-<hash8>, 0700. */
  readonly run: string;
  /** Facts of this incarnation: `PID STARTTIME BOOTID MONITORPID MONITORSTARTTIME`. */
  readonly initRecord: string;
  readonly events: string;
  readonly teardown: string;
  readonly control: string;
}

/** All paths of the container; touches nothing. */
export function containerPaths(runDir: string, lxcpath: string, name: string): ContainerPaths {
  const directory = `${lxcpath}/${name}`;
  const run = `${runDir}/${name}-${hashOf(lxcpath, name)}`;
  return {
    directory,
    config: `${directory}/config`,
    private: `${directory}/.tslxc`,
    run,
    initRecord: `${run}/init`,
    events: `${run}/events`,
    teardown: `${run}/teardown`,
    control: `${run}/control`,
  };
}

/** Where LXC itself keeps containers: only there are control groups named as it names them. */
const LXC_LXCPATH = '/var/lib/lxc';

/**
 * What distinguishes control groups of one name in several lxcpaths: `-<hash8>`, and nothing in LXC's own lxcpath, where other programs
 * look for `lxc.payload.NAME` and the address that LXC and we both bind keeps the two apart.
 */
export function cgroupSuffix(lxcpath: string, name: string): string {
  return lxcpath === LXC_LXCPATH ? '' : `-${hashOf(lxcpath, name)}`;
}

/**
 * The abstract address (without its NUL) on which an LXC monitor of this container listens; we hold it while ours runs.
 * Longer ones than a socket address are `lxc/HASH/command`, HASH being the 64-bit FNV-1a of `P/N`.
 */
export function commandAddress(lxcpath: string, name: string): string {
  const address = `${lxcpath}/${name}/command`;
  return Buffer.byteLength(address) < MAX_ADDRESS_BYTES
    ? address
    : `lxc/${fnv64(`${lxcpath}/${name}`)}/command`;
}

/** sun_path without the leading NUL of an abstract address and LXC's final one. */
const MAX_ADDRESS_BYTES = 106;

function fnv64(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, '0');
}
