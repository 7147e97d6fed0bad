// Hooks: which program runs where, with LXC's arguments and environment of either version (lxc-commands, section 5).

import { LOG_LEVELS } from '../base/log-levels.ts';
import type { ContainerConfig, HookType, NetConfig, Setting } from '../config/model.ts';
import type { LaunchInput } from '../facts/model.ts';
import { DEFAULT_PATH, lastOfEachName, literal } from './environment.ts';
import type { Slot } from './slot.ts';
import type { Start } from './start.ts';

/** What a hook may be told that exists only at run time. */
export interface LiveValues {
  readonly init?: Slot;
  /** `mnt` → a descriptor of this executor; with its own pid. */
  readonly namespaces?: { readonly executor: Slot; readonly files: ReadonlyMap<string, Slot> };
}

export interface HookCall {
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

/** Where a container-side hook differs: it sees lxc.environment too. */
export type HookSide = 'host' | 'container';

/** All hooks of one type, as ops of one actor, in config order. */
export function runHooks(
  start: Start,
  actor: 'host' | 'parent' | 'child',
  type: HookType,
  live: LiveValues = {},
): void {
  const side: HookSide = actor === 'child' ? 'container' : 'host';
  for (const setting of start.config.hooks[type]) {
    const call = hookCall(start.config, start.input, { setting, type, side, live });
    start.add(actor, setting.origin, 'hook', { ...call, where: type });
  }
}

interface HookRequest {
  readonly setting: Setting<string>;
  readonly type: HookType;
  readonly side: HookSide;
  readonly live: LiveValues;
  readonly target?: 'stop' | 'reboot';
}

/** One hook of section lxc. */
export function hookCall(config: ContainerConfig, input: LaunchInput, request: HookRequest): HookCall {
  const { setting, type, live } = request;
  const namespaces = type === 'stop' ? [...(live.namespaces?.files ?? [])] : [];
  const version0 = [
    literal(input.name),
    'lxc',
    type,
    ...namespaces.map(
      ([word, file]) => `${word}:/proc/{${live.namespaces?.executor.slot}}/fd/{${file.slot}}`,
    ),
  ];
  return {
    argv: shellCall(setting.value, config.hookVersion.value === 0 ? version0 : []),
    env: [...sharedEnvironment(config, input, request.side), ...hookEnvironment(config, request, 'lxc')],
  };
}

/** One network script: the end of the pair that the host has is known by name. */
export function netScriptCall(
  config: ContainerConfig,
  input: LaunchInput,
  request: {
    net: NetConfig;
    setting: Setting<string>;
    type: 'up' | 'down';
    peer?: string;
    live: LiveValues;
    target?: 'stop' | 'reboot';
  },
): HookCall {
  const { net, setting, type, peer } = request;
  const link = net.link?.value;
  const details = [net.type.value, link, peer].filter(word => word !== undefined).map(literal);
  const version0 = [literal(input.name), 'net', type, ...details];
  const version1 = [
    `LXC_NET_TYPE=${net.type.value}`,
    ...(link === undefined ? [] : [`LXC_NET_PARENT=${link}`]),
    ...(peer === undefined ? [] : [`LXC_NET_PEER=${peer}`]),
  ];
  const isVersion0 = config.hookVersion.value === 0;
  return {
    argv: shellCall(setting.value, isVersion0 ? version0 : details),
    env: [
      ...sharedEnvironment(config, input, 'host'),
      ...hookEnvironment(config, { ...request, side: 'host' }, 'net'),
      ...(isVersion0 ? [] : version1.map(literal)),
    ],
  };
}

/** LXC gives the line to a shell. Arguments may hold slot references. */
function shellCall(script: string, args: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', `exec ${[literal(script), ...args].join(' ')}`];
}

function sharedEnvironment(config: ContainerConfig, input: LaunchInput, side: HookSide): string[] {
  const rootfs = config.rootfs.path?.value.spec;
  const settings = lastOfEachName([
    DEFAULT_PATH,
    ...(side === 'container' ? config.environment.map(({ value }) => value) : []),
    ...config.environmentHooks.map(({ value }) => value),
    `LXC_NAME=${input.name}`,
    `LXC_CONFIG_FILE=${input.configFile}`,
    `LXC_ROOTFS_MOUNT=${config.rootfs.mount?.value ?? input.rootfsMount}`,
    ...(rootfs === undefined ? [] : [`LXC_ROOTFS_PATH=${rootfs}`]),
    'LXC_CGNS_AWARE=1',
    `LXC_LOG_LEVEL=${LOG_LEVELS[config.log.level?.value ?? 5] ?? 'ERROR'}`,
    `LXC_HOOK_VERSION=${config.hookVersion.value}`,
    ...(config.console.path ? [`LXC_CONSOLE=${config.console.path.value}`] : []),
    ...(config.console.logfile ? [`LXC_CONSOLE_LOGPATH=${config.console.logfile.value}`] : []),
  ]);
  return settings.map(literal);
}

function hookEnvironment(
  config: ContainerConfig,
  {
    type,
    side,
    live,
    target,
  }: { type: string; side: HookSide; live: LiveValues; target?: 'stop' | 'reboot' },
  section: 'lxc' | 'net',
): string[] {
  const { init, namespaces } = live;
  return [
    ...(init && side === 'host' ? [`LXC_PID={${init.slot}}`] : []),
    ...(target ? [`LXC_TARGET=${target}`] : []),
    ...[...(namespaces?.files ?? [])].map(
      ([word, file]) => `LXC_${word.toUpperCase()}_NS=/proc/{${namespaces?.executor.slot}}/fd/{${file.slot}}`,
    ),
    ...(config.hookVersion.value === 1 ? [`LXC_HOOK_TYPE=${type}`, `LXC_HOOK_SECTION=${section}`] : []),
  ];
}
