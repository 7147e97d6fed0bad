#include "saved.h"

#include <errno.h>
#include <string.h>

#include "fields.h"
#include "files.h"
#include "start.h"

/* Walks the saved ops twice with the same numbers: first to know the sizes, then to write. */
struct copy {
	struct run *run;
	int fd; /* -1: only counting */
	uint32_t ops;
	uint32_t strings; /* bytes so far */
	int error;
};

static void put(struct copy *copy, const void *data, size_t bytes)
{
	if (copy->fd >= 0 && copy->error == 0)
		copy->error = write_all(copy->fd, data, bytes);
}

static bool is_live(const struct plan_op *op)
{
	struct field field = {0};
	while (field_next(op_row(op->opcode), &field))
		if (field.kind == FIELD_BOOL && field.name_length == 4 && memcmp(field.name, "live", 4) == 0)
			return op->nums[field.index] != 0;
	return false;
}

static void each_saved(struct copy *copy, void (*visit)(struct copy *copy, const struct plan_op *op))
{
	const struct plan *plan = copy->run->plan;
	copy->ops = copy->strings = 0;
	for (uint32_t s = 0; s < plan->header->segment_count; s++) {
		const struct plan_segment *segment = &plan->segments[s];
		for (uint32_t n = 0; segment->actor == ACTOR_TEARDOWN_STOP && n < segment->op_count; n++)
			if (!is_live(&plan->ops[segment->first_op + n]))
				visit(copy, &plan->ops[segment->first_op + n]);
	}
}

static uint32_t stored_bytes(uint32_t length)
{
	return (4 + length + 1 + 3) & ~3u;
}

/* The op, its texts moved to where they will stand. */
static void visit_op(struct copy *copy, const struct plan_op *op)
{
	struct plan_op moved = *op;
	for (int n = 0; n < OP_STRS; n++) {
		if (op->strs[n] == PLAN_NO_STRING)
			continue;
		moved.strs[n] = copy->strings;
		copy->strings += stored_bytes(plan_bytes(copy->run->plan, op->strs[n]).bytes);
	}
	copy->ops++;
	put(copy, &moved, sizeof moved);
}

static void visit_strings(struct copy *copy, const struct plan_op *op)
{
	static const char zeros[8];
	for (int n = 0; n < OP_STRS; n++) {
		if (op->strs[n] == PLAN_NO_STRING)
			continue;
		struct byte_span span = plan_bytes(copy->run->plan, op->strs[n]);
		put(copy, &span.bytes, sizeof span.bytes);
		put(copy, span.data, span.bytes);
		put(copy, zeros, stored_bytes(span.bytes) - 4 - span.bytes);
	}
}

int saved_teardown_write(struct run *run, int fd)
{
	struct copy copy = {.run = run, .fd = -1};
	each_saved(&copy, visit_op);
	struct plan_segment segment = {.actor = ACTOR_TEARDOWN_STOP, .op_count = copy.ops};
	struct plan_header header = {
	    .magic = PLAN_MAGIC,
	    .version = PLAN_VERSION,
	    .kind = PLAN_TEARDOWN,
	    .segment_count = 1,
	    .op_count = copy.ops,
	    .segments_offset = sizeof header,
	    .ops_offset = sizeof header + sizeof segment,
	    .strings_bytes = copy.strings,
	};
	header.strings_offset = header.ops_offset + copy.ops * (uint32_t)sizeof(struct plan_op);
	header.total_bytes = header.strings_offset + copy.strings;
	int error = boot_id_read(run, (uint8_t *)header.reserved);
	if (error < 0)
		return error;
	copy.fd = fd;
	put(&copy, &header, sizeof header);
	put(&copy, &segment, sizeof segment);
	each_saved(&copy, visit_op);
	each_saved(&copy, visit_strings);
	return copy.error < 0 ? fail(run, copy.error, "write the teardown file") : 0;
}
