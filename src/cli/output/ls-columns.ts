// The cells of `ls -f`, by column title (lxc-commands 3.15). An empty cell is shown as `-`.

import type { ListedContainer } from '../../runtime/list.ts';

export const LS_COLUMNS = {
  NAME: container => container.name,
  STATE: container => container.state,
  PID: container => container.initPid?.toString() ?? '',
  RAM: container => megabytes(container.statistics.memoryBytes),
  SWAP: container => megabytes(container.statistics.swapBytes),
  AUTOSTART: container => (container.autostart ? '1' : '0'),
  GROUPS: container => container.groups.join(', '),
  INTERFACE: container => container.interfaces.join(', '),
  IPV4: container => container.ipv4.join(', '),
  IPV6: container => container.ipv6.join(', '),
  UNPRIVILEGED: container => String(container.unprivileged),
} satisfies Record<string, (container: ListedContainer) => string>;

export type LsColumn = keyof typeof LS_COLUMNS;

/** LXC makes room for `0.00MB` even where no container runs. */
export function leastWidth(title: string): number {
  return title === 'RAM' || title === 'SWAP' ? '0.00MB'.length : 0;
}

function megabytes(bytes: bigint | undefined): string {
  return bytes === undefined ? '' : `${(Number(bytes) / 1024 ** 2).toFixed(2)}MB`;
}
