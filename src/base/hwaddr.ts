// MAC addresses with digits left to chance: `10:66:6a:xx:xx:xx`.

/**
 * The address with every `x` replaced by a hex digit; `digit` gives random numbers, of which the low four bits are used. The
 * result is unicast: the second digit never becomes odd.
 */
export function fillHwaddr(pattern: string, digit: () => number): string {
  return pattern.replace(/[xX]/g, (_, at: number) => {
    const value = digit() & 0xf;
    return (at === 1 ? value & 0xe : value).toString(16);
  });
}
