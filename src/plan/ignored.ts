// Keys that mean nothing on this host, or to this monitor: LXC passes over them too, and `tslxc plan` says so.

import type { Start } from './start.ts';

/** Notes each with its reason. */
export function ignoreMeaningless({ config, host, plan }: Start): void {
  const { profile, allowIncomplete, raw } = config.apparmor;
  if (!host.apparmor) {
    const reason = 'this kernel has no AppArmor';
    if (profile) plan.ignore({ key: 'lxc.apparmor.profile', reason, origin: profile.origin });
    if (allowIncomplete.value)
      plan.ignore({ key: 'lxc.apparmor.allow_incomplete', reason, origin: allowIncomplete.origin });
    for (const { origin } of raw) plan.ignore({ key: 'lxc.apparmor.raw', reason, origin });
  }
  if (!host.selinux) {
    const reason = 'this kernel has no SELinux';
    const { context, contextKeyring } = config.selinux;
    if (context) plan.ignore({ key: 'lxc.selinux.context', reason, origin: context.origin });
    if (contextKeyring)
      plan.ignore({ key: 'lxc.selinux.context.keyring', reason, origin: contextKeyring.origin });
  }
  const { dirMonitor, dirMonitorPivot } = config.cgroup;
  const reason = "the monitor stays in its caller's control groups";
  if (dirMonitor) plan.ignore({ key: 'lxc.cgroup.dir.monitor', reason, origin: dirMonitor.origin });
  if (dirMonitorPivot)
    plan.ignore({ key: 'lxc.cgroup.dir.monitor.pivot', reason, origin: dirMonitorPivot.origin });
}
