// The text that a new container's config begins with.

import { readFileSync } from 'node:fs';

export interface BaseConfigFiles {
  /** -f. */
  readonly given?: string;
  /** lxc.default_config. */
  readonly standard: string;
  /** tslxc's own, where the host has no standard one. */
  readonly packaged?: string;
}

export interface BaseConfig {
  readonly text: string;
  /** The file it came from; errors in it carry this name. */
  readonly file: string;
  /** The file that -f named could not be read. */
  readonly missing: boolean;
}

/** Reads the first file that is there; an empty text where none is. */
export function readBaseConfig({ given, standard, packaged }: BaseConfigFiles): BaseConfig {
  const wanted = given === undefined ? [standard, ...(packaged === undefined ? [] : [packaged])] : [given];
  for (const file of wanted) {
    try {
      return { text: readFileSync(file, 'utf8'), file, missing: false };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && given === undefined) throw error;
    }
  }
  return { text: '', file: given ?? standard, missing: given !== undefined };
}
