// npm run build: sources → build/ (what the tests run) and dist/ (what is installed). Each step is skipped while its inputs
// are older than what it made; a step whose sources do not exist yet does nothing.
//
//   node scripts/build.mjs [--force] [tests|library|executor|addon|links|manual|cache …]

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeLinks } from './links.mjs';
import { newestChange } from './newest.mjs';
import { nodeHeaders } from './node-headers.mjs';
import { root } from './root.mjs';

const STEPS = {
  tests: buildTests,
  library: buildLibrary,
  addon: buildAddon,
  links: buildLinks,
  manual: buildManual,
  executor: buildExecutor,
  // After the executor: what a verb does with it is cached too.
  cache: buildCache,
};
/** What `npm ci` builds in a clone: everything but the tests. */
export const INSTALLED = ['library', 'addon', 'links', 'manual', 'executor', 'cache'];
/** What depends on the machine; the rest comes ready-made in the tarball. */
export const FROM_PACKAGE = ['addon', 'links', 'executor', 'cache'];

/** Builds the named steps, or all. */
export async function build({ steps = Object.keys(STEPS), force = false } = {}) {
  for (const step of steps) await STEPS[step](force);
}

const at = (...parts) => join(root, ...parts);

/** Does `make` unless the stamp of `name` is newer than all inputs. */
async function whenStale(name, inputs, force, make) {
  const stamp = at('build', `.${name}.stamp`);
  const made = force ? 0 : newestChange([stamp]);
  if (made > newestChange(inputs)) return;
  const began = process.hrtime.bigint();
  await make();
  mkdirSync(at('build'), { recursive: true });
  writeFileSync(stamp, '');
  process.stderr.write(`built ${name} in ${Number((process.hrtime.bigint() - began) / 1000000n)} ms\n`);
}

async function buildTests(force) {
  const inputs = [at('src'), at('test'), at('tsconfig.json'), at('package-lock.json')];
  await whenStale('tests', inputs, force || !existsSync(at('build/src')), () => {
    rmSync(at('build/src'), { recursive: true, force: true });
    rmSync(at('build/test'), { recursive: true, force: true });
    run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', root]);
  });
}

/** The library and the tables, as ES modules that share chunks; the program, as one file that loads fast. */
async function buildLibrary(force) {
  const entries = {
    index: at('src/index.ts'),
    'cli/registry': at('src/cli/registry.ts'),
    'cli/manual': at('src/cli/manual.ts'),
  };
  const inputs = [at('src'), at('package-lock.json'), at('scripts/build.mjs')];
  await whenStale('library', inputs, force || !existsSync(at('dist/bin/program.cjs')), async () => {
    const fresh = at('build/library');
    const present = Object.entries(entries).filter(([, file]) => existsSync(file));
    rmSync(fresh, { recursive: true, force: true });
    await bundleLibrary(Object.fromEntries(present), fresh);
    await bundleProgram(join(fresh, 'bin'));
    if (existsSync(entries.index)) emitTypes(fresh);
    rmSync(at('dist/bin/program.cjs.cache'), { force: true });
    for (const part of ['bin/program.cjs', 'bin/tslxc.cjs', 'cli', 'index.js', 'chunks', 'types'])
      replace(join(fresh, part), at('dist', part));
  });
}

const BUNDLE = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
};

async function bundleLibrary(entryPoints, outdir) {
  const { build: esbuild } = await import('esbuild');
  // CommonJS dependencies ask for node's own modules with require.
  const require =
    "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";
  const banner = { js: require };
  await esbuild({
    ...BUNDLE,
    entryPoints,
    outdir,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    banner,
  });
  mkdirSync(join(outdir, 'chunks'), { recursive: true });
}

