// LXC's seccomp policy files, versions 1 and 2 (lxc-config-keys, section 8): text → typed rules.

import { ConfigError, type ConfigProblem } from './problem.ts';

export type SeccompAction =
  | { readonly kind: 'kill' | 'allow' | 'trap' | 'notify' }
  | { readonly kind: 'errno'; readonly errno: number };

export const SECCOMP_COMPARISONS = ['!=', '<', '<=', '==', '>=', '>', '&='] as const;
export type SeccompComparison = (typeof SECCOMP_COMPARISONS)[number];

/** Argument `index` of the call compared with `value`; with `&=`, its bits in `mask` must be `value`. */
export interface SeccompArgument {
  readonly index: number;
  readonly op: SeccompComparison;
  readonly value: bigint;
  readonly mask: bigint;
}

export interface SeccompRule {
  /** libseccomp's word, or every ABI of the machine. */
  readonly arch: string;
  /** A name, or in version 1 a number of the native ABI. */
  readonly syscall: string;
  readonly action: SeccompAction;
  readonly arguments: readonly SeccompArgument[];
  readonly line: number;
}

export interface SeccompProfile {
  readonly file: string;
  /** For calls that no rule names. */
  readonly defaultAction: SeccompAction;
  /** `reject_x32`: the x32 ABI of x86_64 does not exist. LXC skips the word as an unknown system call. */
  readonly rejectX32: boolean;
  readonly rules: readonly SeccompRule[];
}

export const ALL_ARCHES = 'all';
/** Rules for the machine's own ABI only. */
export const NATIVE_ARCH = 'native';

/** Words of `[arch]` sections → libseccomp's words. */
const SECTIONS: Readonly<Record<string, string>> = {
  all: ALL_ARCHES,
  x86: 'x86',
  x86_64: 'x86_64',
  x32: 'x32',
  arm: 'arm',
  arm64: 'aarch64',
  ppc: 'ppc',
  ppc64: 'ppc64',
  ppc64le: 'ppc64le',
  mips: 'mips',
  mips64: 'mips64',
  mips64n32: 'mips64n32',
  mipsel: 'mipsel',
  mipsel64: 'mipsel64',
  mipsel64n32: 'mipsel64n32',
  s390: 's390',
  s390x: 's390x',
  loongarch64: 'loongarch64',
  riscv64: 'riscv64',
};

const COMPARISON_WORDS: Readonly<Record<string, SeccompComparison>> = {
  SCMP_CMP_NE: '!=',
  SCMP_CMP_LT: '<',
  SCMP_CMP_LE: '<=',
  SCMP_CMP_EQ: '==',
  SCMP_CMP_GE: '>=',
  SCMP_CMP_GT: '>',
  SCMP_CMP_MASKED_EQ: '&=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '==': '==',
  '>=': '>=',
  '>': '>',
  '&=': '&=',
};

const EACCES = 13;
const MNT_FORCE = 1n;
const ALL_BITS = 0xffff_ffff_ffff_ffffn;

