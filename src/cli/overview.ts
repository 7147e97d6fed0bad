// `tslxc` without a verb: the list of verbs.

import type { Invocation } from './command.ts';

/** Prints the verbs; --version prints the version, anything else unknown is a usage failure. */
export async function overview(
  invocation: Invocation,
  verbs: Readonly<Record<string, { readonly summary: string }>>,
): Promise<number> {
  const [word] = invocation.argv;
  if (word === '--version') {
    const { versionOf } = await import('./version.ts');
    invocation.stdout.write(`${versionOf(invocation.flavour)}\n`);
    return 0;
  }
  const width = Math.max(...Object.keys(verbs).map(verb => verb.length)) + 2;
  const lines = Object.entries(verbs).map(([verb, { summary }]) => `  ${verb.padEnd(width)}${summary}\n`);
  invocation.stderr.write(
    `Usage: ${invocation.program} VERB [OPTION...]\n\n${lines.join('')}\n` +
      `Each is also a command of its own (${invocation.program}-start) and has --help.\n`,
  );
  return word === undefined || word === '--help' || word === '-h' || word === 'help' ? 0 : 1;
}
