// Made by native/executor/generate.mjs from native/executor/opcodes.def. Do not edit: npm run generate.

import type { Slot } from './slot.ts';

export const SETS = {
  "namespace": {
    "time": 128,
    "mnt": 131072,
    "cgroup": 33554432,
    "uts": 67108864,
    "ipc": 134217728,
    "user": 268435456,
    "pid": 536870912,
    "net": 1073741824
  },
  "mount_attr": {
    "ro": 1,
    "nosuid": 2,
    "nodev": 4,
    "noexec": 8,
    "noatime": 16,
    "strictatime": 32,
    "nodiratime": 128,
    "nosymfollow": 2097152
  },
  "propagation": {
    "rec": 16384,
    "unbindable": 131072,
    "private": 262144,
    "slave": 524288,
    "shared": 1048576
  }
} as const;

export const ENUMS = {
  "state": {
    "STOPPED": 0,
    "STARTING": 1,
    "RUNNING": 2,
    "STOPPING": 3,
    "ABORTING": 4,
    "FREEZING": 5,
    "FROZEN": 6,
    "THAWED": 7
  },
  "make": {
    "no": 0,
    "directory": 1,
    "file": 2,
    "fitting": 3
  },
  "namespace_file": {
    "user": 0,
    "mnt": 1,
    "pid": 2,
    "uts": 3,
    "ipc": 4,
    "net": 5,
    "cgroup": 6,
    "time": 7
  },
  "resource": {
    "cpu": 0,
    "fsize": 1,
    "data": 2,
    "stack": 3,
    "core": 4,
    "rss": 5,
    "nproc": 6,
    "nofile": 7,
    "memlock": 8,
    "as": 9,
    "locks": 10,
    "sigpending": 11,
    "msgqueue": 12,
    "nice": 13,
    "rtprio": 14,
    "rttime": 15
  }
} as const;

export type SetWord<T extends keyof typeof SETS> = keyof (typeof SETS)[T];
export type EnumWord<T extends keyof typeof ENUMS> = keyof (typeof ENUMS)[T];

