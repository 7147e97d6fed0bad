// What a plan says a running container must look like, and what the kernel says it does.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Op, Plan } from '../../src/plan/model.ts';
import type { OpName } from '../../src/plan/opcodes.ts';
import type { Slot } from '../../src/plan/slot.ts';

/** The ops of one name, in order, outside teardown. */
export function opsNamed<N extends OpName>(plan: Plan, name: N): Op<N>['fields'][] {
  const segments = plan.segments.filter(({ actor }) => !actor.startsWith('teardown'));
  return segments
    .flatMap(({ ops }) => ops)
    .filter((op): op is Op<N> => op.name === name)
    .map(({ fields }) => fields);
}

export interface ExpectedMount {
  readonly path: string;
  readonly type?: string;
  readonly flags: readonly string[];
  readonly optional: boolean;
}

const SHOWN = ['ro', 'nosuid', 'nodev', 'noexec', 'noatime'];

/** Every mount below the new root, with the flags that it must show. */
export function expectedMounts(plan: Plan): Map<string, ExpectedMount> {
  const attributes = treeAttributes(plan);
  const mounts = new Map<string, ExpectedMount>();
  const put = (path: string, mount: Omit<ExpectedMount, 'path'>) =>
    mounts.set(`/${path}`, { path: `/${path}`, ...mount });
  for (const { ops } of plan.segments.filter(({ actor }) => actor === 'child')) {
    for (const op of ops) {
      const { root, path } = op.fields as { root?: Slot; path?: string };
      if (!root || path === undefined) continue;
      if (op.name === 'fs_mount') {
        const { type, attributes: flags, optional } = (op as Op<'fs_mount'>).fields;
        put(path, { type, flags, optional });
      } else if (op.name === 'tree_attach') {
        const { tree, optional } = (op as Op<'tree_attach'>).fields;
        put(path, { flags: attributes.get(tree.slot) ?? [], optional });
      } else if (op.name === 'pty_attach')
        put(path, { type: 'devpts', flags: ['nosuid', 'noexec'], optional: false });
      else if (op.name === 'remount') {
        const before = mounts.get(`/${path}`);
        put(path, {
          ...before,
          flags: [...(before?.flags ?? []), ...(op as Op<'remount'>).fields.set],
          optional: false,
        });
      }
    }
  }
  return mounts;
}

/** Flags by the slot that the child attaches; a staged tree is another slot there than the one that got them. */
function treeAttributes(plan: Plan): Map<number, readonly string[]> {
  const bySlot = new Map<number, readonly string[]>();
  for (const { tree, set } of opsNamed(plan, 'tree_attributes')) bySlot.set(tree.slot, set);
  const staged = new Map(opsNamed(plan, 'tree_stage').map(({ path, tree }) => [path, tree.slot]));
  for (const { path, tree, root } of opsNamed(plan, 'tree_open')) {
    const source = root === undefined ? staged.get(path) : undefined;
    if (source !== undefined) bySlot.set(tree.slot, bySlot.get(source) ?? []);
  }
  return bySlot;
}

export interface SeenMount {
  readonly type: string;
  readonly flags: readonly string[];
  readonly tags: string;
}

/** The topmost mount at each place, as the process sees it. */
export function seenMounts(pid: number): Map<string, SeenMount> {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n');
  return new Map(
    lines.map(line => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , , path = '', options = '', ...tags] = before.split(' ');
      const [type = ''] = after.split(' ');
      const flags = options.split(',').filter(word => SHOWN.includes(word));
      return [path.replaceAll('\\040', ' '), { type, flags, tags: tags.join(' ') }];
    }),
  );
}

/** The place in each hierarchy, by its controllers ('' is cgroup2). */
export function seenCgroups(pid: number): Map<string, string> {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  return new Map(lines.map(line => [line.split(':')[1] ?? '', line.split(':').slice(2).join(':')]));
}

/** A field of /proc/PID/status: CapBnd, Seccomp. */
export function statusField(pid: number, field: string): string {
  return new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

/** Which of its namespaces are not ours. */
export function ownNamespaces(pid: number): string[] {
  const names = readdirSync(`/proc/${pid}/ns`).filter(name => !name.endsWith('_for_children'));
  return names
    .filter(name => readlinkSync(`/proc/${pid}/ns/${name}`) !== readlinkSync(`/proc/self/ns/${name}`))
    .sort();
}

/** The links in its network namespace, each with its addresses as ADDRESS/PREFIX. */
export function seenLinks(pid: number): {
  readonly name: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly up: boolean;
}[] {
  const text = execFileSync('nsenter', ['-t', String(pid), '-n', 'ip', '-j', 'addr', 'show'], {
    encoding: 'utf8',
  });
  const links = JSON.parse(text) as {
    ifname: string;
    address: string;
    flags: string[];
    addr_info: { local: string; prefixlen: number }[];
  }[];
  return links.map(({ ifname, address, flags, addr_info: info }) => ({
    name: ifname,
    mac: address,
    addresses: info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    up: flags.includes('UP'),
  }));
}
