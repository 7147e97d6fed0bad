// The first question: what the container is to be.

import type { ExaminedTemplate } from '../template-list.ts';
import type { Known } from './known.ts';
import type { Choice, Question } from './question.ts';

/** They want a file or an address that no list can offer; their --help says which. */
const NEED_MORE = ['local', 'oci'];

/** Templates of ours, those that can run here first; what the others lack is told. */
export function templateQuestion({ templates }: Known): Question | string | undefined {
  const choices = templates
    .filter(({ name, ours }) => ours && !NEED_MORE.includes(name))
    .map(choiceOf)
    .sort((a, b) => Number(a.unavailable !== undefined) - Number(b.unavailable !== undefined));
  const possible = choices.filter(({ unavailable }) => unavailable === undefined);
  const usual = possible.find(({ value }) => value === 'debian') ?? possible[0];
  if (usual === undefined) return undefined;
  return { kind: 'choice', topic: 'template', message: 'Distribution', choices, usual: usual.value };
}

function choiceOf({ name, builds, lacks, problem }: ExaminedTemplate): Choice {
  const note = builds.join('; ');
  const unavailable = problem ?? lacking(lacks ?? []);
  return {
    value: name,
    label: name === 'download' ? 'another, as an image from a server' : name,
    ...(note === '' ? {} : { note }),
    ...(unavailable === undefined ? {} : { unavailable }),
  };
}

function lacking(lacks: NonNullable<ExaminedTemplate['lacks']>): string | undefined {
  if (lacks.length === 0) return undefined;
  return `this host lacks ${[...new Set(lacks.map(lack => lack.package))].join(' ')}`;
}
