import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT, TslxcError } from '../../base/errors.ts';
import { isDigest } from '../../images/oci/digest.ts';
import type { InitChoice } from '../../images/oci/init.ts';
import { type ImageFacts, type ImageRequest, lookAtImage, unpackImage } from '../../images/oci/pull.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { settingsFor } from '../context.ts';
import { badArgument, makeOrRefuse } from '../values.ts';

export const command: Command = {
  name: 'fetch-oci',
  summary: 'Look at an OCI image, or unpack one',
  synopsis: '--url=URL --work=DIR --facts=FILE [--into=DIR]',
  description:
    'See what an OCI image is now, or unpack it into an empty directory.\nThe template oci is made with it',
  nameFrom: 'none',
  options: {
    url: {
      short: 'u',
      long: 'url',
      arg: 'URL',
      summary: 'oci:DIR[:TAG], docker://[HOST/]REPO[:TAG|@DIGEST], oci-archive:FILE or docker-archive:FILE',
    },
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
        'Write what is known of the image to FILE, one KEY VALUE a line;\nwith --into: the lines of a config for it, `config LINE`',
      complete: 'file',
    },
    work: {
      long: 'work',
      arg: 'DIR',
      summary: 'Directory for what is only needed now',
      complete: 'directory',
    },
    digest: { long: 'digest', arg: 'DIGEST', summary: 'With --into: refuse another image than this' },
    arch: { short: 'a', long: 'arch', arg: 'ARCH', summary: "Architecture (default: this host's)" },
    init: {
      long: 'init',
      arg: 'WHICH',
      summary: "What it runs: command (the image's), image (its init) or auto",
      complete: ['auto', 'command', 'image'],
    },
    username: { long: 'username', arg: 'USERNAME', summary: 'Who asks the registry' },
    passwordFile: {
      long: 'password-file',
      arg: 'FILE',
      summary: 'File with the password, one line',
      complete: 'file',
    },
    insecure: { long: 'insecure', summary: 'Take http, and certificates that nobody vouches for' },
    noCache: { long: 'no-cache', summary: 'Keep no layers for the next image' },
    own: { long: 'own', summary: 'Never use skopeo' },
  },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const [unexpected] = args.positionals;
  if (unexpected !== undefined) throw badArgument(`unexpected argument ${unexpected}`);
  const request = await requestOf(invocation, args);
  const { into, facts, digest } = args.values;
  if (facts === undefined) throw badArgument('--facts is missing');
  if (digest !== undefined && !isDigest(digest)) throw badArgument(`--digest: ${digest} is no digest`);
  const init = initChoice(args.values['init'] ?? 'auto');
  const lines =
    into === undefined
      ? factLines(await lookAtImage(request))
      : await unpackImage({
          ...request,
          into: resolve(invocation.cwd, into),
          init,
          ...(digest === undefined ? {} : { digest }),
        }).then(config => config.map(line => `config ${line}`));
  writeFileSync(resolve(invocation.cwd, facts), lines.map(line => `${line}\n`).join(''), { mode: 0o600 });
  return EXIT.ok;
}

async function requestOf(invocation: Invocation, args: ParsedArguments): Promise<ImageRequest> {
  const { url, arch, work, username } = args.values;
  if (url === undefined) throw badArgument('--url is missing', 'give for example --url docker://alpine:3.20');
  if (work === undefined) throw badArgument('--work is missing');
  const settings = await settingsFor(invocation);
  const directory = resolve(invocation.cwd, work);
  makeOrRefuse(directory, 0o700);
  const password = passwordOf(invocation, args);
  if (password !== undefined && username === undefined)
    throw badArgument('--password-file wants --username as well');
  return {
    url,
    insecure: args.flags['insecure'] ?? false,
    own: args.flags['own'] ?? false,
    work: directory,
    cwd: invocation.cwd,
    env: invocation.env,
    say: line => invocation.stdout.write(`${line}\n`),
    progress: progressOf(invocation),
    ...(arch === undefined ? {} : { arch }),
    ...(username === undefined ? {} : { credentials: { username, password: password ?? '' } }),
    ...(args.flags['noCache'] ? {} : { cacheDir: join(settings.cacheDir, 'oci') }),
  };
}

const PROGRESS_MS = 100;

/** Lines that tslxc-create shows as it likes (templates/engine.sh); by itself this verb says only what it begins. */
function progressOf({ env, stdout }: Invocation): ImageRequest['progress'] {
  let last = 0;
  return (done, total, what) => {
    const now = performance.now();
    if (!env['TSLXC_EVENTS'] || (now - last < PROGRESS_MS && done !== total)) return;
    last = now;
    stdout.write(`tslxc-progress ${done} ${total} bytes ${what}\n`);
  };
}

function passwordOf(invocation: Invocation, args: ParsedArguments): string | undefined {
  const file = args.values['passwordFile'];
  if (file === undefined) return undefined;
  try {
    return readFileSync(resolve(invocation.cwd, file), 'utf8').split(/\r?\n/, 1)[0] ?? '';
  } catch (error) {
    throw new TslxcError(
      'BAD_ARGUMENT',
      `--password-file ${file} can't be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

function initChoice(word: string): InitChoice {
  if (word === 'auto' || word === 'command' || word === 'image') return word;
  throw badArgument(`--init: ${JSON.stringify(word)} is not auto, command or image`);
}

/** As templates say them; a template's facts are words. */
function factLines({ name, tag, arch, origin, digest }: ImageFacts): string[] {
  const facts = { distribution: name, release: tag, arch, origin, index: digest };
  return Object.entries(facts).map(([key, value]) => `${key} ${value.replaceAll(/[\s\p{Cc}]/gu, '_')}`);
}
