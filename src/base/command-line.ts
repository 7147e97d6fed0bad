// A command in one line of a config: lxc.init.cmd, lxc.execute.cmd.

/**
 * The words of a command: parted by blanks; a word that begins with a quote goes to the next quote of that kind, blanks included,
 * and on as long as another quote follows at once ('it'"'"'s'). A quote inside an unquoted word is a letter, as in LXC.
 */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  for (const [whole] of text.matchAll(WORD)) {
    const pieces = QUOTED.test(whole)
      ? [...whole.matchAll(PIECE)].map(([piece]) => piece.slice(1, -1))
      : [whole];
    words.push(pieces.join(''));
  }
  return words;
}

const WORD = /(?:'[^']*'|"[^"]*")+|\S+/g;
const QUOTED = /^(?:'[^']*'|"[^"]*")+$/;
const PIECE = /'[^']*'|"[^"]*"/g;

/** The text that splitCommand takes apart into these words again: quoted only where it must be. */
export function joinCommand(words: readonly string[]): string {
  return words.map(quote).join(' ');
}

function quote(word: string): string {
  if (/^[^\s'"]\S*$/.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  if (!word.includes('"')) return `"${word}"`;
  // Neither kind alone can hold it: pieces, each in the quotes that are not in it.
  return word.replaceAll(/'+|[^']+/g, piece => (piece.startsWith("'") ? `"${piece}"` : `'${piece}'`));
}
