// What a create is asked.

import type { IdRangeSettings } from '../storage/id-ranges.ts';
import type { BaseConfig } from './base-config.ts';
import type { CreateEvent } from './events.ts';

export type { CreateEvent } from './events.ts';

export interface CreateRequest {
  /** Absolute. */
  readonly lxcpath: string;
  readonly name: string;
  /** A template's name or absolute path; `none`: config only. */
  readonly template: string;
  readonly templateArguments: readonly string[];
  /** What the config begins with. */
  readonly base: BaseConfig;
  /** -B; default: an overlay of a base where there can be one, else `dir`. */
  readonly backingStore?: string;
  /** A tree of its own, sharing no base. */
  readonly full?: boolean;
  /** Bases: `use` (default) one that is there, `refresh` asks the mirror for what it has now, `none` makes none. */
  readonly cache?: 'use' | 'refresh' | 'none';
  readonly rootAccess?: RootAccess;
  /** --dir, absolute. */
  readonly directory?: string;
  readonly flavour: 'tslxc' | 'lxc';
  /** Root inside is root outside. */
  readonly privileged: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the template begins, as its caller did. */
  readonly cwd: string;
  /** `lines`: the template's output comes as events. */
  readonly output: 'lines' | 'inherit' | 'ignore';
  readonly signal: AbortSignal;
  readonly onEvent: (event: CreateEvent) => void;
}

/** How root may log in. By default with a password made up for this container, or not at all when `flavour` is lxc. */
export interface RootAccess {
  /** One line; `none`: root stays locked. */
  readonly password?: { readonly text: string } | 'none';
  /** The text of an authorized_keys file. */
  readonly sshKeys?: string;
}

export interface CreateSettings extends IdRangeSettings {
  /** tslxc's own templates and shared configs. */
  readonly templates: string;
  readonly etc: string;
  readonly cacheDir: string;
  readonly runDir: string;
}
