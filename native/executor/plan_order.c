/*
 * The meaning of a plan: who may do what and when. After this a plan can't make two actors wait for each other, read a slot that
 * nothing filled, or have an op done by a process that it would ruin (the executor must stay who it is to tear down).
 */
#include <errno.h>
#include <string.h>

#include "fault.h"
#include "fields.h"
#include "plan_view.h"

enum {
	OP_SPAWNER = 30,
	OP_NAMESPACE_JOIN = 31,
	OP_CLONE_INIT = 34,
	OP_FD_SEND = 39,
	OP_FD_RECEIVE = 40,
	OP_NAMESPACE_UNSHARE = 43,
	OP_TREE_ATTACH = 83,
	OP_FS_MOUNT = 84,
	OP_REMOUNT = 86,
	OP_PROPAGATION = 87,
	OP_UNMOUNT = 88,
	OP_PIVOT = 94,
	OP_TREE_STAGE = 96,
	OP_PTY_ATTACH = 101,
	OP_EXEC = 150,
};

enum { NAMESPACE_MNT = 0x20000 };

/* The processes behind the actors: host and parent are one. */
enum { EXECUTOR, SPAWNER, CHILD, PROCESSES };

struct slots_known {
	bool number[PLAN_MAX_SLOTS];
	bool descriptor[PROCESSES][PLAN_MAX_SLOTS];
};

struct walk {
	const struct plan *plan;
	struct plan_fault *fault;
	struct slots_known known;
	unsigned int travelling[PROCESSES]; /* descriptors sent to the executor or to the child, not yet received */
	bool own_mounts[PROCESSES];         /* it is in a mount namespace that this plan made */
	bool private_mounts[PROCESSES];     /* … and said what may still travel to the host's */
	enum { BEFORE, AFTER_CLONE, AFTER_EXEC } stage;
};

static int verify_segment(struct walk *walk, const struct plan_segment *segment);
static int verify_op(struct walk *walk, const struct plan_segment *segment, uint32_t index);

int plan_verify(const struct plan *plan, struct plan_fault *fault)
{
	struct walk walk = {.plan = plan, .fault = fault, .stage = BEFORE};
	for (int pass = 0; pass < 2; pass++) {
		/* A live teardown op reads what the whole launch wrote, wherever its segment stands. */
		for (uint32_t s = 0; s < plan->header->segment_count; s++) {
			const struct plan_segment *segment = &plan->segments[s];
			if (is_teardown(segment->actor) != (pass == 1))
				continue;
			int error = verify_segment(&walk, segment);
			if (error < 0)
				return error;
		}
	}
	if (plan->header->kind == PLAN_TEARDOWN)
		return 0;
	if (walk.stage != AFTER_EXEC)
		return plan_refuse(fault, -1, "the plan ends without an exec");
	return walk.travelling[EXECUTOR] + walk.travelling[CHILD] ? plan_refuse(fault, -1, "a descriptor is sent to nobody") : 0;
}

static int process_of(unsigned int actor)
{
	return actor == ACTOR_SPAWNER ? SPAWNER : actor == ACTOR_CHILD ? CHILD : EXECUTOR;
}

static int verify_segment(struct walk *walk, const struct plan_segment *segment)
{
	const struct plan_op *ops = walk->plan->ops + segment->first_op;
	unsigned int actor = segment->actor;
	uint32_t count = segment->op_count;

	if (!is_teardown(actor)) {
		bool early = actor == ACTOR_HOST || actor == ACTOR_SPAWNER;
		if (walk->plan->header->kind == PLAN_TEARDOWN)
			return plan_refuse(walk->fault, (int)segment->first_op, "a teardown plan only tears down");
		if (walk->stage == AFTER_EXEC || early != (walk->stage == BEFORE))
			return plan_refuse(walk->fault, (int)segment->first_op, "a segment in the wrong place");
	}
	if (actor == ACTOR_SPAWNER && (count < 2 || ops[0].opcode != OP_SPAWNER || ops[count - 1].opcode != OP_CLONE_INIT))
		return plan_refuse(walk->fault, (int)segment->first_op, "a spawner begins with spawner and ends with clone_init");
	for (uint32_t n = 0; n < count; n++) {
		int error = verify_op(walk, segment, segment->first_op + n);
		if (error < 0)
			return error;
	}
	return 0;
}