/** Reads a policy file's text. Throws ConfigError with every problem in it. */
export function parseSeccompProfile(text: string, file: string): SeccompProfile {
  const reader = new Reader(file);
  const lines = text
    .split('\n')
    .map((line, index) => ({ number: index + 1, text: line.replace(/#.*/, '').trim() }));
  const [versionLine, kindLine, ...rest] = lines;
  const version = reader.version(versionLine?.text ?? '');
  const head = reader.kind(kindLine?.text ?? '', version);
  const rules = version === 1 ? readNumbers(reader, rest) : readRules(reader, rest, head.ruleAction);
  reader.finish();
  return {
    file,
    defaultAction: head.defaultAction,
    rejectX32: rules.some(rule => rule.syscall === 'reject_x32'),
    rules: rules.filter(rule => rule.syscall !== 'reject_x32'),
  };
}

interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** Version 1: each line allows one system call of the native ABI by number. */
function readNumbers(reader: Reader, lines: readonly NumberedLine[]): SeccompRule[] {
  const rules: SeccompRule[] = [];
  for (const { number: line, text } of lines) {
    if (text === '') continue;
    if (/^\d+$/.test(text))
      rules.push({ arch: NATIVE_ARCH, syscall: text, action: { kind: 'allow' }, arguments: [], line });
    else
      reader.problem(
        line,
        `"${text}" is not the number of a system call`,
        'names need version 2 in the first line',
      );
  }
  return rules;
}

function readRules(reader: Reader, lines: readonly NumberedLine[], ruleAction: SeccompAction): SeccompRule[] {
  const rules: SeccompRule[] = [];
  let arch = ALL_ARCHES;
  for (const { number: line, text } of lines) {
    if (text === '') continue;
    if (text.startsWith('[')) {
      arch = reader.section(text, line) ?? arch;
      continue;
    }
    const rule = readRule(reader, text, line, arch, ruleAction);
    if (rule) rules.push(rule);
  }
  return rules;
}

/** `SYSCALL [ACTION] [[IDX,VALUE,OP[,MASK]] …]`. */
function readRule(
  reader: Reader,
  text: string,
  line: number,
  arch: string,
  ruleAction: SeccompAction,
): SeccompRule | undefined {
  const bracket = text.indexOf('[');
  const [syscall = '', ...words] = (bracket < 0 ? text : text.slice(0, bracket)).trim().split(/\s+/);
  if (syscall === 'reject_force_umount') {
    const forced: SeccompArgument = { index: 1, op: '&=', value: MNT_FORCE, mask: MNT_FORCE };
    return { arch, syscall: 'umount2', action: { kind: 'errno', errno: EACCES }, arguments: [forced], line };
  }
  if (!/^\w+$/.test(syscall)) return reader.problem(line, `"${syscall}" is not the name of a system call`);
  const action = words.length === 0 ? ruleAction : reader.action(words, line);
  const filters = bracket < 0 ? [] : reader.arguments(text.slice(bracket), line);
  return action && filters && { arch, syscall, action, arguments: filters, line };
}

/** The small parts of a line; gathers what is wrong. */
class Reader {
  readonly #file: string;
  readonly #problems: ConfigProblem[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  problem(line: number, message: string, hint?: string): undefined {
    this.#problems.push({
      file: this.#file,
      line,
      column: 1,
      message,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  finish(): void {
    const [first, ...others] = this.#problems;
    if (first) throw new ConfigError([first, ...others]);
  }

  version(text: string): 1 | 2 {
    if (text === '1') return 1;
    if (text !== '2')
      this.problem(1, `"${text}" is not the version of a seccomp policy`, 'write 2 in the first line');
    return 2;
  }

  kind(text: string, version: 1 | 2): { defaultAction: SeccompAction; ruleAction: SeccompAction } {
    const [word = '', ...action] = text.split(/\s+/);
    const allow = word === 'allowlist' || word === 'whitelist';
    if (!allow && (version === 1 || (word !== 'denylist' && word !== 'blacklist'))) {
      this.problem(
        2,
        `"${word}" is not a kind of seccomp policy`,
        version === 1 ? 'version 1 knows allowlist' : 'write allowlist or denylist',
      );
    }
    const byDefault: SeccompAction = { kind: allow ? 'kill' : 'allow' };
    const said = version === 2 && action.length > 0 ? this.action(action, 2) : undefined;
    return { defaultAction: said ?? byDefault, ruleAction: { kind: allow ? 'allow' : 'kill' } };
  }

  section(text: string, line: number): string | undefined {
    const word = /^\[\s*(\w+)\s*\]$/.exec(text)?.[1] ?? text;
    const lower = word.toLowerCase();
    const known = word === lower || word === word.toUpperCase() ? SECTIONS[lower] : undefined;
    return known ?? this.problem(line, `unknown architecture ${word}`);
  }

  action(words: readonly string[], line: number): SeccompAction | undefined {
    const [kind, number, ...more] = words;
    if (kind === 'errno') {
      const errno = Number(number);
      if (number !== undefined && more.length === 0 && /^\d+$/.test(number) && errno <= 4095)
        return { kind, errno };
      return this.problem(line, `errno wants one number from 0 to 4095, not "${words.slice(1).join(' ')}"`);
    }
    if ((kind === 'kill' || kind === 'allow' || kind === 'trap' || kind === 'notify') && number === undefined)
      return { kind };
    return this.problem(
      line,
      `unknown seccomp action "${words.join(' ')}"`,
      'the actions are kill, allow, trap, errno N and notify',
    );
  }

  arguments(text: string, line: number): SeccompArgument[] | undefined {
    const filters: SeccompArgument[] = [];
    // Between one filter and the next LXC allows blanks and commas.
    for (const part of text.split(']').map(piece => piece.trim().replace(/^,\s*/, ''))) {
      if (part === '') continue;
      const filter = part.startsWith('[') && text.endsWith(']') ? readArgument(part.slice(1)) : undefined;
      if (!filter)
        return this.problem(
          line,
          `"${part}]" is not an argument filter`,
          'write [index,value,op] or [index,value,op,mask]',
        );
      filters.push(filter);
    }
    return filters;
  }
}

function readArgument(text: string): SeccompArgument | undefined {
  const [index = '', value = '', word = '', mask, ...more] = text.split(',').map(field => field.trim());
  const op = COMPARISON_WORDS[word];
  const number = readNumber(value);
  const bits = mask === undefined ? ALL_BITS : readNumber(mask);
  if (!/^[0-5]$/.test(index) || !op || number === undefined || bits === undefined || more.length > 0)
    return undefined;
  return { index: Number(index), op, value: number, mask: bits };
}

function readNumber(text: string): bigint | undefined {
  if (/^0[0-7]+$/.test(text)) return BigInt(`0o${text.slice(1)}`);
  if (!/^-?(0[xX][0-9a-fA-F]+|\d+)$/.test(text)) return undefined;
  const size = BigInt(text.replace('-', ''));
  return size > ALL_BITS ? undefined : BigInt.asUintN(64, text.startsWith('-') ? -size : size);
}
