import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { containerSignals } from '../../../src/plan/signals.ts';

const config = (text: string) => loadConfig({ file: 'config', text }).config;

test("each init gets its own signals, and the config's before them", () => {
  assert.deepEqual(containerSignals(config(''), 'systemd'), { halt: [37, 30], reboot: 2, stop: 9 });
  assert.deepEqual(containerSignals(config(''), 'sysvinit'), { halt: [37, 30], reboot: 2, stop: 9 });
  assert.deepEqual(containerSignals(config(''), 'busybox'), { halt: [12], reboot: 15, stop: 9 });
  const said = config(
    'lxc.signal.halt = SIGUSR1\nlxc.signal.reboot = SIGHUP\nlxc.signal.stop = SIGRTMIN+14\n',
  );
  assert.deepEqual(containerSignals(said, 'busybox'), { halt: [10], reboot: 1, stop: 48 });
  assert.deepEqual(containerSignals(undefined, 'other'), { halt: [37, 30], reboot: 2, stop: 9 });
});
