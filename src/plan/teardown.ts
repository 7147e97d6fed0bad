// How a container ends. The stop variant is also saved to the run directory before the first side effect, so that any later
// command can clean up after a killed monitor: it names everything by path, and reads no slot unless it is live.

import type { Payload } from './cgroups.ts';
import { hookCall, type LiveValues } from './hooks.ts';
import { downScripts, type Link } from './links.ts';
import { rule, type Start } from './start.ts';

const LEFT = rule('nothing is left of a stopped container');
const EMPTY_TIMEOUT_MS = 5000;
const REMOVE_TIMEOUT_MS = 2000;

/** Both variants: after a reboot the plan is carried out again. */
export function tearDown(
  start: Start,
  parts: { payloads: readonly Payload[]; links: readonly Link[]; live: LiveValues },
): void {
  for (const target of ['stop', 'reboot'] as const) {
    const { runDir } = start.input;
    const actor = `teardown-${target}` as const;
    start.add(actor, LEFT, 'teardown_event', { path: `${runDir}/events`, state: 'STOPPING' });
    runLive(start, target, parts.links, parts.live);
    for (const { net, peer } of parts.links) start.add(actor, net.type.origin, 'link_delete', { name: peer });
    endProcesses(start, actor, parts.payloads);
    for (const setting of start.config.hooks['post-stop']) {
      const call = hookCall(start.config, start.input, {
        setting,
        type: 'post-stop',
        side: 'host',
        live: {},
        target,
      });
      start.add(actor, setting.origin, 'teardown_hook', { live: false, ...call });
    }
    start.add(actor, LEFT, 'file_remove', { path: `${runDir}/init` });
    start.add(actor, LEFT, 'file_remove', { path: `${runDir}/control` });
    if (target === 'reboot') continue;
    start.add(actor, LEFT, 'teardown_event', { path: `${runDir}/events`, state: 'STOPPED' });
    start.add(actor, LEFT, 'file_remove', { path: `${runDir}/teardown` });
  }
}

/** While the namespaces are still open: the network scripts, then the stop hooks. */
function runLive(start: Start, target: 'stop' | 'reboot', links: readonly Link[], live: LiveValues): void {
  const actor = `teardown-${target}` as const;
  for (const { origin, call } of downScripts(start, links, live, target)) {
    start.add(actor, origin, 'teardown_hook', { live: true, ...call });
  }
  for (const setting of start.config.hooks.stop) {
    const call = hookCall(start.config, start.input, { setting, type: 'stop', side: 'host', live, target });
    start.add(actor, setting.origin, 'teardown_hook', { live: true, ...call });
  }
}

function endProcesses(
  start: Start,
  actor: 'teardown-stop' | 'teardown-reboot',
  payloads: readonly Payload[],
): void {
  const [first] = payloads;
  if (first) start.add(actor, LEFT, 'cgroup_empty', { timeout_ms: EMPTY_TIMEOUT_MS, path: first.payload });
  for (const { payload } of payloads)
    start.add(actor, LEFT, 'cgroup_remove', { timeout_ms: REMOVE_TIMEOUT_MS, path: payload });
}
