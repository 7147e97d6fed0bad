import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainMessage, readImageConfig } from '../../../src/images/unpack/image-config.ts';

test('of an image’s config a closed list is taken', () => {
  const text = `# made elsewhere
lxc.include = LXC_TEMPLATE_CONFIG/alpine.common.conf
lxc.include = LXC_TEMPLATE_CONFIG/alpine.userns.conf
lxc.arch = x86_64
lxc.signal.halt = SIGUSR1
lxc.init.cmd = /sbin/init
lxc.cap.keep = sys_admin
lxc.signal.reboot = rm -rf /
lxc.init.cmd = /bin/sh -c evil
lxc.apparmor.profile = unconfined
`;
  assert.deepEqual(readImageConfig(text, 'meta.tar.xz'), {
    lines: ['lxc.arch = x86_64', 'lxc.signal.halt = SIGUSR1', 'lxc.init.cmd = /sbin/init'],
    include: 'alpine',
    left: ['lxc.cap.keep', 'lxc.signal.reboot', 'lxc.init.cmd', 'lxc.apparmor.profile'],
  });
});

test('what runs, mounts or includes something of the host is refused', () => {
  const bad = [
    'lxc.hook.pre-start = /bin/evil',
    'lxc.hook.version = 1',
    'lxc.mount.entry = / mnt none bind 0 0',
    'lxc.mount.auto = proc:rw',
    'lxc.mount = /etc/fstab',
    'lxc.include = /etc/lxc/evil.conf',
    'lxc.include = LXC_TEMPLATE_CONFIG/../../etc/evil.conf',
    'lxc.include = LXC_TEMPLATE_CONFIG/alpine.common.conf/..',
    'lxc.rootfs.path = /',
    'lxc.net.0.script.up = /bin/evil',
    'lxc.network.script.up = /bin/evil',
    'lxc.seccomp.profile = /dev/null',
    'lxc.idmap = u 0 0 65536',
    'lxc.console.logfile = /etc/passwd',
  ];
  for (const line of bad)
    assert.throws(() => readImageConfig(line, 'meta.tar.xz'), { code: 'IMAGE_CONFIG_REFUSED' }, line);
});

test('a message steers no terminal, and is not long', () => {
  assert.deepEqual(plainMessage('hello\u001b[2J\u009b31m\r\n\n\u202etab\there\n'), [
    'hello[2J31m',
    'tab here',
  ]);
  assert.equal(plainMessage('x\n'.repeat(100)).length, 20);
  assert.equal(plainMessage('x'.repeat(1000))[0]?.length, 200);
});
