// What the lines of templates say: `tslxc-progress` and `tslxc-question` (templates/engine.sh), counters of package managers, output.

import type { CreateEvent, Progress } from './events.ts';

/** The events of one line: what it says, and how far that is. A line that says nothing else is no output. */
export function eventsOfLine(stream: 'stdout' | 'stderr', text: string): CreateEvent[] {
  const own = stream === 'stdout' ? ownProgress(text) : undefined;
  if (own !== undefined) return [{ kind: 'progress', ...own }];
  const question = /^tslxc-question (.*)$/.exec(text)?.[1];
  if (question !== undefined) return [{ kind: 'question', text: question }];
  const counted = countedProgress(text);
  const output = { kind: 'output', stream, text } as const;
  return counted === undefined ? [output] : [output, { kind: 'progress', ...counted, said: true }];
}

/** `tslxc-progress DONE TOTAL UNIT WHAT`; a total of 0 is none. */
function ownProgress(text: string): Progress | undefined {
  const [, done, total, unit, what] = /^tslxc-progress (\d{1,15}) (\d{1,15}) (\S+) (.*\S)$/.exec(text) ?? [];
  if (unit === undefined || what === undefined) return undefined;
  return { what, unit, done: Number(done), ...(Number(total) > 0 && { total: Number(total) }) };
}

const COUNTERS = [
  // dnf 4 downloading, apk, zypper, pacman: `(12/153): bash-4.2.rpm`, `( 3/25) Installing musl`
  /^\s*\(\s*(?<done>\d+)\/(?<total>\d+)\):? +(?<what>\S.*)$/,
  // dnf 5: `[ 12/153] Installing bash`
  /^\s*\[\s*(?<done>\d+)\/(?<total>\d+)\] +(?<what>\S.*)$/,
  // dnf 4 and yum installing: `  Installing : bash-4.2.x86_64    12/153`
  /^ +(?<what>(?:Installing|Upgrading|Updating) *: *\S+) +(?<done>\d+)\/(?<total>\d+)\s*$/,
];

function countedProgress(text: string): Progress | undefined {
  for (const counter of COUNTERS) {
    const { done, total, what } = counter.exec(text)?.groups ?? {};
    if (what === undefined || Number(done) > Number(total)) continue;
    return { what: shortened(what), unit: 'packages', done: Number(done), total: Number(total) };
  }
  return undefined;
}

/** The words of it, without the columns that follow. */
function shortened(what: string): string {
  const words = what.replace(/ +: +/, ' ');
  return words.split(/ {2,}|\t| \| /)[0] ?? words;
}
