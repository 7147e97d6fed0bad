// What a user may wish for a new container's config beside the file it begins with: limits and a network, by one option each.

import { TslxcError } from '../base/errors.ts';
import { type ConfigEdit, editConfig } from '../config/edit.ts';
import type { BaseConfig } from './base-config.ts';

export interface ConfigWishes {
  /** --memory: bytes, or with K, M or G. */
  readonly memory?: string;
  /** --cpus: how many at most, with fractions. */
  readonly cpus?: string;
  /** --network: `none`, or a bridge; absent: what the base config says. */
  readonly network?: string;
}

/** The base config with the wishes in it. Throws BAD_ARGUMENT naming the option. */
export function withWishes(base: BaseConfig, wishes: ConfigWishes): BaseConfig {
  const edits = [...limitEdits(wishes), ...networkEdits(base, wishes.network)];
  return edits.length === 0 ? base : { ...base, text: editConfig(base.text, edits) };
}

/** In the words of cgroup v2: a start says them to v1 as well, where the host has only that. */
function limitEdits({ memory, cpus }: ConfigWishes): ConfigEdit[] {
  for (const [option, value, fault] of [
    ['--memory', memory, memoryFault],
    ['--cpus', cpus, cpusFault],
  ] as const) {
    const wrong = value === undefined ? undefined : fault(value);
    if (wrong !== undefined)
      throw new TslxcError('BAD_ARGUMENT', `${option} ${JSON.stringify(value)}: ${wrong}`);
  }
  return [
    ...(memory === undefined ? [] : [{ set: 'lxc.cgroup2.memory.max', value: memory.toUpperCase() }]),
    ...(cpus === undefined ? [] : [{ set: 'lxc.cgroup2.cpu.max', value: `${quota(cpus)} ${PERIOD_US}` }]),
  ];
}

const PERIOD_US = 100_000;
/** The kernel's smallest quota is a hundredth of that period. */
const LEAST_CPUS = 0.01;
/** With less no init gets far. */
const LEAST_MEMORY_BYTES = 4 * 1024 ** 2;

function quota(cpus: string): number {
  return Math.round(Number(cpus) * PERIOD_US);
}

/** What is wrong with a size of memory; undefined: nothing. */
export function memoryFault(text: string): string | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,15})([KMG]?)$/i.exec(text) ?? [];
  if (digits === '') return 'not a size; write 512M or 2G';
  const bytes = Number(digits) * 1024 ** ' KMG'.indexOf(unit.toUpperCase() || ' ');
  return bytes < LEAST_MEMORY_BYTES ? 'too little for any system; write 512M or 2G' : undefined;
}

/** What is wrong with a number of cpus; undefined: nothing. */
export function cpusFault(text: string): string | undefined {
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(text)) return 'not a number of cpus; write 2 or 0.5';
  return Number(text) < LEAST_CPUS ? `the least is ${LEAST_CPUS}` : undefined;
}

/** What is wrong with a link's name; undefined: nothing. */
export function bridgeFault(name: string): string | undefined {
  return /^[^\s/:\p{Cc}]{1,15}$/u.test(name) && name !== '.' && name !== '..'
    ? undefined
    : "not a bridge's name; `ip link show type bridge` lists them";
}

function networkEdits(base: BaseConfig, network: string | undefined): ConfigEdit[] {
  if (network === undefined) return [];
  // An empty lxc.net also clears what an include of the base config says.
  const none: ConfigEdit[] = [
    { remove: 'lxc.net', below: true },
    { append: 'lxc.net', value: '' },
    { append: 'lxc.net.0.type', value: 'empty' },
  ];
  if (network === 'none') return none;
  const fault = bridgeFault(network);
  if (fault !== undefined) {
    throw new TslxcError('BAD_ARGUMENT', `--network ${JSON.stringify(network)}: ${fault}`);
  }
  const hasLink = /^\s*lxc\.net\.0\.link\s*=/m.test(base.text);
  if (hasLink) return [{ set: 'lxc.net.0.link', value: network }];
  return [
    { remove: 'lxc.net.0', below: true },
    { append: 'lxc.net.0.type', value: 'veth' },
    { append: 'lxc.net.0.link', value: network },
    { append: 'lxc.net.0.flags', value: 'up' },
    { append: 'lxc.net.0.hwaddr', value: '10:66:6a:xx:xx:xx' },
  ];
}
