// Capabilities by name, in the order of the kernel's numbers.

export const CAPABILITY_NAMES = [
  'chown',
  'dac_override',
  'dac_read_search',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'linux_immutable',
  'net_bind_service',
  'net_broadcast',
  'net_admin',
  'net_raw',
  'ipc_lock',
  'ipc_owner',
  'sys_module',
  'sys_rawio',
  'sys_chroot',
  'sys_ptrace',
  'sys_pacct',
  'sys_admin',
  'sys_boot',
  'sys_nice',
  'sys_resource',
  'sys_time',
  'sys_tty_config',
  'mknod',
  'lease',
  'audit_write',
  'audit_control',
  'setfcap',
  'mac_override',
  'mac_admin',
  'syslog',
  'wake_alarm',
  'block_suspend',
  'audit_read',
  'perfmon',
  'bpf',
  'checkpoint_restore',
] as const;

/** A capability set is one 64-bit mask. */
export const CAPABILITY_LIMIT = 63;

/** The number of a lower-case name without `cap_`, or of a number up to 63; whether the kernel knows it is not asked here. */
export function capabilityNumber(word: string): number | undefined {
  if (/^\d{1,2}$/.test(word)) return Number(word) <= CAPABILITY_LIMIT ? Number(word) : undefined;
  const index = (CAPABILITY_NAMES as readonly string[]).indexOf(word);
  return index < 0 ? undefined : index;
}

/** The name of a capability; its number where tslxc knows no name. */
export function capabilityName(number: number): string {
  return CAPABILITY_NAMES[number] ?? String(number);
}
