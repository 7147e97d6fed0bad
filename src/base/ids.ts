// Ranges of ids as a user namespace maps them.

/** `count` ids from `nsId` in the namespace are those from `hostId` outside. */
export interface IdRange {
  readonly nsId: number;
  readonly hostId: number;
  readonly count: number;
}

/** The host's id for an id of the namespace; undefined where no range holds it. */
export function hostIdOf(ranges: readonly IdRange[], nsId: number): number | undefined {
  const range = ranges.find(({ nsId: first, count }) => nsId >= first && nsId < first + count);
  return range && range.hostId + (nsId - range.nsId);
}

/** The content of /proc/PID/uid_map or gid_map: one line a range. */
export function idMapText(ranges: readonly IdRange[]): string {
  return ranges.map(({ nsId, hostId, count }) => `${nsId} ${hostId} ${count}\n`).join('');
}
