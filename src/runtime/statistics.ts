// What a container has used, from the files of its control groups and of its links on the host.

import { readFileSync } from 'node:fs';
import { ancestorNamed, type CgroupMounts, cgroupOf, readCgroupFile } from '../host/cgroups.ts';
import type { Place } from './place.ts';

/** A counter that this host does not offer is absent. */
export interface Statistics {
  readonly cpuNs?: bigint;
  readonly blkioBytes?: bigint;
  readonly memoryBytes?: bigint;
  readonly kernelMemoryBytes?: bigint;
  readonly swapBytes?: bigint;
}

export interface LinkStatistics {
  /** The host's end. */
  readonly name: string;
  /** Seen from inside the container. */
  readonly txBytes: bigint;
  readonly rxBytes: bigint;
}

/** Counters of the whole payload whose init is `initPid`; v1 first where a controller is bound there. */
export function readStatistics(place: Place, initPid: number, mounts: CgroupMounts): Statistics {
  const payload = `lxc.payload.${place.name}${place.suffix}`;
  const group = (controller: string): string | undefined => {
    const own = cgroupOf(initPid, controller, mounts);
    return own === undefined ? undefined : ancestorNamed(own, payload);
  };
  return Object.fromEntries(
    Object.entries({ ...fromV2(group('v2')), ...fromV1(group) }).filter(([, value]) => value !== undefined),
  );
}

type Found = { -readonly [K in keyof Statistics]?: bigint | undefined };

function fromV1(group: (controller: string) => string | undefined): Found {
  const [cpu, memory, blkio] = [group('cpuacct'), group('memory'), group('blkio')];
  const found: Found = {};
  if (cpu !== undefined) found.cpuNs = whole(readCgroupFile(cpu, 'cpuacct.usage'));
  if (blkio !== undefined)
    found.blkioBytes = labelled(readCgroupFile(blkio, 'blkio.throttle.io_service_bytes'), 'Total');
  if (memory !== undefined) {
    found.memoryBytes = whole(readCgroupFile(memory, 'memory.usage_in_bytes'));
    found.kernelMemoryBytes = whole(readCgroupFile(memory, 'memory.kmem.usage_in_bytes'));
    const both = whole(readCgroupFile(memory, 'memory.memsw.usage_in_bytes'));
    if (both !== undefined && found.memoryBytes !== undefined)
      found.swapBytes = atLeastZero(both - found.memoryBytes);
  }
  return found;
}

function fromV2(directory: string | undefined): Found {
  if (directory === undefined) return {};
  const microseconds = labelled(readCgroupFile(directory, 'cpu.stat'), 'usage_usec');
  return {
    cpuNs: microseconds === undefined ? undefined : microseconds * 1000n,
    blkioBytes: ioBytes(readCgroupFile(directory, 'io.stat')),
    memoryBytes: whole(readCgroupFile(directory, 'memory.current')),
    kernelMemoryBytes: labelled(readCgroupFile(directory, 'memory.stat'), 'kernel'),
    swapBytes: whole(readCgroupFile(directory, 'memory.swap.current')),
  };
}

/** Counters of one link of the host, from the container's side: what it sent, the host's end received. */
export function linkStatistics(name: string): LinkStatistics | undefined {
  const read = (counter: string): bigint =>
    BigInt(readFileSync(`/sys/class/net/${name}/statistics/${counter}`, 'utf8').trim());
  try {
    return { name, txBytes: read('rx_bytes'), rxBytes: read('tx_bytes') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function whole(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : undefined;
}

function labelled(text: string | undefined, label: string): bigint | undefined {
  return whole(new RegExp(`^${label} (\\d+)$`, 'm').exec(text ?? '')?.[1]);
}

/** The sum of rbytes and wbytes over all devices. */
function ioBytes(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  return [...text.matchAll(/\b[rw]bytes=(\d+)/g)].reduce(
    (sum, match) => sum + BigInt(match[1] as string),
    0n,
  );
}

function atLeastZero(value: bigint): bigint {
  return value < 0n ? 0n : value;
}
