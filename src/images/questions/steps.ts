// Which question comes next: a pure function of what is known and what was answered.

import { checkContainerName } from '../../base/container-names.ts';
import { bridgeFault, cpusFault, memoryFault } from '../config-wishes.ts';
import type { Known, Offer } from './known.ts';
import type { Answers, ChoiceQuestion, Question, Topic } from './question.ts';
import { templateQuestion } from './template-question.ts';

export type Step =
  | { readonly kind: 'ask'; readonly question: Question }
  /** There is but one answer. */
  | { readonly kind: 'settled'; readonly topic: Topic; readonly answer: string }
  /** What this template offers must be known before more can be asked. */
  | { readonly kind: 'look'; readonly template: string }
  | { readonly kind: 'done' };

/** A question; an answer that needs none; or undefined: it does not arise. */
type Maker = (known: Known, answers: Answers) => Question | string | undefined;

/** In the order in which they are asked. */
const MAKERS: Readonly<Record<Topic, Maker>> = {
  template: templateQuestion,
  mirror: () => undefined,
  distribution: distributionQuestion,
  release: releaseQuestion,
  arch: archQuestion,
  variant: variantQuestion,
  name: nameQuestion,
  memory: memoryQuestion,
  cpus: cpusQuestion,
  network: networkQuestion,
  bridge: bridgeQuestion,
  access: accessQuestion,
  password: passwordQuestion,
  sshKey: sshKeyQuestion,
};

/** The next thing to do. Answers that were given on the command line are not asked for. */
export function nextStep(known: Known, answers: Answers): Step {
  const { template } = answers;
  if (template !== undefined && known.offers[template] === undefined) return { kind: 'look', template };
  for (const [topic, make] of Object.entries(MAKERS) as [Topic, Maker][]) {
    if (answers[topic] !== undefined) continue;
    const made = make(known, answers);
    if (typeof made === 'string') return { kind: 'settled', topic, answer: made };
    if (made !== undefined) return { kind: 'ask', question: made };
  }
  return { kind: 'done' };
}

/** When the usual mirror does not answer: another one, or an empty answer to stop. */
export function mirrorQuestion({ template }: Answers): Question {
  const message = template === 'download' ? 'Another image server' : 'Another mirror';
  const fault = (text: string) =>
    text === '' || /^https?:\/\/[^\s/]+\S*$/.test(text) ? undefined : 'not an http or https address';
  return { kind: 'text', topic: 'mirror', message, usual: '', emptyMeans: 'stop', fault };
}

/** What the template offers within what was answered. */
function offersLeft({ offers }: Known, answers: Answers): readonly Offer[] {
  const left = offers[answers.template ?? ''] ?? [];
  return left.filter(
    offer =>
      (answers.distribution === undefined || offer.distribution === answers.distribution) &&
      (answers.release === undefined || offer.release === answers.release) &&
      (answers.arch === undefined || answers.arch === '' || offer.arch === answers.arch),
  );
}

function distributionQuestion(known: Known, answers: Answers): Question | string | undefined {
  const words = offersLeft(known, answers).flatMap(({ distribution }) => distribution ?? []);
  return oneOf('distribution', 'Distribution', words);
}

function releaseQuestion(known: Known, answers: Answers): Question | string | undefined {
  const template = known.templates.find(({ name }) => name === answers.template);
  const offered = offersLeft(known, answers).map(({ release }) => release);
  const releases = offered.length > 0 ? offered : (template?.releases ?? []);
  return oneOf('release', 'Release', releases);
}

function archQuestion(known: Known, answers: Answers): Question | string | undefined {
  const words = [...new Set(offersLeft(known, answers).map(({ arch }) => arch))];
  const own = words.find(word => known.arches.includes(word));
  // Others need an emulator on this host: the own one first.
  const sorted = own === undefined ? words : [own, ...words.filter(word => word !== own)];
  return oneOf('arch', 'Architecture', sorted);
}

