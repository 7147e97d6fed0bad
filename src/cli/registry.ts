// The only list of verbs. Each is loaded when it is called, so that a cold verb pays for itself alone.

import type { Command } from './command.ts';

interface Verb {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

export const VERBS: Readonly<Record<string, Verb>> = {
  attach: {
    summary: 'Run a command or a shell inside a container',
    load: () => import('./commands/attach.ts'),
  },
  checkconfig: {
    summary: 'Check what the kernel offers to containers',
    load: () => import('./commands/checkconfig.ts'),
  },
  config: { summary: "Print tslxc's own configuration items", load: () => import('./commands/config.ts') },
  console: {
    summary: "Connect the terminal to a container's console or tty",
    load: () => import('./commands/console.ts'),
  },
  create: { summary: 'Create a container', load: () => import('./commands/create.ts') },
  destroy: { summary: 'Remove a container and its storage', load: () => import('./commands/destroy.ts') },
  fetch: {
    summary: 'List what an image server offers, or unpack an image of it',
    load: () => import('./commands/fetch.ts'),
  },
  'fetch-oci': {
    summary: 'Look at an OCI image, or unpack one',
    load: () => import('./commands/fetch-oci.ts'),
  },
  images: {
    summary: 'List the base images that containers share, and renew, remove or export them',
    load: () => import('./commands/images.ts'),
  },
  info: { summary: 'Show what is known about a container', load: () => import('./commands/info.ts') },
  ls: { summary: 'List containers', load: () => import('./commands/ls.ts') },
  mount: {
    summary: "Show a stopped container's tree on the host",
    load: () => import('./commands/mount.ts'),
  },
  net: { summary: 'Set up the default bridge, or take it down', load: () => import('./commands/net.ts') },
  plan: {
    summary: 'Show what a start would do, op by op, and why',
    load: () => import('./commands/plan.ts'),
  },
  start: { summary: 'Start a container', load: () => import('./commands/start.ts') },
  stop: { summary: 'Stop, kill or reboot a container', load: () => import('./commands/stop.ts') },
  templates: {
    summary: 'List templates: what each builds, and what this host lacks for it',
    load: () => import('./commands/templates.ts'),
  },
  umount: { summary: 'End what tslxc-mount began', load: () => import('./commands/umount.ts') },
  wait: { summary: 'Wait until a container is in a state', load: () => import('./commands/wait.ts') },
};

/** The verb's declaration, or undefined when there is none of that name. */
export async function findCommand(verb: string): Promise<Command | undefined> {
  if (!Object.hasOwn(VERBS, verb)) return undefined;
  return (await VERBS[verb]?.load())?.command;
}
