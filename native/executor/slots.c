/* Slots: integers in memory that all actors share, descriptors in a table of each process's own. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fields.h"
#include "run.h"

enum { OP_CLAIM_ADDRESS = 10 };

int slots_open(struct run *run)
{
	for (int slot = 0; slot < PLAN_MAX_SLOTS; slot++)
		run->fds[slot] = -1;
	run->shared = mmap(NULL, sizeof *run->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run->shared != MAP_FAILED)
		return 0;
	int error = errno;
	run->shared = NULL;
	return fail(run, error, "mmap slots");
}

void slots_clear(struct run *run)
{
	for (int slot = 0; slot < PLAN_MAX_SLOTS; slot++) {
		if (run->fds[slot] >= 0)
			close(run->fds[slot]);
		run->fds[slot] = -1;
	}
	memset(run->shared, 0, sizeof *run->shared);
}

/* Whether a text of the op names the slot. */
static bool op_names_slot(const struct plan *plan, const struct plan_op *op, int slot)
{
	struct field field = {0};
	while (field_next(op_row(op->opcode), &field)) {
		if (field.kind != FIELD_FMT && field.kind != FIELD_FMTLIST)
			continue;
		struct text_list list = plan_list(plan, op->strs[field.index]);
		list.bytes += field.kind == FIELD_FMT && list.data;
		for (const char *text = NULL; (text = list_next(&list, text));) {
			const char *at = text;
			for (int named = 0; (named = format_slot(&at)) >= 0;)
				if (named == slot)
					return true;
		}
	}
	return false;
}

static bool is_needed(const struct plan *plan, int slot)
{
	for (uint32_t s = 0; s < plan->header->segment_count; s++) {
		const struct plan_segment *segment = &plan->segments[s];
		for (uint32_t n = 0; n < segment->op_count; n++) {
			const struct plan_op *op = &plan->ops[segment->first_op + n];
			if (op->opcode == OP_CLAIM_ADDRESS && op->slots[0] == slot)
				return true;
			if (is_teardown(segment->actor) && op_names_slot(plan, op, slot))
				return true;
		}
	}
	return false;
}

/* A monitor that held the payload's trees and namespaces would keep them alive after it. */
void slots_trim(struct run *run)
{
	for (int slot = 0; slot < PLAN_MAX_SLOTS; slot++) {
		if (run->fds[slot] < 0 || is_needed(run->plan, slot))
			continue;
		close(run->fds[slot]);
		run->fds[slot] = -1;
	}
}

int slot_fd(const struct run *run, uint16_t slot)
{
	if (slot == PLAN_NO_SLOT)
		return NO_FD;
	return run->fds[slot] >= 0 ? run->fds[slot] : EMPTY_FD;
}

int64_t slot_value(const struct run *run, uint16_t slot)
{
	return slot == PLAN_NO_SLOT || !run->shared->set[slot] ? 0 : run->shared->value[slot];
}

pid_t slot_pid(const struct run *run, uint16_t slot)
{
	return (pid_t)slot_value(run, slot);
}

void slot_put_fd(struct run *run, uint16_t slot, int fd)
{
	if (run->fds[slot] >= 0)
		close(run->fds[slot]);
	run->fds[slot] = fd;
}

void slot_put_value(struct run *run, uint16_t slot, int64_t value)
{
	run->shared->value[slot] = value;
	run->shared->set[slot] = true;
}
