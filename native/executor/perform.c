/* Made by generate.mjs from opcodes.def. Do not edit: npm run generate. */
#include <errno.h>

#include "ops.h"
#include "run.h"

/* clang-format off */
/* Performs one checked op; 0 or -errno, with the context in run->failure. */
int perform(struct run *run, const struct plan_op *op)
{
	switch (op->opcode) {
	case 1:
		return op_expect_file(run, &(struct expect_file_op){ .dir = plan_text(run->plan, op->strs[0]), .path = plan_text(run->plan, op->strs[1]), .dev = (int64_t)op->nums[0], .ino = (int64_t)op->nums[1], .size = (int64_t)op->nums[2], .mtime_ns = (int64_t)op->nums[3] });
	case 2:
		return op_expect_absent(run, &(struct expect_absent_op){ .dir = plan_text(run->plan, op->strs[0]), .path = plan_text(run->plan, op->strs[1]) });
	case 3:
		return op_expect_link(run, &(struct expect_link_op){ .name = plan_text(run->plan, op->strs[0]) });
	case 4:
		return op_expect_process(run, &(struct expect_process_op){ .pid = (int64_t)op->nums[0], .starttime = (int64_t)op->nums[1], .process = op->slots[0], .pidfd = op->slots[1] });
	case 5:
		return op_expect_namespace(run, &(struct expect_namespace_op){ .path = plan_text(run->plan, op->strs[0]), .dev = (int64_t)op->nums[0], .ino = (int64_t)op->nums[1], .namespace = op->slots[0] });
	case 6:
		return op_expect_writable(run, &(struct expect_writable_op){ .root = slot_fd(run, op->slots[0]) });
	case 7:
		return op_expect_vacant(run, &(struct expect_vacant_op){ .path = plan_text(run->plan, op->strs[0]) });
	case 10:
		return op_claim_address(run, &(struct claim_address_op){ .address = plan_text(run->plan, op->strs[0]), .socket = op->slots[0] });
	case 11:
		return op_save_teardown(run, &(struct save_teardown_op){ .path = plan_text(run->plan, op->strs[0]) });
	case 12:
		return op_record_init(run, &(struct record_init_op){ .path = plan_text(run->plan, op->strs[0]), .process = slot_pid(run, op->slots[0]) });
	case 13:
		return op_event(run, &(struct event_op){ .path = plan_text(run->plan, op->strs[0]), .state = (int)op->nums[0] });
	case 14:
		return op_hook(run, &(struct hook_op){ .argv = plan_list(run->plan, op->strs[0]), .env = plan_list(run->plan, op->strs[1]), .where = plan_text(run->plan, op->strs[2]), .stdin_file = plan_text(run->plan, op->strs[3]), .root = slot_fd(run, op->slots[0]) });
	case 20:
		return op_cgroup_make(run, &(struct cgroup_make_op){ .path = plan_text(run->plan, op->strs[0]), .mode = (mode_t)op->nums[0], .directory = op->slots[0] });
	case 21:
		return op_cgroup_write(run, &(struct cgroup_write_op){ .directory = slot_fd(run, op->slots[0]), .file = plan_text(run->plan, op->strs[0]), .value = plan_text(run->plan, op->strs[1]) });
	case 22:
		return op_cgroup_delegate(run, &(struct cgroup_delegate_op){ .directory = slot_fd(run, op->slots[0]), .uid = (int64_t)op->nums[0], .gid = (int64_t)op->nums[1], .files = plan_list(run->plan, op->strs[0]) });
	case 23:
		return op_cgroup_join(run, &(struct cgroup_join_op){ .directory = slot_fd(run, op->slots[0]) });
	case 24:
		return op_cgroup_devices(run, &(struct cgroup_devices_op){ .directory = slot_fd(run, op->slots[0]), .program = plan_bytes(run->plan, op->strs[0]) });
	case 25:
		return op_cgroup_inherit_cpuset(run, &(struct cgroup_inherit_cpuset_op){ .directory = slot_fd(run, op->slots[0]) });
	case 30:
		return op_spawner(run, &(struct spawner_op){ .cgroup = slot_fd(run, op->slots[0]) });
	case 31:
		return op_namespace_join(run, &(struct namespace_join_op){ .namespace = slot_fd(run, op->slots[0]), .kinds = (uint64_t)op->nums[0] });
	case 32:
		return op_namespace_open(run, &(struct namespace_open_op){ .process = slot_pid(run, op->slots[0]), .kind = (int)op->nums[0], .namespace = op->slots[1] });
	case 33:
		return op_effective_ids(run, &(struct effective_ids_op){ .uid = (int64_t)op->nums[0], .gid = (int64_t)op->nums[1] });
	case 34:
		return op_clone_init(run, &(struct clone_init_op){ .namespaces = (uint64_t)op->nums[0], .process = op->slots[0] });
	case 35:
		return op_idmap_write(run, &(struct idmap_write_op){ .process = slot_pid(run, op->slots[0]), .uids = plan_text(run->plan, op->strs[0]), .gids = plan_text(run->plan, op->strs[1]) });
	case 36:
		return op_idmap_helper(run, &(struct idmap_helper_op){ .process = slot_pid(run, op->slots[0]), .argv = plan_list(run->plan, op->strs[0]) });
	case 37:
		return op_resource_limit(run, &(struct resource_limit_op){ .process = slot_pid(run, op->slots[0]), .resource = (int)op->nums[0], .soft = (int64_t)op->nums[1], .hard = (int64_t)op->nums[2] });
	case 38:
		return op_process_write(run, &(struct process_write_op){ .process = slot_pid(run, op->slots[0]), .file = plan_text(run->plan, op->strs[0]), .value = plan_text(run->plan, op->strs[1]) });
	case 39:
		return op_fd_send(run, &(struct fd_send_op){ .descriptor = slot_fd(run, op->slots[0]) });
	case 40:
		return op_fd_receive(run, &(struct fd_receive_op){ .descriptor = op->slots[0] });
	case 41:
		return op_time_offsets(run, &(struct time_offsets_op){ .boot_s = (int64_t)op->nums[0], .boot_ns = (int64_t)op->nums[1], .monotonic_s = (int64_t)op->nums[2], .monotonic_ns = (int64_t)op->nums[3] });
	case 42:
		return op_self(run, &(struct self_op){ .process = op->slots[0] });
	case 43:
		return op_namespace_unshare(run, &(struct namespace_unshare_op){ .kinds = (uint64_t)op->nums[0] });
	case 80:
		return op_tree_open(run, &(struct tree_open_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .recursive = op->nums[0] != 0, .optional = op->nums[1] != 0, .tree = op->slots[1] });
	case 81:
		return op_tree_attributes(run, &(struct tree_attributes_op){ .tree = slot_fd(run, op->slots[0]), .recursive = op->nums[0] != 0, .set = (uint64_t)op->nums[1], .clear = (uint64_t)op->nums[2], .propagation = (uint64_t)op->nums[3] });
	case 82:
		return op_tree_idmap(run, &(struct tree_idmap_op){ .tree = slot_fd(run, op->slots[0]), .userns = slot_fd(run, op->slots[1]), .recursive = op->nums[0] != 0 });
	case 83:
		return op_tree_attach(run, &(struct tree_attach_op){ .tree = slot_fd(run, op->slots[0]), .root = slot_fd(run, op->slots[1]), .make = (int)op->nums[0], .optional = op->nums[1] != 0, .path = plan_text(run->plan, op->strs[0]) });
	case 84:
		return op_fs_mount(run, &(struct fs_mount_op){ .root = slot_fd(run, op->slots[0]), .attributes = (uint64_t)op->nums[0], .make = (int)op->nums[1], .optional = op->nums[2] != 0, .type = plan_text(run->plan, op->strs[0]), .options = plan_list(run->plan, op->strs[1]), .path = plan_text(run->plan, op->strs[2]) });
	case 85:
		return op_fs_create(run, &(struct fs_create_op){ .attributes = (uint64_t)op->nums[0], .type = plan_text(run->plan, op->strs[0]), .options = plan_list(run->plan, op->strs[1]), .tree = op->slots[0] });
	case 86:
		return op_remount(run, &(struct remount_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .set = (uint64_t)op->nums[0], .clear = (uint64_t)op->nums[1], .optional = op->nums[2] != 0, .recursive = op->nums[3] != 0 });
	case 87:
		return op_propagation(run, &(struct propagation_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .propagation = (uint64_t)op->nums[0] });
	case 88:
		return op_unmount(run, &(struct unmount_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]) });
	case 89:
		return op_directory_open(run, &(struct directory_open_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .directory = op->slots[1] });
	case 90:
		return op_make_directory(run, &(struct make_directory_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .mode = (mode_t)op->nums[0], .uid = (int64_t)op->nums[1], .gid = (int64_t)op->nums[2] });
	case 91:
		return op_make_file(run, &(struct make_file_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .mode = (mode_t)op->nums[0], .content = plan_text(run->plan, op->strs[1]) });
	case 92:
		return op_make_symlink(run, &(struct make_symlink_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .target = plan_text(run->plan, op->strs[1]) });
	case 93:
		return op_make_node(run, &(struct make_node_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .mode = (mode_t)op->nums[0], .major = (int64_t)op->nums[1], .minor = (int64_t)op->nums[2] });
	case 94:
		return op_pivot(run, &(struct pivot_op){ .root = slot_fd(run, op->slots[0]) });
	case 95:
		return op_make_uuid(run, &(struct make_uuid_op){ .root = slot_fd(run, op->slots[0]), .path = plan_text(run->plan, op->strs[0]), .mode = (mode_t)op->nums[0] });
	case 96:
		return op_tree_stage(run, &(struct tree_stage_op){ .process = slot_pid(run, op->slots[0]), .tree = slot_fd(run, op->slots[1]), .make = (int)op->nums[0], .optional = op->nums[1] != 0, .path = plan_text(run->plan, op->strs[0]) });
	case 100:
		return op_pty_open(run, &(struct pty_open_op){ .root = slot_fd(run, op->slots[0]), .devpts = plan_text(run->plan, op->strs[0]), .master = op->slots[1], .slave = op->slots[2] });
	case 101:
		return op_pty_attach(run, &(struct pty_attach_op){ .slave = slot_fd(run, op->slots[0]), .root = slot_fd(run, op->slots[1]), .path = plan_text(run->plan, op->strs[0]) });
	case 102:
		return op_stdio(run, &(struct stdio_op){ .descriptor = slot_fd(run, op->slots[0]), .mask = (uint64_t)op->nums[0], .controlling = op->nums[1] != 0 });
	case 103:
		return op_pump(run, &(struct pump_op){ .master = slot_fd(run, op->slots[0]), .mask = (uint64_t)op->nums[0], .log = plan_text(run->plan, op->strs[0]) });
	case 104:
		return op_serve_console(run, &(struct serve_console_op){ .master = slot_fd(run, op->slots[0]), .ring_bytes = (int64_t)op->nums[0], .log_bytes = (int64_t)op->nums[1], .rotate = op->nums[2] != 0, .log = plan_text(run->plan, op->strs[0]) });
	case 105:
		return op_serve_tty(run, &(struct serve_tty_op){ .master = slot_fd(run, op->slots[0]), .number = (int64_t)op->nums[0] });
	case 106:
		return op_serve_control(run, &(struct serve_control_op){ .directory = plan_text(run->plan, op->strs[0]) });
	case 120:
		return op_veth_make(run, &(struct veth_make_op){ .netns = slot_fd(run, op->slots[0]), .mtu = (int64_t)op->nums[0], .name = plan_text(run->plan, op->strs[0]), .mac = plan_text(run->plan, op->strs[1]), .peer = plan_text(run->plan, op->strs[2]), .peer_mac = plan_text(run->plan, op->strs[3]) });
	case 121:
		return op_link_up(run, &(struct link_up_op){ .name = plan_text(run->plan, op->strs[0]) });
	case 122:
		return op_link_enslave(run, &(struct link_enslave_op){ .name = plan_text(run->plan, op->strs[0]), .master = plan_text(run->plan, op->strs[1]) });
	case 123:
		return op_address_add(run, &(struct address_add_op){ .name = plan_text(run->plan, op->strs[0]), .prefix = (int64_t)op->nums[0], .address = plan_text(run->plan, op->strs[1]), .broadcast = plan_text(run->plan, op->strs[2]) });
	case 124:
		return op_route_add(run, &(struct route_add_op){ .name = plan_text(run->plan, op->strs[0]), .prefix = (int64_t)op->nums[0], .destination = plan_text(run->plan, op->strs[1]), .gateway = plan_text(run->plan, op->strs[2]) });
	case 125:
		return op_sysctl_write(run, &(struct sysctl_write_op){ .path = plan_text(run->plan, op->strs[0]), .value = plan_text(run->plan, op->strs[1]) });
	case 140:
		return op_hostname(run, &(struct hostname_op){ .name = plan_text(run->plan, op->strs[0]) });
	case 141:
		return op_personality(run, &(struct personality_op){ .value = (uint64_t)op->nums[0] });
	case 142:
		return op_session_keyring(run);
	case 143:
		return op_capabilities(run, &(struct capabilities_op){ .bounding = (uint64_t)op->nums[0] });
	case 144:
		return op_no_new_privs(run);
	case 145:
		return op_seccomp(run, &(struct seccomp_op){ .log = op->nums[0] != 0, .program = plan_bytes(run->plan, op->strs[0]) });
	case 146:
		return op_identity(run, &(struct identity_op){ .uid = (int64_t)op->nums[0], .gid = (int64_t)op->nums[1], .groups = plan_list(run->plan, op->strs[0]) });
	case 147:
		return op_parent_death(run, &(struct parent_death_op){ .signal = (int64_t)op->nums[0] });
	case 148:
		return op_directory_enter(run, &(struct directory_enter_op){ .path = plan_text(run->plan, op->strs[0]), .make = op->nums[0] != 0, .optional = op->nums[1] != 0 });
	case 149:
		return op_umask(run, &(struct umask_op){ .mask = (mode_t)op->nums[0] });
	case 150:
		return op_exec(run, &(struct exec_op){ .argv = plan_list(run->plan, op->strs[0]), .env = plan_list(run->plan, op->strs[1]) });
	case 151:
		return op_own_core_scheduling(run);
	case 152:
		return op_label(run, &(struct label_op){ .attribute = plan_text(run->plan, op->strs[0]), .value = plan_text(run->plan, op->strs[1]) });
	case 60:
		return op_cgroup_empty(run, &(struct cgroup_empty_op){ .timeout_ms = (int64_t)op->nums[0], .path = plan_text(run->plan, op->strs[0]) });
	case 61:
		return op_cgroup_remove(run, &(struct cgroup_remove_op){ .timeout_ms = (int64_t)op->nums[0], .path = plan_text(run->plan, op->strs[0]) });
	case 62:
		return op_link_delete(run, &(struct link_delete_op){ .name = plan_text(run->plan, op->strs[0]) });
	case 63:
		return op_file_remove(run, &(struct file_remove_op){ .path = plan_text(run->plan, op->strs[0]) });
	case 64:
		return op_directory_remove(run, &(struct directory_remove_op){ .path = plan_text(run->plan, op->strs[0]) });
	case 65:
		return op_teardown_event(run, &(struct teardown_event_op){ .path = plan_text(run->plan, op->strs[0]), .state = (int)op->nums[0] });
	case 66:
		return op_teardown_hook(run, &(struct teardown_hook_op){ .live = op->nums[0] != 0, .argv = plan_list(run->plan, op->strs[0]), .env = plan_list(run->plan, op->strs[1]) });
	case 67:
		return op_unmount_path(run, &(struct unmount_path_op){ .path = plan_text(run->plan, op->strs[0]) });
	default:
		return fail(run, -EINVAL, "opcode %u", op->opcode);
	}
}
/* clang-format on */
