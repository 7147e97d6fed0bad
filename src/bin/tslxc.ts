#!/usr/bin/env node

// The command as installed, under every name it has.

import { runCommand } from '../cli/main.ts';
import { findCommand, VERBS } from '../cli/registry.ts';
import { useExecutor } from '../host/installation.ts';
import { executorOf, invocationOf, whatWasCalled } from './invocation.ts';

const called = whatWasCalled(process.argv[1] ?? 'tslxc', process.argv.slice(2));
const invocation = invocationOf(called);
const executor = executorOf(process.env);
if (executor !== undefined) useExecutor(executor);

async function main(): Promise<number> {
  if (called.verb === undefined) {
    const { overview } = await import('../cli/overview.ts');
    return await overview(invocation, VERBS);
  }
  const command = await findCommand(called.verb);
  if (command) return await runCommand(command, invocation);
  invocation.stderr.write(
    `${called.flavour}: ${called.verb} is not a verb of ${called.flavour}\n  hint: run \`tslxc\` for the list\n`,
  );
  return 1;
}

main().then(
  status => process.exit(status),
  error => {
    invocation.stderr.write(
      `${called.program}: ${error?.stack ?? error}\n  hint: this is a fault of tslxc itself; please report it with these lines\n`,
    );
    process.exit(1);
  },
);
