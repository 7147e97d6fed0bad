// Rewriting a config file as LXC does: what stands there stays byte for byte, comments too; a changed key's lines go, and the new
// one comes at the end. No value can add a line or hide in a terminal: control characters are refused.

import { TslxcError } from '../base/errors.ts';
import { findKey } from './keys/table.ts';
import { LegacyNames } from './legacy.ts';
import { type ConfigLine, parseLines, writeLine, writeValue } from './syntax.ts';

export type ConfigEdit =
  /** Its lines go, and one comes at the end; an empty value leaves `key =`, which also clears what an include said. */
  | { readonly set: string; readonly value: string }
  /** One more line at the end, for lists and lxc.include. */
  | { readonly append: string; readonly value: string }
  /** Its lines go; with `below` those of `key.…` too. */
  | { readonly remove: string; readonly below?: boolean };

/** The text after the edits, in order. Throws BAD_KEY for what is no key, CONTROL_CHARACTER for what no value may hold. */
export function editConfig(text: string, edits: readonly ConfigEdit[]): string {
  edits.forEach(checkEdit);
  return applyEdits(text, edits);
}

/** The same on the bytes of a file: what is no UTF-8 in it stays as it is. */
export function editConfigBytes(bytes: Uint8Array, edits: readonly ConfigEdit[]): Buffer {
  edits.forEach(checkEdit);
  const inBytes = edits.map(edit =>
    'value' in edit ? { ...edit, value: Buffer.from(edit.value).toString('latin1') } : edit,
  );
  return Buffer.from(applyEdits(Buffer.from(bytes).toString('latin1'), inBytes), 'latin1');
}

/**
 * The text with values replaced where they stand: `replace` gets each key and value and gives the new value, or undefined to keep
 * the line. Old keys are shown by their names of today. Throws CONTROL_CHARACTER.
 */
export function replaceValues(
  text: string,
  replace: (key: string, value: string) => string | undefined,
): string {
  const raws = keyedLines(text).map(({ line, key }) => {
    if (!line.setting || key === undefined) return line.raw;
    const value = replace(key, line.setting.value);
    if (value === undefined || value === line.setting.value) return line.raw;
    checkValue(key, value);
    return (/^[^=]*=[ \t]*/.exec(line.raw)?.[0] ?? '') + writeValue(value);
  });
  return raws.join('\n') + (text.endsWith('\n') ? '\n' : '');
}

function applyEdits(text: string, edits: readonly ConfigEdit[]): string {
  let lines = keyedLines(text).map(({ line, key }) => ({ raw: line.raw, key }));
  for (const edit of edits) {
    if ('remove' in edit) lines = lines.filter(({ key }) => !means(key, edit.remove, edit.below === true));
    else if ('set' in edit) lines = lines.filter(({ key }) => key !== edit.set);
    if ('value' in edit) {
      const key = 'set' in edit ? edit.set : edit.append;
      lines.push({ raw: writeLine(key, edit.value), key });
    }
  }
  return lines.map(({ raw }) => `${raw}\n`).join('');
}

function means(key: string | undefined, removed: string, below: boolean): boolean {
  return key === removed || (below && key?.startsWith(`${removed}.`) === true);
}

/** The lines with the names that their keys have today. */
function keyedLines(text: string): { line: ConfigLine; key: string | undefined }[] {
  const names = new LegacyNames();
  return parseLines(text, '').map(line => ({
    line,
    key: line.setting && names.today(line.setting.key, line.setting.value),
  }));
}

function checkEdit(edit: ConfigEdit): void {
  const key = 'set' in edit ? edit.set : 'append' in edit ? edit.append : edit.remove;
  if (!/^lxc\.[\w./:@+*-]+$/.test(key) || (key !== 'lxc.include' && !findKey(key)))
    throw new TslxcError('BAD_KEY', `unknown key ${JSON.stringify(key)}`);
  if ('value' in edit) checkValue(key, edit.value);
}

/** Control characters, line separators and halves of characters: none of them is text. */
const NO_TEXT = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

function checkValue(key: string, value: string): void {
  if (NO_TEXT.test(value))
    throw new TslxcError('CONTROL_CHARACTER', `the value of ${key} has a control character`);
}
