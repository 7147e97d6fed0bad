// The host's programs that the default bridge is made with.

import { TslxcError } from '../base/errors.ts';
import { runProgram } from '../host/program.ts';

const PACKAGES = { ip: 'iproute2', nft: 'nftables', dnsmasq: 'dnsmasq-base' } as const;
export type Tool = keyof typeof PACKAGES;

/** They live in sbin, which a plain PATH may lack. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

/**
 * Runs a tool to its end and returns its standard output. Throws NETWORK_TOOL_MISSING with the package's name, NETWORK_FAILED with
 * what the tool said.
 */
export async function runTool(tool: Tool, args: readonly string[]): Promise<string> {
  const done = await tryTool(tool, args);
  if (done.status === 0) return done.stdout;
  const said = done.stderr.trim().split('\n')[0] ?? '';
  throw new TslxcError(
    'NETWORK_FAILED',
    `${tool} ${args[0]?.startsWith('-') ? '' : `${args.slice(0, 3).join(' ')} `}failed: ${said}`,
  );
}

export interface ToolResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The same for a tool that may fail; throws only when it can't be started. */
export async function tryTool(tool: Tool, args: readonly string[]): Promise<ToolResult> {
  const done = await runProgram(tool, args, { env: ENVIRONMENT, cwd: '/' });
  if (done.startError === 'ENOENT') {
    throw new TslxcError('NETWORK_TOOL_MISSING', `${tool} is not installed`, {
      hint: `apt-get install ${PACKAGES[tool]}`,
    });
  }
  if (done.startError !== undefined)
    throw new TslxcError('NETWORK_FAILED', `can't start ${tool}: ${done.startError}`);
  return { status: done.exitCode ?? 128, stdout: done.stdout, stderr: done.stderr };
}
