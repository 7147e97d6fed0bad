import { addon } from './addon.ts';

/** A descriptor of a memory file holding `bytes`, sealed against every change, at offset 0, close-on-exec. The caller closes it. */
export function sealedMemfd(name: string, bytes: Uint8Array): number {
  return addon().sealedMemfd(name, bytes);
}
