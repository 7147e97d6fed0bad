// fstab lines: lxc.mount.entry and the file of lxc.mount.fstab.

import type { MountEntry, Setting } from './model.ts';
import type { ConfigProblem } from './problem.ts';
import { ValueError } from './problem.ts';

/** One fstab line; type defaults to `none`, options to `defaults`. Throws ValueError without a source and a target. */
export function parseMountEntry(line: string): MountEntry {
  const [source, target, type, options] = line
    .trim()
    .split(/[ \t]+/)
    .map(unescapeField);
  if (!source || !target)
    throw new ValueError('a mount needs a source and a target', {
      hint: 'Write SOURCE TARGET TYPE OPTIONS 0 0',
    });
  return {
    source,
    target,
    type: type ?? 'none',
    options: (options ?? 'defaults').split(',').filter(option => option !== ''),
    written: line,
  };
}

/** A mount as an fstab line: the written one, else made from the fields. */
export function writeMountEntry(entry: MountEntry): string {
  if (entry.written !== undefined) return entry.written;
  const fields = [entry.source, entry.target, entry.type, entry.options.join(',') || 'defaults'];
  return `${fields.map(escapeField).join(' ')} 0 0`;
}

/** The mounts of an fstab file, with all its problems; comments and blank lines are skipped. */
export function parseFstab(
  text: string,
  file: string,
): { entries: Setting<MountEntry>[]; problems: ConfigProblem[] } {
  const entries: Setting<MountEntry>[] = [];
  const problems: ConfigProblem[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const place = { file, line: index + 1 };
    try {
      entries.push({ value: parseMountEntry(line), origin: place });
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      const column = raw.length - raw.trimStart().length + 1;
      problems.push({
        ...place,
        column,
        message: error.message,
        ...(error.hint ? { hint: error.hint } : {}),
      });
    }
  }
  return { entries, problems };
}

function unescapeField(field: string): string {
  return field.replace(/\\(040|011|012|043|134)/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function escapeField(field: string): string {
  return field.replace(/[ \t\n#\\]/g, c => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
