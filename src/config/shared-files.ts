// Config files as several containers share them: those that all include are read and taken apart once.

import { type ConfigSource, hostFiles } from './source.ts';
import { type ConfigLine, parseLines } from './syntax.ts';

/** Remembers what it read. Make one for each command: a longer memory would miss changes. */
export class SharedFiles implements ConfigSource {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[] | undefined>();
  readonly #lines = new Map<string, ConfigLine[]>();

  read(path: string): string {
    const known = this.#texts.get(path);
    if (known !== undefined) return known;
    const text = hostFiles.read(path);
    this.#texts.set(path, text);
    return text;
  }

  list(path: string): readonly string[] | undefined {
    if (!this.#lists.has(path)) this.#lists.set(path, hostFiles.list(path));
    return this.#lists.get(path);
  }

  /** A file has the same lines wherever it is included; `file` is the name that errors carry. */
  lines(text: string, file: string): readonly ConfigLine[] {
    const known = this.#lines.get(file);
    if (known !== undefined) return known;
    const lines = parseLines(text, file);
    this.#lines.set(file, lines);
    return lines;
  }
}
