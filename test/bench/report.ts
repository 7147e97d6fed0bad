// The benches as a table for people and as JSON for programs.

import { cpus, loadavg, release } from 'node:os';
import type { Measured } from './measure.ts';

const COLUMNS = ['what', 'median', 'min', 'max', 'runs', 'bar', 'peer'] as const;

/** A table that is Markdown too. */
export function tableOf(all: readonly Measured[]): string {
  const rows = [COLUMNS, ...all.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return `${[line(COLUMNS), rule, ...rows.slice(1).map(line)].join('\n')}\n`;
}

function cells({ what, unit, median, min, max, runs, bar, peer }: Measured): string[] {
  const miss = bar !== undefined && median > bar ? ', missed' : '';
  return [
    what,
    `${short(median)} ${unit}`,
    short(min),
    short(max),
    String(runs),
    bar === undefined ? '' : `≤ ${bar} ${unit}${miss}`,
    peer === undefined ? '' : `${peer.what} ${short(peer.median)} (× ${short(peer.ratio)})`,
  ];
}

/** Three digits, as far as they are behind the point. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The values with what they were measured on; all times in milliseconds, sizes in KiB. */
export function jsonOf(all: readonly Measured[], on: ReturnType<typeof machine>): string {
  return `${JSON.stringify({ ...on, measured: all }, undefined, 2)}\n`;
}

/** What was measured on; `load` is the last minute's, when called before the benches that of others. */
export function machine() {
  const [load = 0] = loadavg();
  const [first] = cpus();
  return {
    kernel: release(),
    node: process.version,
    cpus: cpus().length,
    cpu: first?.model ?? 'unknown',
    load: Number(load.toFixed(1)),
  };
}