/** All verbs in one CommonJS file, each evaluated when it is called; boot.ts says why. */
async function bundleProgram(outdir) {
  const { build: esbuild } = await import('esbuild');
  const shared = { ...BUNDLE, format: 'cjs' };
  await esbuild({
    ...shared,
    entryPoints: [at('src/bin/tslxc.ts')],
    outfile: join(outdir, 'program.cjs'),
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url=require('node:url').pathToFileURL(__filename).href;" },
  });
  await esbuild({ ...shared, entryPoints: [at('src/bin/boot.ts')], outfile: join(outdir, 'tslxc.cjs') });
  const program = join(outdir, 'program.cjs');
  writeFileSync(program, readFileSync(program, 'utf8').replace(/^#!.*/, ''));
  const boot = join(outdir, 'tslxc.cjs');
  writeFileSync(boot, `#!/usr/bin/env node\n${readFileSync(boot, 'utf8')}`);
}

/** The library's declarations only: what src/index.ts reaches. */
function emitTypes(outdir) {
  const config = at('build/types.tsconfig.json');
  const compilerOptions = {
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: at('src'),
    outDir: join(outdir, 'types'),
  };
  writeFileSync(
    config,
    JSON.stringify({
      extends: at('tsconfig.json'),
      compilerOptions,
      include: [],
      files: [at('src/index.ts')],
    }),
  );
  run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', config]);
}

async function buildExecutor() {
  // make knows best what is stale.
  if (existsSync(at('native/Makefile')))
    run('make', ['--silent', '--no-print-directory', '-C', at('native')]);
}

async function buildAddon(force) {
  if (!existsSync(at('native/binding.gyp'))) return;
  const target = at('dist/native/tslxc.node');
  const inputs = [at('native/addon'), at('native/binding.gyp')];
  await whenStale('addon', inputs, force || !existsSync(target), () => {
    const headers = nodeHeaders();
    const gyp = existsSync(at('node_modules/node-gyp'))
      ? at('node_modules/node-gyp/bin/node-gyp.js')
      : process.env.npm_config_node_gyp;
    if (!gyp) throw new Error('node-gyp is not there: install with npm');
    const where = headers ? [`--nodedir=${headers}`] : [];
    run(process.execPath, [gyp, 'configure', 'build', '--silent', '-C', at('native'), ...where]);
    mkdirSync(at('dist/native'), { recursive: true });
    cpSync(at('native/build/Release/tslxc.node'), `${target}.new`);
    renameSync(`${target}.new`, target);
  });
}

async function buildLinks() {
  if (existsSync(at('dist/bin/tslxc.cjs'))) await makeLinks(at('dist'));
}

async function buildCache(force) {
  const program = at('dist/bin/program.cjs');
  if (!existsSync(program)) return;
  await whenStale('cache', [program], force || !existsSync(`${program}.cache`), async () => {
    const { makeCodeCache } = await import('./code-cache.mjs');
    makeCodeCache(at('dist'));
  });
}

async function buildManual(force) {
  if (!existsSync(at('dist/cli/manual.js'))) return;
  const target = at('dist/man');
  await whenStale('manual', [at('dist/cli'), at('package.json')], force || !existsSync(target), async () => {
    const { writeManual } = await import('./manual.mjs');
    const fresh = at('build/man');
    await writeManual(at('dist'), fresh);
    replace(fresh, target);
  });
}

/** Puts a fresh file or directory where the old one is, so that a running command never meets half of it. */
function replace(fresh, target) {
  if (!existsSync(fresh)) return;
  mkdirSync(join(target, '..'), { recursive: true });
  rmSync(`${target}.old`, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, `${target}.old`);
  renameSync(fresh, target);
  rmSync(`${target}.old`, { recursive: true, force: true });
}

/** Runs a build program silently; what it said is the error when it fails. */
function run(program, args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (error?.code === 'ENOENT') throw new Error(`${program} is not there: apt-get install ${program}`);
  if (status !== 0)
    throw new Error(`failed: ${[program, ...args].join(' ')}\n${stdout}${stderr}${error ?? ''}`);
}

if (process.argv[1] === import.meta.filename) {
  const words = process.argv.slice(2);
  const steps = words.filter(word => !word.startsWith('-'));
  const unknown = steps.find(step => !(step in STEPS));
  try {
    if (unknown) throw new Error(`no build step ${unknown}; there are ${Object.keys(STEPS).join(', ')}`);
    await build({ force: words.includes('--force'), ...(steps.length > 0 ? { steps } : {}) });
  } catch (error) {
    process.stderr.write(`build: ${error.message}\n`);
    process.exitCode = 1;
  }
}
