// The log file that -o and -l ask for, in LXC's own line form.

import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import { LOG_LEVELS, type LogLevel } from '../base/log-levels.ts';

export interface LogTarget {
  /** Absent: nothing is written. */
  readonly file?: string;
  readonly level: LogLevel;
  readonly program: string;
  readonly name: string;
}

/** Appends lines to one file; the file exists from the moment the log is opened. */
export class Log {
  readonly #target: LogTarget;
  readonly #fd: number | undefined;

  private constructor(target: LogTarget, fd: number | undefined) {
    this.#target = target;
    this.#fd = fd;
  }

  /** Throws TslxcError when the file can't be opened. */
  static open(target: LogTarget): Log {
    if (target.file === undefined) return new Log(target, undefined);
    try {
      makeParents(dirname(target.file));
      return new Log(target, openSync(target.file, 'a', 0o640));
    } catch (cause) {
      throw new TslxcError('LOG_UNWRITABLE', `log file ${target.file} can't be opened`, { cause });
    }
  }

  write(level: LogLevel, category: string, message: string): void {
    if (this.#fd === undefined || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.#target.level)) return;
    const { program, name } = this.#target;
    const who = name === '' ? program : `${program} ${name}`;
    // LXC's `FILE:FUNC:LINE` says where in its source; ours says which part of tslxc, in the same three places.
    const text = message.replaceAll('\n', ' ');
    writeSync(
      this.#fd,
      `${who} ${timestamp(new Date())} ${level.padEnd(8)} ${category} - ${category}.ts:${category}:0 - ${text}\n`,
    );
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** As mkdir -p; Node's own recursive mkdir never returns beneath /proc. */
function makeParents(directory: string): void {
  if (existsSync(directory)) return;
  makeParents(dirname(directory));
  mkdirSync(directory);
}

/** YYYYMMDDhhmmss.mmm in UTC, as LXC writes it. */
function timestamp(now: Date): string {
  return now.toISOString().replace(/[-:TZ]/g, '');
}
