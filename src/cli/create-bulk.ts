// `tslxc-create --count 100 --name-pattern web-%d`.

import { join } from 'node:path';
import { EXIT, TslxcError } from '../base/errors.ts';
import type { Log } from '../host/log.ts';
import { type BulkResult, createMany, patternNames, refuseTaken, spans } from '../images/bulk.ts';
import { type CreateEvent, type CreateSettings, createContainer } from '../images/create.ts';
import type { Invocation, ParsedArguments } from './command.ts';
import type { SharedRequest } from './create-request.ts';
import type { CreateDisplay } from './output/create-lines.ts';
import { report } from './report.ts';
import { badArgument, integerOption } from './values.ts';

/** Whether the command line asks for many; they have no one name. */
export function asksForMany(values: Readonly<Record<string, string>>): boolean {
  return (
    values['count'] !== undefined || values['name-pattern'] !== undefined || values['first'] !== undefined
  );
}

/** The names that are asked for. Throws BAD_ARGUMENT, NAME_INVALID. */
function namesOf({ name, values, rest }: ParsedArguments): string[] {
  const { count, 'name-pattern': pattern, first, dir } = values;
  if (name !== '') throw badArgument('--name is for one container, --count and --name-pattern are for many');
  if (count === undefined || pattern === undefined) {
    throw badArgument('--count and --name-pattern go together', 'write --count 100 --name-pattern web-%d');
  }
  if (dir !== undefined) throw badArgument("--dir is one place: many containers can't share it");
  if (rest?.some(word => word === '--help')) throw badArgument('-t TEMPLATE -- --help goes without --count');
  return patternNames({
    pattern,
    count: integerOption('--count', count),
    first: integerOption('--first', first ?? '1'),
  });
}

export interface Making {
  readonly settings: CreateSettings;
  readonly request: SharedRequest;
  readonly display: CreateDisplay;
  readonly log: Log;
}

/** Makes them all, or says which were made and which not. */
export async function createBulk(
  invocation: Invocation,
  args: ParsedArguments,
  making: Making,
): Promise<number> {
  const { settings, request, display, log } = making;
  const { lxcpath } = request;
  const names = namesOf(args);
  refuseTaken(lxcpath, names);
  const telling = new Telling(display, names.length, args.values['format'] === 'json');
  const result = await createMany(names, async name => {
    const onEvent = (event: CreateEvent) => telling.event(name, event);
    await createContainer(settings, { ...request, name, onEvent });
    telling.made({ name, lxcpath, path: join(lxcpath, name) });
  });
  display.end();
  for (const { name, error } of result.failed) {
    if (!(error instanceof TslxcError)) throw error;
    if (error.code === 'INTERRUPTED') continue;
    display.failed(error, name);
    report(error, invocation, { ...args, name }, log);
  }
  if (result.notMade.length > 0) throw notAllMade(names, result);
  if (telling.passwords > 0 && !args.flags['quiet'] && args.values['format'] === undefined) {
    invocation.stderr.write(
      `${names.length} made; root's password of each is in ${lxcpath}/NAME/root-password\n`,
    );
  }
  return EXIT.ok;
}

/** What is shown of many: all of the first, which may make the base; of the others how many there are, and what must be known. */
class Telling {
  passwords = 0;
  readonly #display: CreateDisplay;
  readonly #total: number;
  readonly #all: boolean;
  #done = 0;

  constructor(display: CreateDisplay, total: number, all: boolean) {
    this.#display = display;
    this.#total = total;
    this.#all = all;
  }

  event(name: string, event: CreateEvent): void {
    if (event.kind === 'password') this.passwords++;
    const isShown = event.kind === 'notice' || (this.#done === 0 && event.kind !== 'password');
    if (this.#all || isShown) this.#display.event(name, event);
  }

  made(container: { name: string; lxcpath: string; path: string }): void {
    this.#done++;
    this.#display.created(container);
    const counted = { what: 'Creating', unit: 'containers', done: this.#done, total: this.#total };
    this.#display.event('', { kind: 'progress', ...counted });
  }
}

function notAllMade(names: readonly string[], { made, notMade, failed }: BulkResult): TslxcError {
  const interrupted = failed.find(({ error }) => (error as TslxcError).code === 'INTERRUPTED')?.error;
  // What was being made is removed; what was whole stays.
  const before = interrupted instanceof TslxcError ? `${interrupted.message.split(';')[0]}; ` : '';
  const were = made.length === 1 ? '1 is there' : `${made.length} are there`;
  const there = made.length === 0 ? 'none is there' : `${were}: ${spans(names, made)}`;
  const message = `${before}${there}; not made: ${spans(names, notMade)}`;
  return new TslxcError(interrupted === undefined ? 'NOT_ALL_MADE' : 'INTERRUPTED', message, {
    ...(interrupted instanceof TslxcError ? { exitStatus: interrupted.exitStatus } : {}),
  });
}
