import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offersOf } from '../../../../src/images/questions/gather.ts';
import type { Known } from '../../../../src/images/questions/known.ts';
import { sameCommand, shellLine, wishesOf } from '../../../../src/images/questions/outcome.ts';
import type { Answers, Question, Topic } from '../../../../src/images/questions/question.ts';
import { nextStep } from '../../../../src/images/questions/steps.ts';
import type { ExaminedTemplate } from '../../../../src/images/template-list.ts';

function template(name: string, more: Partial<ExaminedTemplate> = {}): ExaminedTemplate {
  const header = { phases: [], builds: [name], releases: [], addresses: [] };
  return { name, path: `/t/tslxc-${name}`, ours: true, twoPhases: true, ...header, lacks: [], ...more };
}

const KNOWN: Known = {
  templates: [
    template('alpine', { releases: ['3.20', '3.13'] }),
    template('busybox'),
    template('debian'),
    template('download'),
    template('local'),
    template('fedora', { lacks: [{ program: 'dnf', package: 'dnf' }] }),
    template('plamo', { ours: false, lacks: undefined }),
  ],
  offers: { busybox: [], alpine: [], debian: [] },
  taken: ['busybox1', 'busybox2'],
  defaultBridge: 'tslxcbr0',
  bridges: ['br7'],
  sshKeys: [],
  arches: ['amd64', 'x86_64'],
};

/** Answers each question from the script, or with what is usual; tells which were asked. */
function walk(known: Known, script: Answers, given: Answers = {}) {
  const asked: Question[] = [];
  let answers = given;
  for (;;) {
    const step = nextStep(known, answers);
    if (step.kind === 'done' || step.kind === 'look') return { answers, asked, end: step };
    if (step.kind === 'settled') answers = { ...answers, [step.topic]: step.answer };
    else {
      const { question } = step;
      asked.push(question);
      const usual = question.kind === 'secret' ? '' : question.usual;
      answers = { ...answers, [question.topic]: script[question.topic] ?? usual };
    }
  }
}

const topics = (asked: readonly Question[]): Topic[] => asked.map(({ topic }) => topic);
const words = (answers: Answers) => {
  const { options, templateArguments } = sameCommand(answers, { shown: false });
  return shellLine([...options, '--', ...templateArguments]);
};

test('templates that can run here come first, what others lack is told, those that need more are left out', () => {
  const [first] = walk(KNOWN, {}).asked;
  assert.ok(first?.kind === 'choice');
  assert.equal(first.usual, 'debian');
  assert.deepEqual(
    first.choices.map(({ value, unavailable }) => [value, unavailable]),
    [
      ['alpine', undefined],
      ['busybox', undefined],
      ['debian', undefined],
      ['download', undefined],
      ['fedora', 'this host lacks dnf'],
    ],
  );
});

test('what a template offers is looked at once, before more is asked', () => {
  const { offers: _, ...rest } = KNOWN;
  const known = { ...rest, offers: {} };
  assert.deepEqual(nextStep(known, { template: 'debian' }), { kind: 'look', template: 'debian' });
});

test('all as usual: the name is a free one, nothing is limited', () => {
  const { answers, asked } = walk(KNOWN, { template: 'busybox' });
  assert.deepEqual(topics(asked), ['template', 'name', 'memory', 'cpus', 'network', 'access']);
  assert.equal(words(answers), '--name busybox3 --template busybox --');
});

test('releases of the head of a template are a choice, the first is usual', () => {
  const { answers, asked } = walk(KNOWN, { template: 'alpine' });
  assert.ok(topics(asked).includes('release'));
  assert.equal(words(answers), '--name alpine1 --template alpine -- --release 3.20');
});

test('an image server: distribution, release, architecture and variant from what it has', () => {
  const lines = [
    'trixie amd64 debian default',
    'trixie arm64 debian default',
    'trixie amd64 debian cloud',
    'sid arm64 debian default',
    '3.20 amd64 alpine default',
    'Listing images:',
  ];
  const known = { ...KNOWN, offers: { ...KNOWN.offers, download: offersOf(lines) } };
  const script = { template: 'download', distribution: 'debian', release: 'trixie' };
  const { answers, asked } = walk(known, script);
  assert.deepEqual(topics(asked).slice(0, 5), ['template', 'distribution', 'release', 'arch', 'variant']);
  const arch = asked[3];
  assert.ok(arch?.kind === 'choice');
  assert.equal(arch.usual, 'amd64');
  assert.equal(
    words(answers),
    '--name debian1 --template download -- --dist debian --release trixie --arch amd64 --variant default',
  );
  // One architecture and one variant are no question.
  const sid = walk(known, { ...script, release: 'sid' });
  assert.ok(!topics(sid.asked).includes('arch') && !topics(sid.asked).includes('variant'));
  assert.match(words(sid.answers), /--release sid --arch arm64 --variant default$/);
});

test('limits, another bridge and a typed password; the password is shown nowhere', () => {
  const script: Answers = {
    template: 'busybox',
    name: 'web',
    memory: '512M',
    cpus: '0.5',
    network: 'other',
    bridge: 'br9',
    access: 'password',
    password: "it's me",
  };
  const { answers, asked } = walk(KNOWN, script);
  assert.deepEqual(topics(asked).slice(-5), ['cpus', 'network', 'bridge', 'access', 'password']);
  assert.deepEqual(wishesOf(answers), { memory: '512M', cpus: '0.5', network: 'br9' });
  const line =
    "--name web --template busybox --memory 512M --cpus 0.5 --network br9 --password 'it'\\''s me' --";
  assert.equal(words(answers), line);
  assert.deepEqual(sameCommand(answers, { shown: true }).options.slice(-2), ['--password', 'PASSWORD']);
});

test('an ssh key: one of the user’s own without a question, else by its path', () => {
  const script = { template: 'busybox', access: 'key', sshKey: '/k.pub' };
  assert.equal(walk(KNOWN, script).asked.at(-1)?.topic, 'sshKey');
  const mine = walk({ ...KNOWN, sshKeys: ['/root/.ssh/id_ed25519.pub'] }, script);
  assert.equal(mine.asked.at(-1)?.topic, 'access');
  assert.match(words(mine.answers), /--ssh-key \/root\/\.ssh\/id_ed25519\.pub --$/);
});

test('what was given is not asked for', () => {
  const given = { name: 'web', network: 'none', access: 'given' };
  const { asked } = walk(KNOWN, { template: 'busybox' }, given);
  assert.deepEqual(topics(asked), ['template', 'memory', 'cpus']);
});

test('faults of answers are told', () => {
  const { asked } = walk(KNOWN, { template: 'busybox', network: 'other', access: 'password' });
  const fault = (topic: Topic, answer: string) => {
    const question = asked.find(one => one.topic === topic);
    assert.ok(question && 'fault' in question);
    return question.fault(answer);
  };
  assert.match(fault('name', 'busybox1') ?? '', /there is a container of that name/);
  assert.match(fault('name', 'a\nb') ?? '', /control character/);
  assert.equal(fault('name', 'web'), undefined);
  assert.deepEqual(
    [fault('memory', ''), fault('memory', '512M'), fault('cpus', '2')],
    [undefined, undefined, undefined],
  );
  assert.match(fault('memory', '12 GB') ?? '', /not a size/);
  assert.match(fault('memory', '100') ?? '', /too little/);
  assert.match(fault('cpus', 'all') ?? '', /not a number of cpus/);
  assert.match(fault('bridge', 'a/b') ?? '', /not a bridge/);
  assert.match(fault('password', '') ?? '', /empty/);
});
