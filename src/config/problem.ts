// What can be wrong in a config: places and words, gathered, then told all at once.

import { TslxcError } from '../base/errors.ts';

export interface ConfigProblem {
  readonly file: string;
  readonly line: number;
  /** 1-based, in UTF-16 units of the line. */
  readonly column: number;
  /** Cause first, no final stop. */
  readonly message: string;
  readonly hint?: string;
}

/** `config:37:15: message`. */
export function describeProblem(problem: ConfigProblem): string {
  return visible(`${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
}

/** On one line, and harmless to a terminal: what is no text is shown by its code. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, c => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}

/** CONFIG_INVALID: the message is the first problem, `problems` holds all of them in the order of the text. */
export class ConfigError extends TslxcError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly [ConfigProblem, ...ConfigProblem[]]) {
    const first = problems[0];
    super('CONFIG_INVALID', describeProblem(first), {
      origin: { file: first.file, line: first.line, column: first.column },
      ...(first.hint === undefined ? {} : { hint: visible(first.hint) }),
    });
    this.problems = problems.map(problem => ({
      ...problem,
      message: visible(problem.message),
      ...(problem.hint === undefined ? {} : { hint: visible(problem.hint) }),
    }));
  }
}

/** Thrown by a key's parser and turned into a problem with its place by the loader. */
export class ValueError extends Error {
  readonly hint: string | undefined;
  /** Offset of the blame inside the value. */
  readonly offset: number;

  constructor(
    message: string,
    options: { readonly hint?: string | undefined; readonly offset?: number } = {},
  ) {
    super(message);
    this.name = 'ValueError';
    this.hint = options.hint;
    this.offset = options.offset ?? 0;
  }
}
