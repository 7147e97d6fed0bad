// lxc-info's lines (lxc-commands 3.14).

import { formatSize } from '../../base/sizes.ts';
import type { ContainerInfo } from '../../runtime/info.ts';
import { field } from './table.ts';

/** Which parts were asked for: state, pid, ips, stats; `raw` for numbers as they are. */
export type InfoFlags = Readonly<Record<string, boolean>>;

/** `keyCount`: how many configuration keys are printed besides; with any, only what was asked for is shown. */
export function infoText(info: ContainerInfo, flags: InfoFlags, keyCount: number): string {
  const asked = ['state', 'pid', 'ips', 'stats'].filter(part => flags[part]);
  const isAll = asked.length === 0 && keyCount === 0;
  const shows = (part: string) => isAll || asked.includes(part);
  const isBare = flags['raw'] === true && asked.length === 1 && keyCount === 0 && asked[0] !== 'stats';
  const line = (label: string, value: string) => (isBare ? `${value}\n` : field(label, value));
  const raw = flags['raw'] === true;
  return [
    isAll ? field('Name:', info.name) : '',
    shows('state') ? line('State:', info.state) : '',
    shows('pid') && info.initPid !== undefined ? line('PID:', String(info.initPid)) : '',
    ...(shows('ips') ? [...info.ipv4, ...info.ipv6].map(address => line('IP:', address)) : []),
    shows('stats') ? statisticsText(info, raw) : '',
  ].join('');
}

function statisticsText({ statistics, links }: ContainerInfo, raw: boolean): string {
  const { cpuNs, blkioBytes, memoryBytes, kernelMemoryBytes } = statistics;
  const size = (label: string, bytes: bigint | undefined) =>
    bytes === undefined ? '' : field(label, raw ? String(bytes) : formatSize(bytes));
  const seconds =
    cpuNs === undefined
      ? ''
      : field('CPU use:', raw ? String(cpuNs) : `${(Number(cpuNs) / 1e9).toFixed(2)} seconds`);
  const traffic = links.map(
    ({ name, txBytes, rxBytes }) =>
      field('Link:', name) +
      size(' TX bytes:', txBytes) +
      size(' RX bytes:', rxBytes) +
      size(' Total bytes:', txBytes + rxBytes),
  );
  return [
    seconds,
    size('BlkIO use:', blkioBytes),
    size('Memory use:', memoryBytes),
    size('KMem use:', kernelMemoryBytes),
    ...traffic,
  ].join('');
}
