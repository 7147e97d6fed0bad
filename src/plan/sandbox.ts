// A program of the host run apart from it: its own PID namespace, so that nothing of it outlives it, and its own mount namespace,
// in which one directory stands at another place. Root of the host all the same: it is a template, or a removal; or, where ids are
// given, root of a user namespace of its own, so that what it makes has shifted ids.

import type { Plan } from './model.ts';
import { PlanBuilder } from './model.ts';
import { overlayOptions } from './rootfs.ts';
import { type NamespaceIds, writeIdMaps } from './spawn.ts';
import { rule } from './start.ts';

export interface SandboxInput {
  /** Bound without what is mounted beneath it, so that no mount is ever entered. */
  readonly source: string;
  /** Where the program sees it: an existing directory, named without links. */
  readonly target: string;
  /** The program's working directory. */
  readonly directory: string;
  /** An overlay that the program sees at `target` of it, and that ends with it. */
  readonly overlay?: SandboxOverlay;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** It is root of a user namespace with these ids. The caller's own must be among them, or it can't reach the tree. */
  readonly ids?: NamespaceIds;
}

/** Paths as the program sees them. */
export interface SandboxOverlay {
  readonly lower: string;
  readonly upper: string;
  readonly work: string;
  readonly target: string;
  /** Whether whiteouts are kept as a start of a container with an id map keeps them. */
  readonly userxattr: boolean;
}

const SIGKILL = 9;

/** The plan of kind `run` for a sandbox. */
export function sandboxPlan(input: SandboxInput): Plan {
  const plan = new PlanBuilder();
  const { source, target, ids } = input;
  const tree = plan.newSlot();
  const process = plan.newSlot();
  const apart = rule('templates and removals run apart from the host');
  const open = (actor: 'host' | 'child') =>
    plan.add(actor, apart, 'tree_open', { path: source, recursive: false, optional: false, tree });
  // A plain user may do it in namespaces of its own only.
  const opener = ids?.helpers ? 'child' : 'host';
  if (opener === 'host') open('host');
  plan.add('spawner', apart, 'spawner', {});
  plan.add('spawner', apart, 'clone_init', {
    namespaces: ids ? ['user', 'mnt', 'pid'] : ['mnt', 'pid'],
    process,
  });
  if (ids) {
    writeIdMaps(plan, rule('what it makes has shifted ids'), process, ids);
    plan.add('child', rule("the container's root"), 'identity', { uid: 0, gid: 0, groups: [] });
  }
  plan.add('child', apart, 'propagation', { path: '/', propagation: ['rec', 'slave'] });
  if (opener === 'child') open('child');
  if (ids) {
    plan.add(
      'child',
      rule("a setuid program of the host's root would give up root of the namespace"),
      'remount',
      {
        path: '/',
        set: ['nosuid'],
        clear: [],
        optional: false,
        recursive: true,
      },
    );
  }
  plan.add('child', apart, 'tree_attach', { tree, make: 'no', optional: false, path: target });
  plan.add('child', rule('its own processes in /proc'), 'fs_mount', {
    attributes: ['nosuid', 'nodev', 'noexec'],
    make: 'no',
    optional: false,
    type: 'proc',
    options: [],
    path: '/proc',
  });
  if (input.overlay) addOverlay(plan, input.overlay);
  plan.add('child', apart, 'directory_enter', { path: input.directory, make: false, optional: false });
  plan.add('child', rule("LXC's umask for templates"), 'umask', { mask: 0o022 });
  plan.add('child', rule('nothing outlives the command'), 'parent_death', { signal: SIGKILL });
  plan.add('child', apart, 'exec', { argv: input.argv, env: environment(input.env) });
  return plan.build('run');
}

/** No device node of a layer works in it. */
function addOverlay(plan: PlanBuilder, { lower, upper, work, target, userxattr }: SandboxOverlay): void {
  plan.add('child', rule('the container as it is over its base'), 'fs_mount', {
    attributes: ['nodev'],
    make: 'no',
    optional: false,
    type: 'overlay',
    options: ['source=overlay', ...overlayOptions({ lowers: [lower], upper, work }, userxattr)],
    path: target,
  });
}

function environment(env: SandboxInput['env']): string[] {
  return Object.entries(env).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`.replaceAll('{', '{{')],
  );
}
