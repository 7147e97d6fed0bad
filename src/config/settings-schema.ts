// tslxc.yaml: its settings, their types, and errors with their places. Loaded only when there is a file with something in it.

import { isIPv4, isIPv6 } from 'node:net';
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { closest } from '../base/spelling.ts';
import { ConfigError, type ConfigProblem } from './problem.ts';

export interface SettingsTree {
  readonly lxcpath?: string;
  readonly state_dir?: string;
  readonly run_dir?: string;
  readonly cache_dir?: string;
  readonly default_config?: string;
  readonly subuid_file?: string;
  readonly subgid_file?: string;
  readonly lxc_conf?: string;
  readonly network?: {
    readonly bridge?: string;
    readonly ipv4?: string;
    readonly ipv6?: string;
    readonly domain?: string;
    readonly table?: string;
    readonly leases_dir?: string;
  };
  readonly image_servers?: readonly { readonly url: string; readonly key?: string }[];
}

/** What is wrong with a text, or undefined. */
type Check = (value: string) => string | undefined;
type Schema = { readonly [name: string]: Check | Schema | ListSchema };
/** A list of mappings of one kind; each must have the first of its settings. */
type ListSchema = readonly [Schema];

const SCHEMA: Schema = {
  lxcpath: absolutePath,
  state_dir: absolutePath,
  run_dir: absolutePath,
  cache_dir: absolutePath,
  default_config: absolutePath,
  subuid_file: absolutePath,
  subgid_file: absolutePath,
  lxc_conf: absolutePath,
  network: {
    bridge: value =>
      /^[A-Za-z0-9_.-]{1,15}$/.test(value) && !/^\.+$/.test(value)
        ? undefined
        : 'not the name of an interface',
    ipv4: value => (value === 'auto' || isCidr(value, 4) ? undefined : 'neither auto nor ADDRESS/PREFIX'),
    ipv6: value =>
      value === 'auto' || value === 'none' || isCidr(value, 6)
        ? undefined
        : 'neither auto, none nor ADDRESS/PREFIX',
    domain: value =>
      /^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/.test(value) && value.length < 254
        ? undefined
        : 'not a DNS domain',
    table: value =>
      /^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(value) ? undefined : 'not the name of an nft table',
    leases_dir: absolutePath,
  },
  image_servers: [
    {
      url: value =>
        /^https?:\/\/[^\s\p{Cc}]+$/u.test(value) ? undefined : 'not an address with https:// or http://',
      key: absolutePath,
    },
  ],
};

/** Throws ConfigError with every problem. */
export function parseSettingsText(text: string, file: string): SettingsTree {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2' });
  const problems: ConfigProblem[] = [];
  const at = (offset: number): { file: string; line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  for (const error of document.errors)
    problems.push({ ...at(error.pos[0]), message: firstLine(error.message) });
  const tree = problems.length > 0 ? {} : readMap(document.contents, SCHEMA, '', { problems, at });
  const [first, ...more] = problems;
  if (first) throw new ConfigError([first, ...more]);
  return tree;
}

interface Reading {
  readonly problems: ConfigProblem[];
  at(offset: number): { file: string; line: number; column: number };
}

function readMap(node: Node | null, schema: Schema, path: string, reading: Reading): Record<string, unknown> {
  if (node === null || (isScalar(node) && node.value === null)) return {};
  if (!isMap(node)) {
    reading.problems.push({
      ...reading.at(start(node)),
      message: `${path || 'the file'} is not a mapping of settings`,
    });
    return {};
  }
  const tree: Record<string, unknown> = {};
  for (const pair of (node as YAMLMap<Node, Node | null>).items) readPair(pair, schema, path, reading, tree);
  return tree;
}

function readPair(
  pair: Pair<Node, Node | null>,
  schema: Schema,
  path: string,
  reading: Reading,
  tree: Record<string, unknown>,
): void {
  const name = isScalar(pair.key) ? String(pair.key.value) : '';
  const full = path === '' ? name : `${path}.${name}`;
  const expected = Object.hasOwn(schema, name) ? schema[name] : undefined;
  if (expected === undefined) {
    const near = closest(name, Object.keys(schema));
    const hint =
      near === undefined
        ? `The settings here are: ${Object.keys(schema).join(' ')}`
        : `Did you mean ${near}?`;
    reading.problems.push({
      ...reading.at(start(pair.key)),
      message: `unknown setting ${JSON.stringify(full)}`,
      hint,
    });
  } else if (isList(expected)) {
    tree[name] = readList(pair.value, expected[0], full, reading);
  } else if (typeof expected !== 'function') {
    tree[name] = readMap(pair.value, expected, full, reading);
  } else if (pair.value !== null && !(isScalar(pair.value) && pair.value.value === null)) {
    const wrong =
      isScalar(pair.value) && typeof pair.value.value === 'string'
        ? expected(pair.value.value)
        : 'not a text';
    if (wrong === undefined) tree[name] = (pair.value as { value?: unknown }).value;
    else reading.problems.push({ ...reading.at(start(pair.value)), message: `${full}: ${wrong}` });
  }
}

function isList(expected: Check | Schema | ListSchema): expected is ListSchema {
  return Array.isArray(expected);
}

function readList(node: Node | null, schema: Schema, path: string, reading: Reading): unknown[] {
  if (node === null || (isScalar(node) && node.value === null)) return [];
  if (!isSeq(node)) {
    reading.problems.push({ ...reading.at(start(node)), message: `${path} is not a list` });
    return [];
  }
  const needed = Object.keys(schema)[0] ?? '';
  return (node as YAMLSeq<Node>).items.map(item => {
    const before = reading.problems.length;
    const read = readMap(item, schema, path, reading);
    if (read[needed] === undefined && reading.problems.length === before)
      reading.problems.push({ ...reading.at(start(item)), message: `${path}: an entry without ${needed}` });
    return read;
  });
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

function firstLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}

function absolutePath(value: string): string | undefined {
  if (!value.startsWith('/')) return 'not an absolute path';
  if (/[\p{Cc}]/u.test(value)) return 'a control character in a path';
  if (value.length > 1 && value.endsWith('/')) return 'a path that ends with a slash';
  return value.split('/').includes('..') ? 'a path with ".."' : undefined;
}

function isCidr(value: string, family: 4 | 6): boolean {
  const [address = '', prefix = '', ...more] = value.split('/');
  const isAddress = family === 4 ? isIPv4(address) : isIPv6(address) && !address.includes('%');
  return (
    isAddress &&
    more.length === 0 &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) > 0 &&
    Number(prefix) <= (family === 4 ? 30 : 126)
  );
}