static bool actor_may(unsigned int actor, unsigned int opcode);
static int verify_slot(struct walk *walk, int process, uint32_t index, const struct field *field);
static int verify_number(struct walk *walk, uint32_t index, const struct field *field);
static int verify_formats(struct walk *walk, unsigned int actor, uint32_t index, const struct field *field);
static int verify_passing(struct walk *walk, int process, uint32_t index);
static int verify_mounting(struct walk *walk, int process, uint32_t index);

static int verify_op(struct walk *walk, const struct plan_segment *segment, uint32_t index)
{
	const struct plan_op *op = &walk->plan->ops[index];
	const struct op_row *row = op_row(op->opcode);
	struct field field = {0};
	int error = 0;

	if (!actor_may(segment->actor, op->opcode))
		return plan_refuse(walk->fault, (int)index, "%s is not for this actor", row->name);
	if (op->opcode == OP_SPAWNER && index != segment->first_op)
		return plan_refuse(walk->fault, (int)index, "a second spawner");
	if ((op->opcode == OP_CLONE_INIT || op->opcode == OP_EXEC) && index != segment->first_op + segment->op_count - 1)
		return plan_refuse(walk->fault, (int)index, "nothing can come after %s", row->name);

	while (error == 0 && field_next(row, &field)) {
		if (field.place == PLACE_SLOT)
			error =
			    verify_slot(walk, op->opcode == OP_SPAWNER ? EXECUTOR : process_of(segment->actor), index, &field);
		else if (field.place == PLACE_NUM)
			error = verify_number(walk, index, &field);
		else if (field.kind == FIELD_FMT || field.kind == FIELD_FMTLIST)
			error = verify_formats(walk, segment->actor, index, &field);
	}
	if (error == 0)
		error = verify_mounting(walk, process_of(segment->actor), index);
	if (error < 0)
		return error;

	struct slots_known *known = &walk->known;
	if (op->opcode == OP_SPAWNER)
		memcpy(known->descriptor[SPAWNER], known->descriptor[EXECUTOR], sizeof known->descriptor[SPAWNER]);
	if (op->opcode == OP_CLONE_INIT) {
		memcpy(known->descriptor[CHILD], known->descriptor[SPAWNER], sizeof known->descriptor[CHILD]);
		walk->stage = AFTER_CLONE;
	}
	if (op->opcode == OP_EXEC)
		walk->stage = AFTER_EXEC;
	return verify_passing(walk, process_of(segment->actor), index);
}

enum {
	H = 1 << ACTOR_HOST,
	S = 1 << ACTOR_SPAWNER,
	P = 1 << ACTOR_PARENT,
	C = 1 << ACTOR_CHILD,
	T = 1 << ACTOR_TEARDOWN_STOP | 1 << ACTOR_TEARDOWN_REBOOT,
};

