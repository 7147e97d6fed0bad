import { runProgram } from '../host/program.ts';
import type { Template } from './template.ts';

/** What a template prints about itself (`TEMPLATE -h`), with a final newline. */
export async function templateHelp(
  template: Template,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const { stdout, stderr } = await runProgram(template.path, ['-h'], { env });
  return `${stdout}\n${stderr}`.trim().concat('\n');
}
