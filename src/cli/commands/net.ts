import { EXIT } from '../../base/errors.ts';
import type { Settings } from '../../config/settings.ts';
import { type BridgeStatus, bridgeStatus, ensureBridge, stopBridge } from '../../network/bridge.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { settingsFor } from '../context.ts';
import { FORMAT_OPTION } from '../options.ts';
import { formatOf, structured } from '../output/structured.ts';
import { field } from '../output/table.ts';

/** What LXC's script exits with for another word. */
const EXIT_USAGE = 2;

export const command: Command = {
  name: 'net',
  summary: 'Set up the default bridge, or take it down',
  synopsis: 'start|stop|restart|reload|force-reload|status',
  description:
    'The default bridge is made by the first container that needs it: addresses, NAT (nft), DHCP and names (dnsmasq).\n' +
    'start makes it now, stop removes it, status shows it.',
  nameFrom: 'none',
  options: { format: FORMAT_OPTION },
  run,
};

async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const word = args.positionals[0] ?? args.rest?.[0] ?? '';
  const verb = Object.hasOwn(VERBS, word) ? VERBS[word] : undefined;
  if (!verb) {
    invocation.stdout.write(`Usage: ${invocation.program} ${command.synopsis}\n`);
    return EXIT_USAGE;
  }
  return verb({ invocation, args, settings: await settingsFor(invocation) });
}

interface Call {
  readonly invocation: Invocation;
  readonly args: ParsedArguments;
  readonly settings: Settings;
}

const VERBS: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  start,
  stop,
  restart,
  reload: restart,
  'force-reload': restart,
  status,
};

async function start({ invocation, settings }: Call): Promise<number> {
  const bridge = await ensureBridge(settings, invocation.uid);
  if (!bridge.made) {
    invocation.stdout.write(`${invocation.program} is already running\n`);
    return EXIT.failed;
  }
  for (const notice of bridge.notices) invocation.stderr.write(`${invocation.program}: ${notice}\n`);
  return EXIT.ok;
}

async function stop({ invocation, settings }: Call): Promise<number> {
  const { stopped, ports } = await stopBridge(settings, invocation.uid);
  if (!stopped) {
    invocation.stdout.write(`${invocation.program} isn't running\n`);
    return EXIT.failed;
  }
  if (ports.length > 0) {
    const containers = ports.length === 1 ? '1 interface is' : `${ports.length} interfaces are`;
    invocation.stderr.write(
      `${invocation.program}: ${settings.network.bridge} stays, without addresses: ${containers} still on it\n`,
    );
  }
  return EXIT.ok;
}

async function restart(call: Call): Promise<number> {
  await stopBridge(call.settings, call.invocation.uid);
  return start(call);
}

async function status({ invocation, args, settings }: Call): Promise<number> {
  const format = formatOf(args);
  const found = await bridgeStatus(settings);
  invocation.stdout.write(format === undefined ? fields(found) : await structured(found, format));
  return found.state === 'RUNNING' ? EXIT.ok : EXIT.failed;
}

function fields(status: BridgeStatus): string {
  const { ipv4, ipv6, dnsmasqPid, leaseLimit, leases, ports } = status;
  return [
    field('Bridge:', status.bridge),
    field('State:', status.state),
    ...(ipv4 === undefined ? [] : [field('IP:', ipv4)]),
    ...(ipv6 === undefined ? [] : [field('IP:', ipv6)]),
    ...(dnsmasqPid === undefined ? [] : [field('DHCP PID:', String(dnsmasqPid))]),
    field('Leases:', leaseLimit === undefined ? String(leases) : `${leases} of ${leaseLimit}`),
    ...ports.map(port => field('Link:', port)),
    ...status.problems.map(problem => field('Problem:', problem)),
  ].join('');
}