/* The executor keeps its identity, namespaces and root; teardown ops are for teardown alone. */
static bool actor_may(unsigned int actor, unsigned int opcode)
{
	static const struct {
		unsigned char first, last;
		unsigned char actors;
	} rules[] = {
	    /* clang-format off */
		{1, 7, H | S | P | C}, /* expect_* */
		{10, 11, H},           /* claim_address save_teardown */
		{12, 12, P},           /* record_init */
		{13, 13, H | P},       /* event */
		{14, 14, H | P | C},   /* hook */
		{20, 22, H | P},       /* cgroup_make cgroup_write cgroup_delegate */
		{23, 23, S},           /* cgroup_join */
		{24, 25, H | P},       /* cgroup_devices cgroup_inherit_cpuset */
		{30, 30, S},           /* spawner */
		{31, 31, S | C},       /* namespace_join */
		{32, 32, H | P},       /* namespace_open */
		{33, 34, S},           /* effective_ids clone_init */
		{35, 36, P},           /* idmap_write idmap_helper */
		{37, 37, S | P},       /* resource_limit: what the spawner sets for itself is inherited */
		{38, 38, P},           /* process_write */
		{39, 40, P | C},       /* fd_send fd_receive */
		{41, 41, S},           /* time_offsets */
		{42, 42, H | S | P | C}, /* self */
		{43, 43, H | S | C},   /* namespace_unshare: the executor its mounts alone */
		{80, 82, H | S | P | C}, /* tree_* */
		{83, 84, S | C},       /* tree_attach fs_mount */
		{85, 85, H | S | P | C}, /* fs_create */
		{86, 86, S | C},       /* remount */
		{87, 87, H | S | C},   /* propagation */
		{88, 88, S | C},       /* unmount */
		{89, 89, H | S | P | C}, /* directory_open */
		{90, 95, S | C},       /* make_* pivot */
		{96, 96, P},           /* tree_stage: it comes back */
		{100, 100, H | P | C}, /* pty_open */
		{101, 102, C},         /* pty_attach stdio */
		{103, 106, H | P},     /* pump serve_* */
		{120, 125, H | P | C}, /* links and addresses */
		{140, 152, C},         /* what the payload becomes */
		{60, 67, T},
	    /* clang-format on */
	};
	for (size_t n = 0; n < sizeof rules / sizeof rules[0]; n++)
		if (opcode >= rules[n].first && opcode <= rules[n].last)
			return rules[n].actors & 1 << actor;
	return false;
}

static int verify_slot(struct walk *walk, int process, uint32_t index, const struct field *field)
{
	struct slots_known *known = &walk->known;
	uint16_t slot = walk->plan->ops[index].slots[field->index];
	if (slot == PLAN_NO_SLOT)
		return 0;
	bool *descriptor = &known->descriptor[process][slot];
	bool elsewhere = known->descriptor[EXECUTOR][slot] || known->descriptor[SPAWNER][slot] || known->descriptor[CHILD][slot];
	bool right = false;
	if (field->kind == FIELD_FD) {
		right = *descriptor;
	} else if (field->kind == FIELD_PID || field->kind == FIELD_VALUE) {
		right = known->number[slot];
	} else if (field->kind == FIELD_NEWFD) {
		right = !*descriptor && !known->number[slot];
		*descriptor = true;
	} else {
		right = !known->number[slot] && !elsewhere;
		known->number[slot] = true;
	}
	if (right)
		return 0;
	return plan_refuse(walk->fault, (int)index, "%.*s: slot %u is %s", (int)field->name_length, field->name, slot,
	                   field_writes_slot(field) ? "written twice" : "not written by then");
}

static int verify_number(struct walk *walk, uint32_t index, const struct field *field)
{
	int64_t value = walk->plan->ops[index].nums[field->index];
	uint64_t left = (uint64_t)value;
	bool right = true;
	if (field->kind == FIELD_BOOL)
		right = value == 0 || value == 1;
	else if (field->kind == FIELD_OCT)
		right = value >= 0 && value <= 07777;
	else if (field->kind == FIELD_ENUM)
		right = enum_find(field, value) != NULL;
	else if (field->kind == FIELD_SET) {
		for (const struct table_word *word = NULL; (word = flag_next(field, word));)
			left &= ~(uint64_t)word->value;
		right = left == 0;
	}
	if (right)
		return 0;
	return plan_refuse(walk->fault, (int)index, "%.*s: %lld is not one of its values", (int)field->name_length, field->name,
	                   (long long)value);
}

