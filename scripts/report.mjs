// What a test run says: failures as they come, a mark for each passed test, and the closing lines.

import { relative } from 'node:path';
import { inspect } from 'node:util';
import { root } from './root.mjs';

export class Report {
  #out;
  #column = 0;
  #counts = { passed: 0, failed: 0, skipped: 0 };
  #times = [];
  #failures = [];
  #began = Date.now();

  constructor(out) {
    this.#out = out;
  }

  begin(title) {
    this.#line(`── ${title}`);
  }

  /** One event of node:test's stream. */
  take({ type, data }) {
    if (type === 'test:stdout' || type === 'test:stderr') return this.#line(data.message.trimEnd());
    if (type === 'test:diagnostic')
      return isTotal(data.message) ? undefined : this.#line(`note: ${data.message}`);
    if (type !== 'test:pass' && type !== 'test:fail') return;
    const failed = type === 'test:fail';
    // A file and a suite are containers of tests; they count only when they fail by themselves.
    if (data.details?.type === 'suite' || isFile(data))
      return failed && ownFailure(data) ? this.#failed(data) : undefined;
    if (data.skip === 'test name does not match pattern') return;
    if (data.skip !== undefined)
      return this.skipped(`${nameOf(data)}: ${data.skip === true ? 'no reason given' : data.skip}`);
    this.#times.push({ name: nameOf(data), ms: data.details.duration_ms });
    if (!failed) return this.#passed();
    if (ownFailure(data)) this.#failed(data);
  }

  /** Says aloud what was not tested. */
  skipped(what, count = 1) {
    this.#counts.skipped += count;
    this.#line(`skipped: ${what}`);
  }

  /** One check that is not a node:test, such as a linter. */
  check(name, ms, failure) {
    this.#times.push({ name, ms });
    if (failure === undefined) return this.#passed();
    this.#counts.failed++;
    this.#failures.push(name);
    this.#line(`FAILED ${name}\n${failure}`);
  }

  /** Counts of another run that was reported on its own. */
  add({ passed, failed, skipped }, name) {
    this.#counts.passed += passed;
    this.#counts.failed += failed;
    this.#counts.skipped += skipped;
    if (failed > 0) this.#failures.push(name);
  }

  /** Writes the closing lines; returns the exit status. */
  close() {
    const { passed, failed, skipped } = this.#counts;
    this.#line('');
    for (const name of this.#failures) this.#line(`failed: ${name}`);
    this.#line('ten slowest:');
    const slowest = [...this.#times].sort((a, b) => b.ms - a.ms).slice(0, 10);
    for (const { name, ms } of slowest) this.#line(`${(ms / 1000).toFixed(2).padStart(8)} s  ${name}`);
    this.#line(`in ${((Date.now() - this.#began) / 1000).toFixed(0)} s`);
    this.#line(`${passed} passed, ${failed} failed, ${skipped} skipped`);
    return failed > 0 || passed === 0 ? 1 : 0;
  }

  #passed() {
    this.#counts.passed++;
    this.#out.write('.');
    if (++this.#column % 100 === 0) this.#out.write('\n');
  }

  #failed(data) {
    this.#counts.failed++;
    this.#failures.push(nameOf(data));
    const error = data.details?.error;
    this.#line(`FAILED ${nameOf(data)}\n${indent(describe(error?.cause ?? error))}`);
  }

  #line(text) {
    if (this.#column % 100 !== 0) this.#out.write('\n');
    this.#column = 0;
    this.#out.write(`${text}\n`);
  }
}

/** node:test reports each file as a test that bears the file's path. */
const isFile = data =>
  data.nesting === 0 && data.file !== undefined && data.name.endsWith('.test.js') && data.name.includes('/');

/** node:test's own closing lines, which count files too. */
const isTotal = text => /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(text);

/** A parent fails because its children do; those are reported already. */
const ownFailure = data => data.details?.error?.failureType !== 'subtestsFailed';

const nameOf = data => {
  const file = data.file
    ? relative(root, data.file)
        .replace(/^build\//, '')
        .replace(/\.js$/, '.ts')
    : '';
  return isFile(data) ? file : `${file}: ${data.name}`;
};

const describe = error => (typeof error === 'string' ? error : (error?.stack ?? inspect(error)));
const indent = text => text.replace(/^/gm, '    ');
