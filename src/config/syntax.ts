// Text to lines and back. A unit is one line, there is no continuation, and a line that does not begin with `lxc.` is foreign: it is
// kept when the file is rewritten and means nothing.

import type { ConfigProblem } from './problem.ts';

export interface ConfigLine {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** As it stands in the file, without its newline. */
  readonly raw: string;
  /** undefined: a comment, a blank, a foreign or a broken line. */
  readonly setting?: LineSetting;
  /** What is wrong with an `lxc.` line that has no setting. */
  readonly problem?: ConfigProblem;
}

export interface LineSetting {
  readonly key: string;
  /** Trimmed, one pair of quotes removed; empty clears the key. */
  readonly value: string;
  /** 1-based columns. */
  readonly keyColumn: number;
  readonly valueColumn: number;
}

/** Splits a config text; a line that begins with `lxc.` and cannot be read carries a problem instead of a setting. */
export function parseLines(text: string, file: string): ConfigLine[] {
  const raws = text.split('\n');
  if (raws.at(-1) === '') raws.pop();
  return raws.map((raw, index) => parseLine(raw, file, index + 1));
}

function parseLine(raw: string, file: string, line: number): ConfigLine {
  const place = { file, line };
  const column = blanksBefore(raw) + 1;
  if (!raw.startsWith('lxc.', column - 1)) return { ...place, raw };
  const equals = raw.indexOf('=');
  if (equals < 0) {
    const word = raw.slice(column - 1).split(/\s/, 1)[0] ?? '';
    return { ...place, raw, problem: { ...place, column, message: `no "=" after ${word}` } };
  }
  const nul = raw.indexOf('\0');
  if (nul >= 0)
    return { ...place, raw, problem: { ...place, column: nul + 1, message: 'a NUL byte in a config line' } };
  return { ...place, raw, setting: splitSetting(raw, column, equals) };
}

function splitSetting(raw: string, keyColumn: number, equals: number): LineSetting {
  const key = trimBlanks(raw.slice(keyColumn - 1, equals));
  const right = raw.slice(equals + 1);
  const trimmed = trimBlanks(right);
  const lead = blanksBefore(right);
  const value = unquote(trimmed);
  const valueColumn = equals + 2 + lead + (value.length < trimmed.length ? 1 : 0);
  return { key, value, keyColumn, valueColumn };
}

/** LXC's white space: not what JavaScript takes for it. Loops, because every line of every config passes here. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d && code !== 0x0b && code !== 0x0c);
}

function blanksBefore(text: string): number {
  let at = 0;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(Math.min(blanksBefore(text), end), end);
}

function unquote(value: string): string {
  const first = value[0];
  const quoted = value.length > 1 && (first === "'" || first === '"') && value.endsWith(first);
  return quoted ? value.slice(1, -1) : value;
}

/** The text of a value such that reading it gives the value again: quoted only where it must be. */
export function writeValue(value: string): string {
  const first = value[0];
  const bare = trimBlanks(value) === value;
  const looksQuoted = value.length > 1 && (first === "'" || first === '"') && value.endsWith(first);
  return bare && !looksQuoted ? value : `"${value}"`;
}

/** `key = value`, or `key =` for an empty value. */
export function writeLine(key: string, value: string): string {
  return value === '' ? `${key} =` : `${key} = ${writeValue(value)}`;
}