/* A teardown op may be done by another process much later: only live ones read slots. */
static bool reads_no_slot(const struct walk *walk, unsigned int actor, uint32_t index)
{
	const struct plan_op *op = &walk->plan->ops[index];
	struct field field = {0};
	if (!is_teardown(actor))
		return false;
	while (field_next(op_row(op->opcode), &field))
		if (field.kind == FIELD_BOOL && field.name_length == 4 && memcmp(field.name, "live", 4) == 0)
			return op->nums[field.index] == 0;
	return true;
}

static int verify_formats(struct walk *walk, unsigned int actor, uint32_t index, const struct field *field)
{
	struct byte_span span = plan_bytes(walk->plan, walk->plan->ops[index].strs[field->index]);
	/* An absent text is an empty list, a single one ends in the NUL behind it. */
	struct text_list list = {span.data, span.bytes + (field->kind == FIELD_FMT && span.data)};
	bool none = reads_no_slot(walk, actor, index);
	for (const char *text = NULL; (text = list_next(&list, text));) {
		const char *at = text;
		for (int slot = 0; (slot = format_slot(&at)) >= 0;)
			if (none || (!walk->known.number[slot] && !walk->known.descriptor[process_of(actor)][slot]))
				return plan_refuse(walk->fault, (int)index, "%.*s: {%d} is not known here",
				                   (int)field->name_length, field->name, slot);
	}
	return 0;
}

/* A receiver that nobody sends to would wait for ever. */
static int verify_passing(struct walk *walk, int process, uint32_t index)
{
	unsigned int opcode = walk->plan->ops[index].opcode;
	int other = process == EXECUTOR ? CHILD : EXECUTOR;
	if (opcode == OP_FD_SEND)
		walk->travelling[other]++;
	if (opcode == OP_FD_RECEIVE && walk->travelling[process]-- == 0)
		return plan_refuse(walk->fault, (int)index, "nothing was sent to this actor");
	return 0;
}

/* No mount is made, moved or removed where the host would see it. */
static int verify_mounting(struct walk *walk, int process, uint32_t index)
{
	const struct plan_op *op = &walk->plan->ops[index];
	switch (op->opcode) {
	case OP_SPAWNER:
		walk->own_mounts[SPAWNER] = walk->own_mounts[EXECUTOR];
		walk->private_mounts[SPAWNER] = walk->private_mounts[EXECUTOR];
		return 0;
	case OP_NAMESPACE_JOIN: /* whose mounts those are the plan can't say */
		if (op->nums[0] & NAMESPACE_MNT)
			walk->own_mounts[process] = false;
		return 0;
	case OP_NAMESPACE_UNSHARE:
		if (process == EXECUTOR && op->nums[0] != NAMESPACE_MNT)
			return plan_refuse(walk->fault, (int)index, "the executor unshares its mounts alone");
		walk->own_mounts[process] |= (op->nums[0] & NAMESPACE_MNT) != 0;
		return 0;
	case OP_CLONE_INIT:
		walk->own_mounts[CHILD] = walk->own_mounts[SPAWNER] || (op->nums[0] & NAMESPACE_MNT);
		walk->private_mounts[CHILD] = walk->private_mounts[SPAWNER];
		return 0;
	case OP_PROPAGATION:
		walk->private_mounts[process] = true;
		break;
	case OP_TREE_STAGE: /* in the namespace that the spawner made */
		process = SPAWNER;
		break;
	case OP_TREE_ATTACH:
	case OP_FS_MOUNT:
	case OP_REMOUNT:
	case OP_UNMOUNT:
	case OP_PIVOT:
	case OP_PTY_ATTACH:
		break;
	default:
		return 0;
	}
	if (walk->own_mounts[process] && walk->private_mounts[process])
		return 0;
	return plan_refuse(walk->fault, (int)index, "%s would reach the host's mounts: a namespace and propagation come first",
	                   op_row(op->opcode)->name);
}
