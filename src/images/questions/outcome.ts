// What answers come to: the command line that asks for the same without a question.

import type { ConfigWishes } from '../config-wishes.ts';
import type { Answers } from './question.ts';

export interface SameCommand {
  readonly options: readonly string[];
  /** What comes after `--`. */
  readonly templateArguments: readonly string[];
}

/** The command line that asks for what was answered. `shown`: to be read, so without the password that was typed. */
export function sameCommand(answers: Answers, { shown }: { readonly shown: boolean }): SameCommand {
  const { name, template } = answers;
  return {
    options: [
      ...(name === undefined ? [] : ['--name', name]),
      ...(template === undefined ? [] : ['--template', template]),
      ...Object.entries(wishesOf(answers)).flatMap(([key, value]) => [`--${key}`, value]),
      ...accessWords(answers, shown),
    ],
    templateArguments: templateWords(answers),
  };
}

/** What the answers say to the template. */
export function templateWords(answers: Answers): string[] {
  const mirror = answers.template === 'download' ? '--server' : '--mirror';
  const options = [...TEMPLATE_OPTIONS, [mirror, 'mirror']] as const;
  return options.flatMap(([option, topic]) => (answers[topic] ? [option, answers[topic]] : []));
}

/** What the answers add to the config that the container begins with. */
export function wishesOf({ memory, cpus, network, bridge }: Answers): ConfigWishes {
  const link = network === 'other' ? bridge : network;
  return { ...(memory && { memory }), ...(cpus && { cpus }), ...(link && { network: link }) };
}

/** The template's own options for what it builds. */
const TEMPLATE_OPTIONS = [
  ['--dist', 'distribution'],
  ['--release', 'release'],
  ['--arch', 'arch'],
  ['--variant', 'variant'],
] as const;

function accessWords({ access, password = '', sshKey = '' }: Answers, shown: boolean): string[] {
  switch (access) {
    case 'password':
      return ['--password', shown ? 'PASSWORD' : password];
    case 'key':
      return ['--ssh-key', sshKey];
    case 'none':
      return ['--no-password'];
    default:
      return [];
  }
}

/** Words as a shell reads them back. */
export function shellLine(words: readonly string[]): string {
  return words
    .map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');
}