function variantQuestion(known: Known, answers: Answers): Question | string | undefined {
  const words = offersLeft(known, answers).flatMap(({ variant }) => variant ?? []);
  return oneOf(
    'variant',
    'Variant',
    [...words].sort((a, b) => Number(b === 'default') - Number(a === 'default')),
  );
}

/** A choice among different words, the first as the usual one; a single word is settled; none: no question. */
function oneOf(topic: Topic, message: string, words: readonly string[]): Question | string | undefined {
  const different = [...new Set(words)];
  if (different.length < 2) return different[0];
  const choices = different.map(word => ({ value: word, label: word }));
  return { kind: 'choice', topic, message, choices, usual: different[0] as string };
}

function nameQuestion({ taken }: Known, answers: Answers): Question {
  const fault = (name: string) => nameFault(name, taken);
  const stem = (answers.distribution ?? answers.template ?? '').replaceAll(/[^a-z0-9]/g, '') || 'c';
  let number = 1;
  while (taken.includes(`${stem}${number}`)) number++;
  return { kind: 'text', topic: 'name', message: 'Name', usual: `${stem}${number}`, fault };
}

function nameFault(name: string, taken: readonly string[]): string | undefined {
  if (taken.includes(name)) return 'there is a container of that name';
  try {
    checkContainerName(name);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function memoryQuestion(): Question {
  const fault = (text: string) => (text === '' ? undefined : memoryFault(text));
  return {
    kind: 'text',
    topic: 'memory',
    message: 'Memory at most',
    usual: '',
    emptyMeans: 'no limit',
    fault,
  };
}

function cpusQuestion(): Question {
  const fault = (text: string) => (text === '' ? undefined : cpusFault(text));
  return { kind: 'text', topic: 'cpus', message: 'CPUs at most', usual: '', emptyMeans: 'no limit', fault };
}

function networkQuestion({ defaultBridge, bridges }: Known): ChoiceQuestion {
  return {
    kind: 'choice',
    topic: 'network',
    message: 'Network',
    usual: '',
    choices: [
      { value: '', label: defaultBridge, note: 'an address by DHCP, and the way out' },
      ...bridges.map(bridge => ({ value: bridge, label: bridge, note: 'a bridge of this host' })),
      { value: 'other', label: 'another bridge, by its name' },
      { value: 'none', label: 'none', note: 'nothing but its own loopback' },
    ],
  };
}

function bridgeQuestion(_known: Known, answers: Answers): Question | undefined {
  if (answers.network !== 'other') return undefined;
  return { kind: 'text', topic: 'bridge', message: 'Name of the bridge', usual: '', fault: bridgeFault };
}

function accessQuestion({ sshKeys }: Known): ChoiceQuestion {
  return {
    kind: 'choice',
    topic: 'access',
    message: 'How root logs in',
    usual: 'made',
    choices: [
      { value: 'made', label: 'a password that is made now', note: 'shown once, and kept beside the config' },
      { value: 'password', label: 'a password that you type' },
      { value: 'key', label: 'an ssh key', ...(sshKeys[0] === undefined ? {} : { note: sshKeys[0] }) },
      { value: 'none', label: 'not at all', note: 'tslxc-attach needs no password' },
    ],
  };
}

function passwordQuestion(_known: Known, answers: Answers): Question | undefined {
  if (answers.access !== 'password') return undefined;
  const fault = (text: string) =>
    text === '' ? 'it is empty' : /\p{Cc}/u.test(text) ? 'it has a control character' : undefined;
  return { kind: 'secret', topic: 'password', message: 'Password of root', fault };
}

function sshKeyQuestion({ sshKeys }: Known, answers: Answers): Question | string | undefined {
  if (answers.access !== 'key') return undefined;
  if (sshKeys.length > 0) return oneOf('sshKey', 'Public key', sshKeys);
  const fault = (text: string) =>
    text.startsWith('/') ? undefined : "a public key's file, by its absolute path";
  return { kind: 'text', topic: 'sshKey', message: "Public key's file", usual: '', fault };
}
