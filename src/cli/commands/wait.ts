import { isState, type State } from '../../runtime/events.ts';
import { waitForState } from '../../runtime/wait.ts';
import type { Command, Invocation, ParsedArguments } from '../command.ts';
import { placeFor } from '../context.ts';
import { badArgument, integerOption } from '../values.ts';

export const command: Command = {
  name: 'wait',
  summary: 'Wait until a container is in a state',
  synopsis: '--name=NAME --state=STATE',
  description: 'Wait for NAME container state to reach STATE',
  nameFrom: 'option-or-positional',
  options: {
    state: {
      short: 's',
      long: 'state',
      arg: 'STATE',
      complete: 'state',
      summary:
        'ORed states to wait for\nSTOPPED, STARTING, RUNNING, STOPPING,\nABORTING, FREEZING, FROZEN, THAWED',
    },
    timeout: {
      short: 't',
      long: 'timeout',
      arg: 'TMO',
      summary: 'Seconds to wait for state changes (-1: for ever)',
    },
  },
  run,
};

/** 0 when one of the states is reached, 1 on a timeout. */
async function run(invocation: Invocation, args: ParsedArguments): Promise<number> {
  const states = statesOf(args.values['state']);
  const seconds = integerOption('--timeout', args.values['timeout'] ?? '-1');
  const place = await placeFor(invocation, args);
  const reached = await waitForState(place, states, {
    ...(seconds < 0 ? {} : { timeoutMs: seconds * 1000 }),
    signal: invocation.signal,
  });
  return reached === undefined ? 1 : 0;
}

function statesOf(words: string | undefined): State[] {
  if (words === undefined)
    throw badArgument('missing state option to wait for', 'say which with --state, as in -s STOPPED');
  return words.split('|').map(word => {
    const state = word.trim().toUpperCase();
    if (!isState(state)) throw badArgument(`invalid state '${word}'`);
    return state;
  });
}
