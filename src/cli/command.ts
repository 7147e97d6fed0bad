// What a verb is: a declaration and a run. Help, man pages and completion come from the declaration.

import type { Readable, Writable } from 'node:stream';
import type { Log } from '../host/log.ts';

/** Everything a verb may know about who called it. Nothing else of the process is touched outside src/bin. */
export interface Invocation {
  /** The name it was called by: tslxc-start, lxc-start. */
  readonly program: string;
  /** Whose defaults apply: called as lxc-* the paths and the container defaults are LXC's. */
  readonly flavour: 'tslxc' | 'lxc';
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Whether descriptors 0, 1 and 2 are terminals. */
  readonly isTTY: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** Width of the terminal on stdout; 80 where there is none. */
  readonly columns: number;
  readonly umask: number;
  /** The terminal itself, for a dialogue; only where descriptors 0 and 2 are terminals. */
  terminal(): { readonly input: NodeJS.ReadableStream; readonly output: NodeJS.WritableStream };
  /** Aborted on SIGINT, SIGTERM and SIGHUP; until it is looked at, those signals end the process as usual. */
  readonly signal: AbortSignal;
}

export interface OptionSpec {
  readonly long?: string;
  readonly short?: string;
  /** Word for the argument in help; absent = a flag. `[X]` = optional and glued, as getopt's. */
  readonly arg?: string;
  /** May be given more than once; the value is then an array. */
  readonly repeat?: boolean;
  /** Help text; further lines are kept as they are. */
  readonly summary: string;
  /** Accepted, but not shown in help and usage. */
  readonly hidden?: boolean;
  /** Shell completion: what the argument is. */
  readonly complete?: 'container' | 'state' | 'template' | 'key' | 'file' | 'directory' | readonly string[];
}

export interface ParsedArguments {
  /** The container's name, from -n or the first positional (then no longer one); empty where a verb takes none. */
  readonly name: string;
  /** By the key in `options` or COMMON_OPTIONS, in the order in which they were last given; absent = not given. */
  readonly flags: Readonly<Record<string, boolean>>;
  /** An optional argument that was not given is the empty text. */
  readonly values: Readonly<Record<string, string>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly positionals: readonly string[];
  /** After `--`; undefined when there was none. */
  readonly rest: readonly string[] | undefined;
}

export interface Command {
  /** The verb: `start`. */
  readonly name: string;
  readonly summary: string;
  /** After the program name: `--name=NAME [-- COMMAND]`. */
  readonly synopsis: string;
  readonly description: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** How the container name is taken: option or first positional (most), or not at all. */
  readonly nameFrom: 'option-or-positional' | 'option' | 'none';
  /** Whether these options name containers by themselves: no word is a name then, and none is missing. */
  hasNoName?(values: Readonly<Record<string, string>>): boolean;
  /** Printed after --help: what else was asked about by the options before it (`-t TEMPLATE -h`). */
  moreHelp?(invocation: Invocation, values: Readonly<Record<string, string>>): Promise<void>;
  /** On a terminal: a command line in place of one that lacks something; undefined: it lacks nothing that can be asked for. */
  ask?(invocation: Invocation, args: ParsedArguments): Promise<readonly string[] | undefined>;
  /** Returns the exit status; throws TslxcError for what the user must be told. `log` is the file of -o and -l. */
  run(invocation: Invocation, args: ParsedArguments, log: Log): Promise<number>;
}
