// The host's programs that the default bridge is made with.

import { existsSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import { runShort, type ShortResult } from '../host/short-program.ts';

const PACKAGES = { ip: 'iproute2', nft: 'nftables', dnsmasq: 'dnsmasq-base' } as const;
export type Tool = keyof typeof PACKAGES;

/** They live in sbin, which a plain PATH may lack. */
const DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];
const ENVIRONMENT = { PATH: DIRECTORIES.join(':'), LC_ALL: 'C' };

/** Throws NETWORK_TOOL_MISSING, before anything is begun, with the packages of all tools that are not there. */
export function checkTools(): void {
  const missing = (Object.keys(PACKAGES) as Tool[]).filter(
    tool => !DIRECTORIES.some(directory => existsSync(`${directory}/${tool}`)),
  );
  if (missing.length > 0) throw missingTools(missing);
}

function missingTools(tools: readonly Tool[]): TslxcError {
  const message = `${tools.join(' and ')} ${tools.length === 1 ? 'is' : 'are'} not installed`;
  return new TslxcError('NETWORK_TOOL_MISSING', message, {
    hint: `apt-get install ${tools.map(tool => PACKAGES[tool]).join(' ')}`,
  });
}

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

/** The same for a tool that may fail; throws only when it can't be started. */
export async function tryTool(tool: Tool, args: readonly string[]): Promise<ShortResult> {
  const done = await runShort(tool, args, ENVIRONMENT);
  if (done.startError === 'ENOENT') throw missingTools([tool]);
  if (done.startError !== undefined)
    throw new TslxcError('NETWORK_FAILED', `can't start ${tool}: ${done.startError}`);
  return done;
}

/** What an old iptables says of one chain; empty where there is none. */
export async function listLegacyChain(chain: string): Promise<string> {
  return (await runShort('iptables-legacy', ['-w', '-S', chain], ENVIRONMENT)).stdout;
}
