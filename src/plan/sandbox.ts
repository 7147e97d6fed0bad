// A program of the host run apart from it: its own PID namespace, so that nothing of it outlives it, and its own mount namespace,
// in which one directory stands at another place. Root of the host all the same: it is a template, or a removal.

import type { Plan } from './model.ts';
import { PlanBuilder } from './model.ts';
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
  const tree = plan.newSlot();
  const process = plan.newSlot();
  const apart = rule('templates and removals run apart from the host');
  plan.add('host', apart, 'tree_open', { path: input.source, recursive: false, optional: false, tree });
  plan.add('spawner', apart, 'spawner', {});
  plan.add('spawner', apart, 'clone_init', { namespaces: ['mnt', 'pid'], process });
  plan.add('child', apart, 'propagation', { path: '/', propagation: ['rec', 'slave'] });
  plan.add('child', apart, 'tree_attach', { tree, make: 'no', optional: false, path: input.target });
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
    options: [
      'source=overlay',
      `lowerdir=${lower}`,
      `upperdir=${upper}`,
      `workdir=${work}`,
      ...(userxattr ? ['userxattr'] : []),
    ],
    path: target,
  });
}

function environment(env: SandboxInput['env']): string[] {
  return Object.entries(env).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`.replaceAll('{', '{{')],
  );
}