/** The fields of each op, as the recipes give them. */
export interface OpFields {
  expect_file: { dir?: string | undefined; path: string; dev: number | bigint; ino: number | bigint; size: number | bigint; mtime_ns: number | bigint };
  expect_absent: { dir?: string | undefined; path: string };
  expect_link: { name: string };
  expect_process: { pid: number | bigint; starttime: number | bigint; process: Slot; pidfd: Slot };
  expect_namespace: { path: string; dev: number | bigint; ino: number | bigint; namespace: Slot };
  expect_writable: { root: Slot };
  expect_vacant: { path: string };
  claim_address: { address: string; socket: Slot };
  save_teardown: { path: string };
  record_init: { path: string; process: Slot };
  event: { path: string; state: EnumWord<'state'> };
  hook: { argv: readonly string[]; env: readonly string[]; where?: string | undefined; stdin?: string | undefined; root?: Slot | undefined };
  cgroup_make: { path: string; mode: number; directory: Slot };
  cgroup_write: { directory: Slot; file: string; value: string };
  cgroup_delegate: { directory: Slot; uid: number | bigint; gid: number | bigint; files: readonly string[] };
  cgroup_join: { directory: Slot };
  cgroup_devices: { directory: Slot; program: Uint8Array };
  cgroup_inherit_cpuset: { directory: Slot };
  spawner: { cgroup?: Slot | undefined };
  namespace_join: { namespace: Slot; kinds: readonly SetWord<'namespace'>[] };
  namespace_open: { process: Slot; kind: EnumWord<'namespace_file'>; namespace: Slot };
  effective_ids: { uid: number | bigint; gid: number | bigint };
  clone_init: { namespaces: readonly SetWord<'namespace'>[]; process: Slot };
  idmap_write: { process: Slot; uids: string; gids: string };
  idmap_helper: { process: Slot; argv: readonly string[] };
  resource_limit: { process: Slot; resource: EnumWord<'resource'>; soft: number | bigint; hard: number | bigint };
  process_write: { process: Slot; file: string; value: string };
  fd_send: { descriptor: Slot };
  fd_receive: { descriptor: Slot };
  time_offsets: { boot_s: number | bigint; boot_ns: number | bigint; monotonic_s: number | bigint; monotonic_ns: number | bigint };
  self: { process: Slot };
  namespace_unshare: { kinds: readonly SetWord<'namespace'>[] };
  tree_open: { root?: Slot | undefined; path: string; recursive: boolean; optional: boolean; tree: Slot };
  tree_attributes: { tree: Slot; recursive: boolean; set: readonly SetWord<'mount_attr'>[]; clear: readonly SetWord<'mount_attr'>[]; propagation: readonly SetWord<'propagation'>[] };
  tree_idmap: { tree: Slot; userns: Slot; recursive: boolean };
  tree_attach: { tree: Slot; root?: Slot | undefined; make: EnumWord<'make'>; optional: boolean; path: string };
  fs_mount: { root?: Slot | undefined; attributes: readonly SetWord<'mount_attr'>[]; make: EnumWord<'make'>; optional: boolean; type: string; options: readonly string[]; path: string };
  fs_create: { attributes: readonly SetWord<'mount_attr'>[]; type: string; options: readonly string[]; tree: Slot };
  remount: { root?: Slot | undefined; path: string; set: readonly SetWord<'mount_attr'>[]; clear: readonly SetWord<'mount_attr'>[]; optional: boolean; recursive: boolean };
  propagation: { root?: Slot | undefined; path: string; propagation: readonly SetWord<'propagation'>[] };
  unmount: { root?: Slot | undefined; path: string };
  directory_open: { root?: Slot | undefined; path: string; directory: Slot };
  make_directory: { root?: Slot | undefined; path: string; mode: number; uid: number | bigint; gid: number | bigint };
  make_file: { root?: Slot | undefined; path: string; mode: number; content?: string | undefined };
  make_symlink: { root?: Slot | undefined; path: string; target: string };
  make_node: { root?: Slot | undefined; path: string; mode: number; major: number | bigint; minor: number | bigint };
  pivot: { root: Slot };
  make_uuid: { root?: Slot | undefined; path: string; mode: number };
  tree_stage: { process: Slot; tree: Slot; make: EnumWord<'make'>; optional: boolean; path: string };
  pty_open: { root?: Slot | undefined; devpts?: string | undefined; master: Slot; slave: Slot };
  pty_attach: { slave: Slot; root?: Slot | undefined; path: string };
  stdio: { descriptor?: Slot | undefined; mask: number | bigint; controlling: boolean };
  pump: { master: Slot; mask: number | bigint; log?: string | undefined };
  serve_console: { master: Slot; ring_bytes: number | bigint; log_bytes: number | bigint; rotate: boolean; log?: string | undefined };
  serve_tty: { master: Slot; number: number | bigint };
  serve_control: { directory: string };
  veth_make: { netns?: Slot | undefined; mtu: number | bigint; name: string; mac?: string | undefined; peer: string; peer_mac?: string | undefined };
  link_up: { name: string };
  link_enslave: { name: string; master: string };
  address_add: { name: string; prefix: number | bigint; address: string; broadcast?: string | undefined };
  route_add: { name: string; prefix: number | bigint; destination?: string | undefined; gateway?: string | undefined };
  sysctl_write: { path: string; value: string };
  hostname: { name: string };
  personality: { value: number | bigint };
  session_keyring: {  };
  capabilities: { bounding: number | bigint };
  no_new_privs: {  };
  seccomp: { log: boolean; program: Uint8Array };
  identity: { uid: number | bigint; gid: number | bigint; groups: readonly string[] };
  parent_death: { signal: number | bigint };
  directory_enter: { path: string; make: boolean; optional: boolean };
  umask: { mask: number };
  exec: { argv: readonly string[]; env: readonly string[] };
  own_core_scheduling: {  };
  label: { attribute: string; value: string };
  cgroup_empty: { timeout_ms: number | bigint; path: string };
  cgroup_remove: { timeout_ms: number | bigint; path: string };
  link_delete: { name: string };
  file_remove: { path: string };
  directory_remove: { path: string };
  teardown_event: { path: string; state: EnumWord<'state'> };
  teardown_hook: { live: boolean; argv: readonly string[]; env: readonly string[] };
  unmount_path: { path: string };
}

export type OpName = keyof OpFields;

