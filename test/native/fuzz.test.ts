import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { installation } from '../../src/host/installation.ts';

const native = join(installation().root, 'native');
const corpora = join(installation().root, 'test/native/corpus');
const SECONDS = 60;

/** One target under ASan and UBSan; resolves with its exit status and its last words. */
function fuzz(target: string, found: string): Promise<{ status: number | null; words: string }> {
  const kept = join(corpora, target);
  const seeds = existsSync(kept) ? [kept] : [];
  const child = spawn(
    join(native, `out/fuzz-${target}`),
    [`-max_total_time=${SECONDS}`, '-timeout=10', `-artifact_prefix=${found}/crash-`, found, ...seeds],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = `${words}${text}`.slice(-6000);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', status => resolve({ status, words }));
  });
}

const clang = (process.env['PATH'] ?? '').split(':').some(path => existsSync(join(path, 'clang')));

describe('fuzzed', {
  concurrency: true,
  skip: clang ? false : 'no clang to build the fuzz targets with',
}, () => {
  for (const [target, what] of [
    ['plan', 'the plan parser takes any bytes'],
    ['control', 'the control socket takes any bytes'],
  ] as const) {
    test(`${what} for ${SECONDS} s`, async () => {
      execFileSync('make', ['--silent', '-C', native, `out/fuzz-${target}`], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const found = mkdtempSync(join(tmpdir(), `tslxc-fuzz-${target}-`));
      const { status, words } = await fuzz(target, found);
      assert.equal(
        status,
        0,
        `${words}\n${found}: ${readdirSync(found).filter(name => name.startsWith('crash'))}`,
      );
      rmSync(found, { recursive: true });
    });
  }
});
