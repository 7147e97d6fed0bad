/** A template's arguments as they are shown and written to configs, which more people read than a password is for. */
export function withoutPassword(words: readonly string[]): string[] {
  return words.map((word, index) => {
    if (words[index - 1] === '--password') return '(hidden)';
    return word.startsWith('--password=') ? '--password=(hidden)' : word;
  });
}
