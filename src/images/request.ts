// What a create is asked, and what it tells.

import type { IdRangeSettings } from '../storage/id-ranges.ts';
import type { BaseConfig } from './base-config.ts';

/** What a create tells while it works. */
export type CreateEvent =
  /** Something the user should know: an id span was made, the container is privileged. */
  | { readonly kind: 'notice'; readonly text: string }
  /** A line that the template printed. */
  | { readonly kind: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string };

export interface CreateRequest {
  /** Absolute. */
  readonly lxcpath: string;
  readonly name: string;
  /** A template's name or absolute path; `none`: config only. */
  readonly template: string;
  readonly templateArguments: readonly string[];
  /** What the config begins with. */
  readonly base: BaseConfig;
  /** -B: default `dir`. */
  readonly backingStore?: string;
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

export interface CreateSettings extends IdRangeSettings {
  /** tslxc's own templates and shared configs. */
  readonly templates: string;
  readonly etc: string;
}
