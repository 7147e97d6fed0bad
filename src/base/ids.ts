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

/** The id in the namespace of an id of the host; undefined where no range holds it. */
export function nsIdOf(ranges: readonly IdRange[], hostId: number): number | undefined {
  const range = ranges.find(({ hostId: first, count }) => hostId >= first && hostId < first + count);
  return range && range.nsId + (hostId - range.hostId);
}

/** The content of /proc/PID/uid_map or gid_map: one line a range. */
export function idMapText(ranges: readonly IdRange[]): string {
  return ranges.map(({ nsId, hostId, count }) => `${nsId} ${hostId} ${count}\n`).join('');
}

/**
 * The ranges with `hostId` among them, and the id that it has there: where they leave it out it gets the first id that is free, as
 * LXC gives it to the caller of a template.
 */
export function withHostId(
  ranges: readonly IdRange[],
  hostId: number,
): { readonly ranges: readonly IdRange[]; readonly nsId: number } {
  const nsId = nsIdOf(ranges, hostId);
  if (nsId !== undefined) return { ranges, nsId };
  const holding = (id: number) => ranges.find(({ nsId, count }) => id >= nsId && id < nsId + count);
  let free = 0;
  for (let taken = holding(free); taken; taken = holding(free)) free = taken.nsId + taken.count;
  return { ranges: [...ranges, { nsId: free, hostId, count: 1 }], nsId: free };
}
