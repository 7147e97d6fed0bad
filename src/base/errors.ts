/** Where a setting or an op comes from: a config line, or the rule that made it. */
export type Origin =
  | { readonly file: string; readonly line: number; readonly column?: number; readonly key?: string }
  | { readonly rule: string };

/** The exit statuses that LXC's commands promise (lxc-commands 1.4). */
export const EXIT = { ok: 0, failed: 1, notRunning: 2 } as const;

export interface TslxcErrorOptions {
  /** What the user can do about it, in the imperative, without a final stop. */
  readonly hint?: string;
  readonly origin?: Origin;
  readonly cause?: unknown;
  /** Exit status of the command that fails with this; default 1. */
  readonly exitStatus?: number;
}

/**
 * Every failure that a user can meet. `message` is one line, cause first, with no final stop; `code` is stable and for programs,
 * in the form `NOT_RUNNING`, `CONFIG_INVALID`.
 */
export class TslxcError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly origin: Origin | undefined;
  readonly exitStatus: number;

  constructor(code: string, message: string, options: TslxcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TslxcError';
    this.code = code;
    this.hint = options.hint;
    this.origin = options.origin;
    this.exitStatus = options.exitStatus ?? EXIT.failed;
  }
}

/** `config:37`, or the rule's own words. */
export function describeOrigin(origin: Origin): string {
  if ('rule' in origin) return origin.rule;
  return origin.column === undefined
    ? `${origin.file}:${origin.line}`
    : `${origin.file}:${origin.line}:${origin.column}`;
}
