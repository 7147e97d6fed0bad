// What Node reads first: runs the one-file program from V8's cached code. Compiling it anew would be a third of a short verb.
// Bundled by itself as CommonJS, because Node's loader of ES modules takes as long again.

import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';

const file = `${__dirname}/program.cjs`;

function cachedCode(): { cachedData: Buffer } | undefined {
  try {
    return { cachedData: readFileSync(`${file}.cache`) };
  } catch {
    return undefined; // it is only slower without
  }
}

// scripts/code-cache.mjs makes the cache from this same text.
const text = `(function (require, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
const script = new Script(text, { filename: file, ...cachedCode() });
script.runInThisContext()(require, file, __dirname);
