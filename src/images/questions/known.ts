// What the questions are made of: what this host has, and what servers offer. Gathered by gather.ts; a test writes it down.

import type { ExaminedTemplate } from '../template-list.ts';

/** Something that can be built now, as the server or the mirror says. */
export interface Offer {
  /** Only where a template has more than one. */
  readonly distribution?: string;
  readonly release: string;
  readonly arch: string;
  readonly variant?: string;
}

export interface Known {
  readonly templates: readonly ExaminedTemplate[];
  /** By template; absent: nobody looked yet. Empty: it does not say. */
  readonly offers: Readonly<Record<string, readonly Offer[]>>;
  /** Names that containers of the lxcpath have. */
  readonly taken: readonly string[];
  /** tslxc's own, made on demand. */
  readonly defaultBridge: string;
  /** Other bridges of this host. */
  readonly bridges: readonly string[];
  /** Public keys of who asks: absolute paths. */
  readonly sshKeys: readonly string[];
  /** The host's, in the words of Debian (amd64) and of the kernel (x86_64). */
  readonly arches: readonly string[];
}