export interface FieldSpec {
  readonly name: string;
  readonly kind: 'fd' | 'pid' | 'value' | 'newfd' | 'newpid' | 'newvalue' | 'int' | 'oct' | 'hex' | 'bool' | 'set' | 'enum' | 'str' | 'fmt' | 'list' | 'fmtlist' | 'bytes';
  /** Which table the words of a set or enum are in. */
  readonly of?: string;
  readonly place: 'slot' | 'num' | 'str';
  readonly index: number;
}

export const OPCODES: { readonly [N in OpName]: { readonly code: number; readonly fields: readonly FieldSpec[] } } = {
  expect_file: { code: 1, fields: [{ name: 'dir', kind: 'str', place: 'str', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 1 }, { name: 'dev', kind: 'int', place: 'num', index: 0 }, { name: 'ino', kind: 'int', place: 'num', index: 1 }, { name: 'size', kind: 'int', place: 'num', index: 2 }, { name: 'mtime_ns', kind: 'int', place: 'num', index: 3 }] },
  expect_absent: { code: 2, fields: [{ name: 'dir', kind: 'str', place: 'str', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 1 }] },
  expect_link: { code: 3, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }] },
  expect_process: { code: 4, fields: [{ name: 'pid', kind: 'int', place: 'num', index: 0 }, { name: 'starttime', kind: 'int', place: 'num', index: 1 }, { name: 'process', kind: 'newpid', place: 'slot', index: 0 }, { name: 'pidfd', kind: 'newfd', place: 'slot', index: 1 }] },
  expect_namespace: { code: 5, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'dev', kind: 'int', place: 'num', index: 0 }, { name: 'ino', kind: 'int', place: 'num', index: 1 }, { name: 'namespace', kind: 'newfd', place: 'slot', index: 0 }] },
  expect_writable: { code: 6, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }] },
  expect_vacant: { code: 7, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }] },
  claim_address: { code: 10, fields: [{ name: 'address', kind: 'str', place: 'str', index: 0 }, { name: 'socket', kind: 'newfd', place: 'slot', index: 0 }] },
  save_teardown: { code: 11, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }] },
  record_init: { code: 12, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'process', kind: 'pid', place: 'slot', index: 0 }] },
  event: { code: 13, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'state', kind: 'enum', of: 'state', place: 'num', index: 0 }] },
  hook: { code: 14, fields: [{ name: 'argv', kind: 'fmtlist', place: 'str', index: 0 }, { name: 'env', kind: 'fmtlist', place: 'str', index: 1 }, { name: 'where', kind: 'str', place: 'str', index: 2 }, { name: 'stdin', kind: 'str', place: 'str', index: 3 }, { name: 'root', kind: 'fd', place: 'slot', index: 0 }] },
  cgroup_make: { code: 20, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'mode', kind: 'oct', place: 'num', index: 0 }, { name: 'directory', kind: 'newfd', place: 'slot', index: 0 }] },
  cgroup_write: { code: 21, fields: [{ name: 'directory', kind: 'fd', place: 'slot', index: 0 }, { name: 'file', kind: 'str', place: 'str', index: 0 }, { name: 'value', kind: 'str', place: 'str', index: 1 }] },
  cgroup_delegate: { code: 22, fields: [{ name: 'directory', kind: 'fd', place: 'slot', index: 0 }, { name: 'uid', kind: 'int', place: 'num', index: 0 }, { name: 'gid', kind: 'int', place: 'num', index: 1 }, { name: 'files', kind: 'list', place: 'str', index: 0 }] },
  cgroup_join: { code: 23, fields: [{ name: 'directory', kind: 'fd', place: 'slot', index: 0 }] },
  cgroup_devices: { code: 24, fields: [{ name: 'directory', kind: 'fd', place: 'slot', index: 0 }, { name: 'program', kind: 'bytes', place: 'str', index: 0 }] },
  cgroup_inherit_cpuset: { code: 25, fields: [{ name: 'directory', kind: 'fd', place: 'slot', index: 0 }] },
  spawner: { code: 30, fields: [{ name: 'cgroup', kind: 'fd', place: 'slot', index: 0 }] },
  namespace_join: { code: 31, fields: [{ name: 'namespace', kind: 'fd', place: 'slot', index: 0 }, { name: 'kinds', kind: 'set', of: 'namespace', place: 'num', index: 0 }] },
  namespace_open: { code: 32, fields: [{ name: 'process', kind: 'pid', place: 'slot', index: 0 }, { name: 'kind', kind: 'enum', of: 'namespace_file', place: 'num', index: 0 }, { name: 'namespace', kind: 'newfd', place: 'slot', index: 1 }] },
  effective_ids: { code: 33, fields: [{ name: 'uid', kind: 'int', place: 'num', index: 0 }, { name: 'gid', kind: 'int', place: 'num', index: 1 }] },
  clone_init: { code: 34, fields: [{ name: 'namespaces', kind: 'set', of: 'namespace', place: 'num', index: 0 }, { name: 'process', kind: 'newpid', place: 'slot', index: 0 }] },
  idmap_write: { code: 35, fields: [{ name: 'process', kind: 'pid', place: 'slot', index: 0 }, { name: 'uids', kind: 'str', place: 'str', index: 0 }, { name: 'gids', kind: 'str', place: 'str', index: 1 }] },
  idmap_helper: { code: 36, fields: [{ name: 'process', kind: 'pid', place: 'slot', index: 0 }, { name: 'argv', kind: 'fmtlist', place: 'str', index: 0 }] },
  resource_limit: { code: 37, fields: [{ name: 'process', kind: 'pid', place: 'slot', index: 0 }, { name: 'resource', kind: 'enum', of: 'resource', place: 'num', index: 0 }, { name: 'soft', kind: 'int', place: 'num', index: 1 }, { name: 'hard', kind: 'int', place: 'num', index: 2 }] },
  process_write: { code: 38, fields: [{ name: 'process', kind: 'pid', place: 'slot', index: 0 }, { name: 'file', kind: 'str', place: 'str', index: 0 }, { name: 'value', kind: 'str', place: 'str', index: 1 }] },
  fd_send: { code: 39, fields: [{ name: 'descriptor', kind: 'fd', place: 'slot', index: 0 }] },
  fd_receive: { code: 40, fields: [{ name: 'descriptor', kind: 'newfd', place: 'slot', index: 0 }] },
  time_offsets: { code: 41, fields: [{ name: 'boot_s', kind: 'int', place: 'num', index: 0 }, { name: 'boot_ns', kind: 'int', place: 'num', index: 1 }, { name: 'monotonic_s', kind: 'int', place: 'num', index: 2 }, { name: 'monotonic_ns', kind: 'int', place: 'num', index: 3 }] },
  self: { code: 42, fields: [{ name: 'process', kind: 'newpid', place: 'slot', index: 0 }] },
  namespace_unshare: { code: 43, fields: [{ name: 'kinds', kind: 'set', of: 'namespace', place: 'num', index: 0 }] },
  tree_open: { code: 80, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'recursive', kind: 'bool', place: 'num', index: 0 }, { name: 'optional', kind: 'bool', place: 'num', index: 1 }, { name: 'tree', kind: 'newfd', place: 'slot', index: 1 }] },
  tree_attributes: { code: 81, fields: [{ name: 'tree', kind: 'fd', place: 'slot', index: 0 }, { name: 'recursive', kind: 'bool', place: 'num', index: 0 }, { name: 'set', kind: 'set', of: 'mount_attr', place: 'num', index: 1 }, { name: 'clear', kind: 'set', of: 'mount_attr', place: 'num', index: 2 }, { name: 'propagation', kind: 'set', of: 'propagation', place: 'num', index: 3 }] },
  tree_idmap: { code: 82, fields: [{ name: 'tree', kind: 'fd', place: 'slot', index: 0 }, { name: 'userns', kind: 'fd', place: 'slot', index: 1 }, { name: 'recursive', kind: 'bool', place: 'num', index: 0 }] },
  tree_attach: { code: 83, fields: [{ name: 'tree', kind: 'fd', place: 'slot', index: 0 }, { name: 'root', kind: 'fd', place: 'slot', index: 1 }, { name: 'make', kind: 'enum', of: 'make', place: 'num', index: 0 }, { name: 'optional', kind: 'bool', place: 'num', index: 1 }, { name: 'path', kind: 'str', place: 'str', index: 0 }] },
  fs_mount: { code: 84, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'attributes', kind: 'set', of: 'mount_attr', place: 'num', index: 0 }, { name: 'make', kind: 'enum', of: 'make', place: 'num', index: 1 }, { name: 'optional', kind: 'bool', place: 'num', index: 2 }, { name: 'type', kind: 'str', place: 'str', index: 0 }, { name: 'options', kind: 'list', place: 'str', index: 1 }, { name: 'path', kind: 'str', place: 'str', index: 2 }] },
  fs_create: { code: 85, fields: [{ name: 'attributes', kind: 'set', of: 'mount_attr', place: 'num', index: 0 }, { name: 'type', kind: 'str', place: 'str', index: 0 }, { name: 'options', kind: 'list', place: 'str', index: 1 }, { name: 'tree', kind: 'newfd', place: 'slot', index: 0 }] },
  remount: { code: 86, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'set', kind: 'set', of: 'mount_attr', place: 'num', index: 0 }, { name: 'clear', kind: 'set', of: 'mount_attr', place: 'num', index: 1 }, { name: 'optional', kind: 'bool', place: 'num', index: 2 }, { name: 'recursive', kind: 'bool', place: 'num', index: 3 }] },
  propagation: { code: 87, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'propagation', kind: 'set', of: 'propagation', place: 'num', index: 0 }] },
  unmount: { code: 88, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }] },
  directory_open: { code: 89, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'directory', kind: 'newfd', place: 'slot', index: 1 }] },
  make_directory: { code: 90, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'mode', kind: 'oct', place: 'num', index: 0 }, { name: 'uid', kind: 'int', place: 'num', index: 1 }, { name: 'gid', kind: 'int', place: 'num', index: 2 }] },
  make_file: { code: 91, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'mode', kind: 'oct', place: 'num', index: 0 }, { name: 'content', kind: 'str', place: 'str', index: 1 }] },
  make_symlink: { code: 92, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'target', kind: 'str', place: 'str', index: 1 }] },
  make_node: { code: 93, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'mode', kind: 'oct', place: 'num', index: 0 }, { name: 'major', kind: 'int', place: 'num', index: 1 }, { name: 'minor', kind: 'int', place: 'num', index: 2 }] },
  pivot: { code: 94, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }] },
  make_uuid: { code: 95, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'mode', kind: 'oct', place: 'num', index: 0 }] },
  tree_stage: { code: 96, fields: [{ name: 'process', kind: 'pid', place: 'slot', index: 0 }, { name: 'tree', kind: 'fd', place: 'slot', index: 1 }, { name: 'make', kind: 'enum', of: 'make', place: 'num', index: 0 }, { name: 'optional', kind: 'bool', place: 'num', index: 1 }, { name: 'path', kind: 'str', place: 'str', index: 0 }] },
  pty_open: { code: 100, fields: [{ name: 'root', kind: 'fd', place: 'slot', index: 0 }, { name: 'devpts', kind: 'str', place: 'str', index: 0 }, { name: 'master', kind: 'newfd', place: 'slot', index: 1 }, { name: 'slave', kind: 'newfd', place: 'slot', index: 2 }] },
  pty_attach: { code: 101, fields: [{ name: 'slave', kind: 'fd', place: 'slot', index: 0 }, { name: 'root', kind: 'fd', place: 'slot', index: 1 }, { name: 'path', kind: 'str', place: 'str', index: 0 }] },
  stdio: { code: 102, fields: [{ name: 'descriptor', kind: 'fd', place: 'slot', index: 0 }, { name: 'mask', kind: 'hex', place: 'num', index: 0 }, { name: 'controlling', kind: 'bool', place: 'num', index: 1 }] },
  pump: { code: 103, fields: [{ name: 'master', kind: 'fd', place: 'slot', index: 0 }, { name: 'mask', kind: 'hex', place: 'num', index: 0 }, { name: 'log', kind: 'str', place: 'str', index: 0 }] },
  serve_console: { code: 104, fields: [{ name: 'master', kind: 'fd', place: 'slot', index: 0 }, { name: 'ring_bytes', kind: 'int', place: 'num', index: 0 }, { name: 'log_bytes', kind: 'int', place: 'num', index: 1 }, { name: 'rotate', kind: 'bool', place: 'num', index: 2 }, { name: 'log', kind: 'str', place: 'str', index: 0 }] },
  serve_tty: { code: 105, fields: [{ name: 'master', kind: 'fd', place: 'slot', index: 0 }, { name: 'number', kind: 'int', place: 'num', index: 0 }] },
  serve_control: { code: 106, fields: [{ name: 'directory', kind: 'str', place: 'str', index: 0 }] },
  veth_make: { code: 120, fields: [{ name: 'netns', kind: 'fd', place: 'slot', index: 0 }, { name: 'mtu', kind: 'int', place: 'num', index: 0 }, { name: 'name', kind: 'str', place: 'str', index: 0 }, { name: 'mac', kind: 'str', place: 'str', index: 1 }, { name: 'peer', kind: 'str', place: 'str', index: 2 }, { name: 'peer_mac', kind: 'str', place: 'str', index: 3 }] },
  link_up: { code: 121, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }] },
  link_enslave: { code: 122, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }, { name: 'master', kind: 'str', place: 'str', index: 1 }] },
  address_add: { code: 123, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }, { name: 'prefix', kind: 'int', place: 'num', index: 0 }, { name: 'address', kind: 'str', place: 'str', index: 1 }, { name: 'broadcast', kind: 'str', place: 'str', index: 2 }] },
  route_add: { code: 124, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }, { name: 'prefix', kind: 'int', place: 'num', index: 0 }, { name: 'destination', kind: 'str', place: 'str', index: 1 }, { name: 'gateway', kind: 'str', place: 'str', index: 2 }] },
  sysctl_write: { code: 125, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'value', kind: 'str', place: 'str', index: 1 }] },
  hostname: { code: 140, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }] },
  personality: { code: 141, fields: [{ name: 'value', kind: 'hex', place: 'num', index: 0 }] },
  session_keyring: { code: 142, fields: [] },
  capabilities: { code: 143, fields: [{ name: 'bounding', kind: 'hex', place: 'num', index: 0 }] },
  no_new_privs: { code: 144, fields: [] },
  seccomp: { code: 145, fields: [{ name: 'log', kind: 'bool', place: 'num', index: 0 }, { name: 'program', kind: 'bytes', place: 'str', index: 0 }] },
  identity: { code: 146, fields: [{ name: 'uid', kind: 'int', place: 'num', index: 0 }, { name: 'gid', kind: 'int', place: 'num', index: 1 }, { name: 'groups', kind: 'list', place: 'str', index: 0 }] },
  parent_death: { code: 147, fields: [{ name: 'signal', kind: 'int', place: 'num', index: 0 }] },
  directory_enter: { code: 148, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'make', kind: 'bool', place: 'num', index: 0 }, { name: 'optional', kind: 'bool', place: 'num', index: 1 }] },
  umask: { code: 149, fields: [{ name: 'mask', kind: 'oct', place: 'num', index: 0 }] },
  exec: { code: 150, fields: [{ name: 'argv', kind: 'list', place: 'str', index: 0 }, { name: 'env', kind: 'fmtlist', place: 'str', index: 1 }] },
  own_core_scheduling: { code: 151, fields: [] },
  label: { code: 152, fields: [{ name: 'attribute', kind: 'str', place: 'str', index: 0 }, { name: 'value', kind: 'str', place: 'str', index: 1 }] },
  cgroup_empty: { code: 60, fields: [{ name: 'timeout_ms', kind: 'int', place: 'num', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }] },
  cgroup_remove: { code: 61, fields: [{ name: 'timeout_ms', kind: 'int', place: 'num', index: 0 }, { name: 'path', kind: 'str', place: 'str', index: 0 }] },
  link_delete: { code: 62, fields: [{ name: 'name', kind: 'str', place: 'str', index: 0 }] },
  file_remove: { code: 63, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }] },
  directory_remove: { code: 64, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }] },
  teardown_event: { code: 65, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }, { name: 'state', kind: 'enum', of: 'state', place: 'num', index: 0 }] },
  teardown_hook: { code: 66, fields: [{ name: 'live', kind: 'bool', place: 'num', index: 0 }, { name: 'argv', kind: 'fmtlist', place: 'str', index: 0 }, { name: 'env', kind: 'fmtlist', place: 'str', index: 1 }] },
  unmount_path: { code: 67, fields: [{ name: 'path', kind: 'str', place: 'str', index: 0 }] },
};
