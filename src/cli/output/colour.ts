// Colour, on a terminal only.

const CODES = { good: '1;32', bad: '1;31', warning: '1;33' } as const;

/** Paints words when the stream is a terminal and NO_COLOR is not set; else gives them back unchanged. */
export function painter(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>) {
  const paint = isTerminal && !env['NO_COLOR'];
  return (tone: keyof typeof CODES, text: string): string =>
    paint ? `\u001b[${CODES[tone]}m${text}\u001b[0;39m` : text;
}
