// tslxc-create without a template on a terminal: asks, shows what comes of it, and gives the command line that does the same.

import { TslxcError } from '../base/errors.ts';
import { installation } from '../host/installation.ts';
import type { BaseConfig } from '../images/base-config.ts';
import { withWishes } from '../images/config-wishes.ts';
import { gather, lookAtOffers } from '../images/questions/gather.ts';
import type { Known, Offer } from '../images/questions/known.ts';
import {
  type SameCommand,
  sameCommand,
  shellLine,
  templateWords,
  wishesOf,
} from '../images/questions/outcome.ts';
import type { Answers } from '../images/questions/question.ts';
import { mirrorQuestion, nextStep } from '../images/questions/steps.ts';
import { listTemplates } from '../images/template-list.ts';
import type { Invocation, ParsedArguments } from './command.ts';
import { lxcpathFor, settingsFor } from './context.ts';
import { ask, askWhether } from './output/ask.ts';

/**
 * The whole command line that the answers make, what stood on it already included. Throws INTERRUPTED, and DECLINED when the user
 * says no in the end; nothing has been made then.
 */
export async function askForCommand(
  invocation: Invocation,
  args: ParsedArguments,
  base: BaseConfig,
): Promise<readonly string[]> {
  const settings = await settingsFor(invocation);
  const known = await gather({
    templates: listTemplates({ flavour: invocation.flavour, templates: installation().templates }),
    lxcpath: lxcpathFor(invocation, args, settings),
    defaultBridge: settings.network.bridge,
    env: invocation.env,
  });
  const given = givenAnswers(args);
  const answers = await askAll(invocation, known, given);
  const asked = Object.fromEntries(Object.entries(answers).filter(([topic]) => !(topic in given)));
  const whole = (shown: boolean) => wholeCommand(invocation, args, sameCommand(asked, { shown }));
  showOutcome(invocation, withWishes(base, wishesOf(answers)), whole(true));
  if (!(await askWhether(invocation, 'Create it?'))) throw new TslxcError('DECLINED', 'nothing was made');
  return whole(false);
}

/** What stands on the command line is not asked for. */
function givenAnswers({ name, values, flags }: ParsedArguments): Answers {
  const { memory, cpus, network } = values;
  const access = flags['no-password'] || 'password' in values || 'ssh-key' in values;
  return {
    ...(name === '' ? {} : { name }),
    ...(memory === undefined ? {} : { memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(network === undefined ? {} : { network }),
    ...(access ? { access: 'given' } : {}),
  };
}

async function askAll(invocation: Invocation, first: Known, given: Answers): Promise<Answers> {
  let known = first;
  let answers = given;
  for (;;) {
    const step = nextStep(known, answers);
    if (step.kind === 'done') return answers;
    if (step.kind === 'look') {
      const offers = await look(invocation, known, answers);
      if (Array.isArray(offers)) known = { ...known, offers: { ...known.offers, [step.template]: offers } };
      else answers = { ...answers, mirror: await askForMirror(invocation, answers, offers) };
    } else if (step.kind === 'settled') {
      answers = { ...answers, [step.topic]: step.answer };
    } else {
      answers = { ...answers, [step.question.topic]: await ask(invocation, step.question) };
    }
  }
}

/** What the template offers; or why its mirror does not say. What is waited for is said, until it is there. */
async function look(
  invocation: Invocation,
  { templates }: Known,
  answers: Answers,
): Promise<Offer[] | TslxcError> {
  const template = templates.find(({ name }) => name === answers.template);
  if (template === undefined) return [];
  invocation.stderr.write(`Looking at what ${template.name} can build now…`);
  try {
    return await lookAtOffers(template, templateWords(answers), invocation);
  } catch (error) {
    invocation.signal.throwIfAborted();
    if (error instanceof TslxcError) return error;
    throw error;
  } finally {
    invocation.stderr.write('\r\x1b[K');
  }
}

/** A mirror that does not answer is told at once, not when all is answered; in a closed network there is another. */
async function askForMirror(invocation: Invocation, answers: Answers, error: TslxcError): Promise<string> {
  invocation.stderr.write(`${error.message}\n`);
  const mirror = await ask(invocation, mirrorQuestion(answers));
  if (mirror === '') throw error;
  return mirror;
}

function showOutcome({ program, stderr }: Invocation, base: BaseConfig, words: readonly string[]): void {
  const settings = base.text.split('\n').filter(line => line.trim() !== '' && !line.startsWith('#'));
  const lines = [
    '',
    'Its config will have, beside what the template adds:',
    ...settings.map(line => `  ${line}`),
    '',
    'The same without questions:',
    `  ${shellLine([program, ...words])}`,
    '',
  ];
  stderr.write(`${lines.join('\n')}\n`);
}

/** What was typed, then what was answered; the template's own words last. */
function wholeCommand(
  { argv }: Invocation,
  { rest = [] }: ParsedArguments,
  { options, templateArguments }: SameCommand,
): string[] {
  const end = argv.indexOf('--');
  const behind = [...templateArguments, ...rest];
  return [
    ...(end < 0 ? argv : argv.slice(0, end)),
    ...options,
    ...(behind.length > 0 ? ['--', ...behind] : []),
  ];
}
