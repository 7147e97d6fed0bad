import { readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import { join, resolve } from 'node:path';
import { EXIT, TslxcError } from '../../base/errors.ts';
import { serverArch } from '../../images/servers/choose.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { settingsFor } from '../context.ts';
import { FORMAT_OPTION } from '../options.ts';
import { fetchDisplay } from '../output/fetch-display.ts';
import { formatOf, structured } from '../output/structured.ts';
import { table } from '../output/table.ts';
import { badArgument, makeOrRefuse } from '../values.ts';

export const command: Command = {
  name: 'fetch',
  summary: 'List what an image server offers, or unpack an image of it',
  synopsis: '[--server=SERVER] [--dist=DIST --release=RELEASE] {--list | --into=DIR}',
  description:
    'List the images of a server, or unpack one into an empty directory.\nThe templates download and local are made with it',
  nameFrom: 'none',
  options: {
    server: { long: 'server', arg: 'SERVER', summary: 'Image server: a host or an https address' },
    dist: { short: 'd', long: 'dist', arg: 'DIST', summary: 'Distribution: alpine' },
    release: { short: 'r', long: 'release', arg: 'RELEASE', summary: 'Release of it: 3.13' },
    arch: { short: 'a', long: 'arch', arg: 'ARCH', summary: "Architecture (default: this host's)" },
    variant: { long: 'variant', arg: 'VARIANT', summary: 'Variant of the image (default: default)' },
    build: { long: 'build', arg: 'BUILD', summary: 'This build (default: the newest)' },
    list: { long: 'list', summary: 'List what the server offers, of the given words alone' },
    into: {
      long: 'into',
      arg: 'DIR',
      summary: 'Unpack the image into this empty directory',
      complete: 'directory',
    },
    facts: {
      long: 'facts',
      arg: 'FILE',
      summary:
        'Write what is known of the image to FILE, one KEY VALUE a line;\nwithout --into nothing is downloaded but indexes',
      complete: 'file',
    },
    fstree: {
      long: 'fstree',
      arg: 'PATH',
      summary: 'Take a tarball, squashfs or directory of this host instead of a server',
      complete: 'file',
    },
    metadata: {
      long: 'metadata',
      arg: 'FILE',
      summary: "With --fstree: the image's metadata tarball",
      complete: 'file',
    },
    keyring: {
      long: 'keyring',
      arg: 'FILE',
      summary: 'Keys that must have signed what the server says',
      complete: 'file',
    },
    noValidate: {
      long: 'no-validate',
      summary: 'Ask for neither signatures nor https; checksums are checked all the same',
    },
    flushCache: { long: 'flush-cache', summary: 'Forget what was downloaded of this image before' },
    forceCache: {
      long: 'force-cache',
      summary: "Don't ask the server what is new, if its indexes are in the cache",
    },
    format: FORMAT_OPTION,
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  if (args.positionals.length > 0) throw badArgument(`unexpected argument ${args.positionals[0]}`);
  const { fstree } = args.values;
  if (fstree !== undefined) return await local(invocation, args, fstree);
  if (args.flags['list']) return await list(invocation, args);
  return await fetch(invocation, args);
}

async function sourceOf(invocation: Invocation, args: ParsedArguments) {
  const { findServer } = await import('../../images/servers/server.ts');
  const settings = await settingsFor(invocation);
  const { server, keyring } = args.values;
  const choice = {
    ...(server === undefined ? {} : { word: server }),
    ...(keyring === undefined ? {} : { keyring: resolve(invocation.cwd, keyring) }),
    noValidate: args.flags['noValidate'] ?? false,
  };
  const display = fetchDisplay(invocation, args);
  const options = {
    cacheDir: settings.cacheDir,
    stateDir: settings.stateDir,
    env: invocation.env,
    signal: invocation.signal,
    forceCache: args.flags['forceCache'] ?? false,
    notice: display.notice,
    onProgress: display.progress,
  };
  return { server: findServer(choice, settings.imageServers), options, display };
}

function wantedOf({ values }: ParsedArguments) {
  const { dist, release, arch, variant, build } = values;
  return {
    ...(dist === undefined ? {} : { distribution: dist }),
    ...(release === undefined ? {} : { release }),
    ...(arch === undefined ? {} : { arch: serverArch(arch) }),
    ...(variant === undefined ? {} : { variant }),
    ...(build === undefined ? {} : { build }),
  };
}

async function list(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const format = formatOf(args);
  const { server, options } = await sourceOf(invocation, args);
  const { listImages } = await import('../../images/servers/image.ts');
  const { newestOf } = await import('../../images/servers/choose.ts');
  const images = newestOf(await listImages(server, options), wantedOf(args));
  const rows = images.map(({ distribution, release, arch, variant, build }) => [
    distribution,
    release,
    arch,
    variant,
    build,
  ]);
  if (format === undefined)
    invocation.stdout.write(table(['DIST', 'RELEASE', 'ARCH', 'VARIANT', 'BUILD'], rows));
  else
    invocation.stdout.write(
      await structured(
        rows.map(([dist, release, arch, variant, build]) => ({ dist, release, arch, variant, build })),
        format,
      ),
    );
  return EXIT.ok;
}

async function fetch(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const { dist, release, into, facts } = args.values;
  if (dist === undefined || release === undefined)
    throw badArgument('which image is not said', 'give --dist and --release; --list shows what there is');
  if (into === undefined && facts === undefined)
    throw badArgument(
      'what to do with the image is not said',
      'give --into DIR, or --list to see what there is',
    );
  const { server, options, display } = await sourceOf(invocation, args);
  const { findImage, flushCache, unpackImage } = await import('../../images/servers/image.ts');
  const { imageFacts, wordFacts } = await import('../../images/servers/facts.ts');
  const flush = args.flags['flushCache'] ? flushCache : () => {};
  flush(server, options);
  const wanted = {
    arch: serverArch(machine()),
    variant: 'default',
    ...wantedOf(args),
    distribution: dist,
    release,
  };
  const found = await findImage(server, wanted, options);
  flush(server, options, found.files);
  const words = await filling(invocation, into, directory => unpackImage(found, directory, options)).finally(
    display.end,
  );
  const lines = [...imageFacts(found), ...(words === undefined ? [] : wordFacts(words))];
  if (facts !== undefined) writeFileSync(resolve(invocation.cwd, facts), lines.join(''));
  return EXIT.ok;
}

async function local(invocation: Invocation, args: ParsedArguments, fstree: string): Promise<number> {
  const { into, facts, metadata } = args.values;
  const { unpackLocal } = await import('../../images/unpack/local.ts');
  const { wordFacts } = await import('../../images/servers/facts.ts');
  const image = {
    fstree: resolve(invocation.cwd, fstree),
    ...(metadata === undefined ? {} : { metadata: resolve(invocation.cwd, metadata) }),
    env: invocation.env,
    signal: invocation.signal,
  };
  const words =
    into === undefined
      ? await unpackLocal(image)
      : await filling(invocation, into, directory => unpackLocal({ ...image, into: directory }));
  if (facts !== undefined)
    writeFileSync(resolve(invocation.cwd, facts), words ? wordFacts(words).join('') : '');
  return EXIT.ok;
}

/**
 * Has `work` fill a directory that is empty, made if need be; when it throws, nothing of its work is left. Without a directory there is
 * nothing to do. Throws BAD_ARGUMENT, NEEDS_ROOT.
 */
async function filling<T>(
  invocation: Invocation,
  word: string | undefined,
  work: (directory: string) => Promise<T>,
): Promise<T | undefined> {
  if (word === undefined) return undefined;
  const directory = resolve(invocation.cwd, word);
  if (invocation.uid !== 0)
    throw new TslxcError('NEEDS_ROOT', 'only root can unpack a root file system', {
      hint: 'run it with sudo',
    });
  const made = makeOrRefuse(directory, 0o777);
  if (readdirSync(directory).length > 0)
    throw badArgument(`${directory} is not empty`, 'give a directory with nothing in it');
  try {
    return await work(directory);
  } catch (error) {
    for (const entry of readdirSync(directory))
      rmSync(join(directory, entry), { recursive: true, force: true });
    if (made !== undefined) rmdirSync(directory);
    throw error;
  }
}
