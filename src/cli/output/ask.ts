// Asks questions on the terminal. What is asked, and why, is decided in src/images/questions.

import { confirm, input, password, select } from '@inquirer/prompts';
import { TslxcError } from '../../base/errors.ts';
import type { Choice, Question } from '../../images/questions/question.ts';
import type { Invocation } from '../command.ts';

/** The answer to one question, as it was typed or chosen. Throws INTERRUPTED on Ctrl-C. */
export function ask(invocation: Invocation, question: Question): Promise<string> {
  switch (question.kind) {
    case 'choice':
      return onTerminal(invocation, context =>
        select({ ...choiceOf(question, invocation.columns), pageSize: 12 }, context),
      );
    case 'text': {
      const { message, usual, emptyMeans, fault } = question;
      const shown = emptyMeans === undefined ? message : `${message} (empty: ${emptyMeans})`;
      const validate = (text: string) => fault(text.trim()) ?? true;
      return onTerminal(invocation, async context =>
        (await input({ message: `${shown}:`, ...(usual && { default: usual }), validate }, context)).trim(),
      );
    }
    case 'secret':
      return secret(invocation, question);
  }
}

/** Yes or no; yes is usual. Throws INTERRUPTED. */
export function askWhether(invocation: Invocation, message: string): Promise<boolean> {
  return onTerminal(invocation, context => confirm({ message }, context));
}

/** Typed until it is the same twice. */
async function secret(invocation: Invocation, question: Question & { kind: 'secret' }): Promise<string> {
  const { message, fault } = question;
  const validate = (text: string) => fault(text) ?? true;
  for (let again = ''; ; again = ', they were not the same') {
    const shown = `${message}${again}:`;
    const first = await onTerminal(invocation, context =>
      password({ message: shown, mask: '*', validate }, context),
    );
    const second = await onTerminal(invocation, context =>
      password({ message: 'Once more:', mask: '*' }, context),
    );
    if (first === second) return first;
  }
}

function choiceOf({ message, choices, usual }: Question & { kind: 'choice' }, columns: number) {
  const width = Math.max(...choices.map(({ label }) => label.length));
  return {
    message: `${message}:`,
    default: usual,
    loop: false,
    choices: choices.map(choice => ({
      value: choice.value,
      // Behind the cursor and its blank; a line that wraps moves the whole list.
      name: lineOf(choice, width).slice(0, columns - 3),
      short: choice.label,
      ...(choice.unavailable === undefined ? {} : { disabled: `(${choice.unavailable})` }),
    })),
  };
}

function lineOf({ label, note }: Choice, width: number): string {
  return note === undefined ? label : `${label.padEnd(width)}  ${note}`;
}

type Prompt<T> = (context: {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  signal: AbortSignal;
}) => Promise<T>;

/** The terminal is left as it was, whatever ends the question. */
async function onTerminal<T>(invocation: Invocation, prompt: Prompt<T>): Promise<T> {
  const { signal } = invocation;
  try {
    return await prompt({ ...invocation.terminal(), signal });
  } catch (error) {
    // Ctrl-C is a key here, not a signal; Ctrl-D ends the input.
    const name = error instanceof Error ? error.name : '';
    if (name === 'AbortPromptError' && signal.aborted) throw signal.reason;
    if (name !== 'ExitPromptError' && name !== 'AbortPromptError') throw error;
    throw new TslxcError('INTERRUPTED', 'interrupted; nothing was made', { cause: error, exitStatus: 130 });
  }
}
