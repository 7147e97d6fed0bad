// Which options make which base: the same template with the same text, arguments and architecture makes the same one.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Template } from '../template.ts';

/** sha256, in hexadecimal, of the template, of all it may source, of its arguments and of this machine's architecture. */
export function baseKey(template: Template, templateArguments: readonly string[], templates: string): string {
  const hash = createHash('sha256');
  const add = (...words: string[]) => hash.update(`${words.join('\0')}\0\n`);
  add('base', process.arch, basename(template.path), ...templateArguments);
  for (const file of [template.path, ...sharedPieces(template, templates)]) {
    add(basename(file)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** engine.sh and its like, of tslxc and beside the template. */
function sharedPieces(template: Template, templates: string): string[] {
  return [...new Set([templates, dirname(template.path)])].flatMap(directory =>
    readdirSync(directory)
      .filter(name => name.endsWith('.sh'))
      .sort()
      .map(name => join(directory, name)),
  );
}
