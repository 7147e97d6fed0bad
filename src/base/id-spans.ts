// Arithmetic on spans of user and group ids, and the text of /etc/subuid and /etc/subgid. Pure.

/** `count` ids beginning with `first`. */
export interface IdSpan {
  readonly first: number;
  readonly count: number;
}

/** One line of a subuid or subgid file. */
export interface SubidLine extends IdSpan {
  /** A name or a decimal uid. */
  readonly owner: string;
}

/** Ids that one container gets: what POSIX programs expect to exist (nobody is 65534). */
export const RANGE_IDS = 65536;

/** Ids in root's own span: room for this many containers. */
export const ROOT_SPAN_IDS = RANGE_IDS * 4096;

/** Whether two spans share an id. */
export function spansOverlap(a: IdSpan, b: IdSpan): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

/** The lines of a subuid file that say something; others (comments, broken ones) are passed over as shadow does. */
export function parseSubids(text: string): SubidLine[] {
  const lines: SubidLine[] = [];
  for (const line of text.split('\n')) {
    const match = /^([^:#\s]+):(\d+):(\d+)\s*$/.exec(line);
    if (match?.[1] === undefined) continue;
    const span = { owner: match[1], first: Number(match[2]), count: Number(match[3]) };
    if (span.count > 0 && span.first + span.count <= 2 ** 32) lines.push(span);
  }
  return lines;
}

/** As whom root's lines may be written. */
export const ROOT_OWNERS: readonly string[] = ['root', '0'];

/** The spans of one owner, in file order. */
export function spansOf(lines: readonly SubidLine[], owners: readonly string[]): SubidLine[] {
  return lines.filter(({ owner }) => owners.includes(owner));
}

/**
 * First ids of the ranges that root (or another owner) may give: whole in one of its spans of both files, and in no other
 * owner's line. One base serves for uids and gids, so that a container's two maps are always the same.
 */
export function* rangeBases(
  uids: readonly SubidLine[],
  gids: readonly SubidLine[],
  owners = ROOT_OWNERS,
): Generator<number> {
  const gidSpans = spansOf(gids, owners);
  const foreign = [...uids, ...gids].filter(({ owner }) => !owners.includes(owner));
  for (const span of spansOf(uids, owners)) {
    for (let first = span.first; first + RANGE_IDS <= span.first + span.count; first += RANGE_IDS) {
      const range = { first, count: RANGE_IDS };
      const inGids = gidSpans.some(gid => gid.first <= first && first + RANGE_IDS <= gid.first + gid.count);
      if (first > 0 && inGids && !foreign.some(line => spansOverlap(line, range))) yield first;
    }
  }
}

/**
 * Where root's span may be: the first choice that meets nothing of `taken`. systemd-nspawn picks from 0x80000 to 0x6fffffff and
 * systemd keeps 0x7ffe0000 for foreign images, so the block between them is asked first; ids from 2^31 break old programs.
 */
export function freeRootSpan(taken: readonly IdSpan[]): IdSpan | undefined {
  const choices = [0x7ffe0000 - ROOT_SPAN_IDS];
  for (let first = 0x60000000; first >= 0x10000000; first -= ROOT_SPAN_IDS) choices.push(first);
  const first = choices.find(
    choice => !taken.some(span => spansOverlap(span, { first: choice, count: ROOT_SPAN_IDS })),
  );
  return first === undefined ? undefined : { first, count: ROOT_SPAN_IDS };
}
