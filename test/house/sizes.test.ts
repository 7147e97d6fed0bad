import { test } from 'node:test';
import { sourcesBelow } from './sources.ts';

// A long file is a sign, not a crime: it is named aloud, and fails nothing. Tables are exempt.
const LIMITS = [
  { folder: 'src', endings: ['.ts'], lines: 250, functionLines: 40 },
  { folder: 'native', endings: ['.c', '.cc'], lines: 400, functionLines: 60 },
];
const TABLES = /^src\/(config\/keys|plan\/opcodes\.ts|base\/(signals|capabilities|arches)\.ts)|\.def$/;

test('long files and functions are named', t => {
  for (const { folder, endings, lines, functionLines } of LIMITS) {
    for (const { path, text } of sourcesBelow(folder, endings)) {
      if (TABLES.test(path)) continue;
      const length = text.split('\n').length - 1;
      if (length > lines) t.diagnostic(`${path}: ${length} lines (about ${lines})`);
      for (const [name, count] of functionsOf(text))
        if (count > functionLines)
          t.diagnostic(`${path}: ${name} has ${count} lines (about ${functionLines})`);
    }
  }
});

/** Functions that start and end in the first column, or methods one step in: name and lines. */
function functionsOf(text: string): [string, number][] {
  const found: [string, number][] = [];
  let open: { name: string; at: number; end: string } | undefined;
  text.split('\n').forEach((line, index) => {
    const start =
      /^( {2})?(?:export |async |static |private |#)*(?:function\*? (\w+)|(\w+)\(.*\{$|[\w*\s]*?(\w+)\(.*\)$)/.exec(
        line,
      );
    if (!open && start)
      open = { name: start[2] ?? start[3] ?? start[4] ?? '', at: index, end: `${start[1] ?? ''}}` };
    else if (open && line === open.end) {
      found.push([open.name, index - open.at + 1]);
      open = undefined;
    } else if (open && line === '') {
      // A prototype or a call that only looked like a start.
      if (index - open.at === 1) open = undefined;
    }
  });
  return found;
}
