// A create on a terminal: one line that changes. It is drawn by a clock, not by events: what takes a moment shows nothing, and a
// step that says nothing shows that it goes on.

import { stripVTControlCharacters } from 'node:util';
import type { CreateEvent } from '../../images/events.ts';
import type { Invocation } from '../command.ts';
import { type CreateDisplay, passwordLine, tells } from './create-lines.ts';
import { duration, Pace } from './pace.ts';

/** Lines of a template that are shown again when it failed. */
const LAST_LINES = 12;
const DRAWN_EVERY_MS = 150;
/** From then on a silent step tells how long it takes. */
const LONG_MS = 3_000;
const BAR = 20;

/** Calls what it is given again and again, until what it gives back is called. */
export type Clock = (draw: () => void) => () => void;

const everyMoment: Clock = draw => {
  const timer = setInterval(draw, DRAWN_EVERY_MS);
  return () => clearInterval(timer);
};

/** The display for a terminal on stderr. */
export function changingLine(
  invocation: Invocation,
  log: (event: CreateEvent) => void,
  clock: Clock = everyMoment,
): CreateDisplay {
  const { program, stderr, columns } = invocation;
  const line = new ChangingLine(text => stderr.write(text), columns, clock);
  const tell = (name: string, event: CreateEvent) => {
    log(event);
    if (event.kind === 'notice') line.above(`${program}: ${name}: ${event.text}\n`);
    else if (event.kind === 'password') line.above(passwordLine(name, event));
    else if (event.kind === 'question') line.ask(withoutControls(event.text));
    else line.update(name, event);
  };
  return {
    event: tell,
    failed: error => {
      line.clear();
      const last = error.code === 'INTERRUPTED' ? [] : line.last;
      for (const text of last) if (!tells(error, text)) stderr.write(`  ${text}\n`);
      line.forget();
    },
    end: () => line.end(),
    created: () => line.forget(),
  };
}

class ChangingLine {
  readonly last: string[] = [];
  readonly #write: (text: string) => void;
  readonly #columns: number;
  readonly #stopClock: () => void;
  #name = '';
  #text = '';
  #pace: Pace | undefined;
  #isCounting = false;
  #isSaid = false;
  #changedAt = performance.now();
  #shown = '';
  #asks = false;

  constructor(write: (text: string) => void, columns: number, clock: Clock) {
    this.#write = write;
    this.#columns = columns;
    this.#stopClock = clock(() => this.#draw());
  }

  update(name: string, event: CreateEvent): void {
    this.#name = name;
    this.#asks = false;
    if (event.kind === 'progress') {
      this.#pace ??= new Pace();
      this.#pace.update(event, performance.now());
      this.#isCounting = true;
      this.#isSaid = event.said ?? false;
      return;
    }
    if (event.kind === 'step-begins') {
      this.#isCounting = false;
      this.#pace = undefined;
      this.#say(event.text);
    } else if (event.kind === 'output') {
      const text = plain(event.text);
      if (text === '') return;
      this.last.push(text);
      if (this.last.length > LAST_LINES) this.last.shift();
      // What is counted has come to its end, and something else goes on; lines that count themselves say so again.
      if (!this.#isSaid || this.#pace?.percent() === 100) this.#isCounting = false;
      this.#say(text);
    }
  }

  /** What was printed so far belongs to what is done. */
  forget(): void {
    this.last.length = 0;
  }

  /** A line that stays, above the one that changes. */
  above(text: string): void {
    this.clear();
    this.#write(text);
  }

  /** Text that is to be answered: nothing is drawn over what is typed, until more is told. */
  ask(text: string): void {
    this.above(`${text}\n`);
    this.#asks = true;
  }

  clear(): void {
    if (this.#shown !== '') this.#write('\r\x1b[K');
    this.#shown = '';
  }

  end(): void {
    this.#stopClock();
    this.clear();
  }

  #say(text: string): void {
    this.#text = text;
    this.#changedAt = performance.now();
  }

  #draw(): void {
    if (this.#asks) return;
    const text = this.#line().slice(0, this.#columns - 1);
    if (text === this.#shown) return;
    this.#write(`\r\x1b[K${text}`);
    this.#shown = text;
  }

  #line(): string {
    const percent = this.#pace?.percent();
    const text = this.#isCounting ? this.#pace?.text() : undefined;
    const prefix = this.#name === '' ? '' : `${this.#name}: `;
    if (text !== undefined)
      return `${prefix}${percent === undefined ? '' : `${bar(percent)} `}${plain(text)}`;
    const elapsed = performance.now() - this.#changedAt;
    return `${prefix}${this.#text}${elapsed < LONG_MS ? '' : ` (${duration(elapsed / 1000)})`}`;
  }
}

function bar(percent: number): string {
  const full = Math.round((percent * BAR) / 100);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}]`;
}

function plain(text: string): string {
  return withoutControls(text).trim();
}

/** A template's escape sequences could move the cursor anywhere. */
function withoutControls(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}+/gu, ' ');
}
