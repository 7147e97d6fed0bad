/* The form of a plan: nothing in it may point outside of it. What the ops mean is plan_order.c's business. */
#include "plan_view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "fields.h"

static int check_header(const struct plan_header *header, size_t bytes, struct plan_fault *fault);
static int check_segments(const struct plan *plan, struct plan_fault *fault);
static int check_op(const struct plan *plan, uint32_t index, struct plan_fault *fault);
static int check_string(const struct plan *plan, uint32_t index, const struct field *field, uint32_t offset,
                        struct plan_fault *fault);

int plan_check(const void *data, size_t bytes, struct plan *plan, struct plan_fault *fault)
{
	*plan = (struct plan){0};
	int error = check_header(data, bytes, fault);
	if (error < 0)
		return error;
	const struct plan_header *header = data;
	const char *base = data;
	struct plan found = {
	    .header = header,
	    .segments = (const void *)(base + header->segments_offset),
	    .ops = (const void *)(base + header->ops_offset),
	    .strings = base + header->strings_offset,
	};
	error = check_segments(&found, fault);
	for (uint32_t index = 0; error == 0 && index < header->op_count; index++)
		error = check_op(&found, index, fault);
	if (error == 0)
		*plan = found;
	return error;
}

int plan_refuse(struct plan_fault *fault, int index, const char *format, ...)
{
	va_list arguments;
	fault->index = index;
	va_start(arguments, format);
	vsnprintf(fault->text, sizeof fault->text, format, arguments);
	va_end(arguments);
	return -EBADMSG;
}

/* Whether `count` things of `each` bytes lie whole, and aligned, within the plan. */
static bool lies_within(const struct plan_header *header, uint32_t offset, uint64_t count, uint64_t each)
{
	return offset % 8 == 0 && offset >= sizeof *header && offset <= header->total_bytes &&
	       count * each <= header->total_bytes - offset;
}

static int check_header(const struct plan_header *header, size_t bytes, struct plan_fault *fault)
{
	if (bytes < sizeof *header || bytes > PLAN_MAX_BYTES)
		return plan_refuse(fault, -1, "a plan of %zu bytes", bytes);
	if (memcmp(header->magic, PLAN_MAGIC, sizeof header->magic) != 0)
		return plan_refuse(fault, -1, "this is not a plan");
	if (header->version != PLAN_VERSION) {
		plan_refuse(fault, -1, "plan version %u, this executor knows %u", header->version, PLAN_VERSION);
		return -EPROTO;
	}
	if (header->total_bytes != bytes)
		return plan_refuse(fault, -1, "a plan of %u bytes in a file of %zu", header->total_bytes, bytes);
	if (header->kind > PLAN_TEARDOWN)
		return plan_refuse(fault, -1, "plan kind %u", header->kind);
	if (header->segment_count > PLAN_MAX_SEGMENTS || header->op_count > PLAN_MAX_OPS || header->slot_count > PLAN_MAX_SLOTS)
		return plan_refuse(fault, -1, "%u segments, %u ops, %u slots: too many", header->segment_count, header->op_count,
		                   header->slot_count);
	if (!lies_within(header, header->segments_offset, header->segment_count, sizeof(struct plan_segment)) ||
	    !lies_within(header, header->ops_offset, header->op_count, sizeof(struct plan_op)) ||
	    !lies_within(header, header->strings_offset, header->strings_bytes, 1))
		return plan_refuse(fault, -1, "a part lies outside of the plan");
	return 0;
}

/* Segments share the ops out among them, in order and without a gap. */
static int check_segments(const struct plan *plan, struct plan_fault *fault)
{
	uint32_t next = 0;
	for (uint32_t s = 0; s < plan->header->segment_count; s++) {
		const struct plan_segment *segment = &plan->segments[s];
		if (segment->actor >= ACTOR_COUNT || segment->reserved || segment->reserved2)
			return plan_refuse(fault, -1, "segment %u: actor %u", s, segment->actor);
		if (segment->first_op != next || segment->op_count > plan->header->op_count - next)
			return plan_refuse(fault, -1, "segment %u does not follow on the one before", s);
		next += segment->op_count;
	}
	return next == plan->header->op_count ? 0 : plan_refuse(fault, -1, "ops outside of segments");
}

static int check_op(const struct plan *plan, uint32_t index, struct plan_fault *fault)
{
	const struct plan_op *op = &plan->ops[index];
	const struct op_row *row = op_row(op->opcode);
	if (!row || op->flags || op->reserved)
		return plan_refuse(fault, (int)index, "unknown opcode %u", op->opcode);

	struct field field = {0};
	while (field_next(row, &field)) {
		if (field.place == PLACE_SLOT) {
			uint16_t slot = op->slots[field.index];
			if (slot == PLAN_NO_SLOT ? !field.optional : slot >= plan->header->slot_count)
				return plan_refuse(fault, (int)index, "%.*s: slot %u", (int)field.name_length, field.name, slot);
		} else if (field.place == PLACE_STR) {
			int error = check_string(plan, index, &field, op->strs[field.index], fault);
			if (error < 0)
				return error;
		}
	}
	/* What the op has no field for says nothing: one plan has one form. */
	bool spare = false;
	for (unsigned int n = field.used[PLACE_SLOT]; n < OP_SLOTS; n++)
		spare |= op->slots[n] != PLAN_NO_SLOT;
	for (unsigned int n = field.used[PLACE_NUM]; n < OP_NUMS; n++)
		spare |= op->nums[n] != 0;
	for (unsigned int n = field.used[PLACE_STR]; n < OP_STRS; n++)
		spare |= op->strs[n] != PLAN_NO_STRING;
	return spare ? plan_refuse(fault, (int)index, "%s: more fields than it has", row->name) : 0;
}

/* Every {n} names a slot of this plan and every other brace is doubled. */
static bool format_is_sound(const struct plan *plan, const char *text)
{
	int slot = 0;
	while ((slot = format_slot(&text)) >= 0)
		if ((uint32_t)slot >= plan->header->slot_count)
			return false;
	return slot == -1;
}

static bool list_is_sound(const struct plan *plan, enum field_kind kind, const struct text_list *list)
{
	unsigned int count = 0;
	if (list->bytes > 0 && list->data[list->bytes - 1] != '\0')
		return false;
	for (const char *text = NULL; (text = list_next(list, text));)
		if (++count > PLAN_MAX_LIST || (kind == FIELD_FMTLIST && !format_is_sound(plan, text)))
			return false;
	return true;
}

static int check_string(const struct plan *plan, uint32_t index, const struct field *field, uint32_t offset,
                        struct plan_fault *fault)
{
	uint32_t room = plan->header->strings_bytes;
	uint32_t length = 0;
	bool sound = true;
	if (offset == PLAN_NO_STRING)
		return field->optional ? 0
		                       : plan_refuse(fault, (int)index, "%.*s is missing", (int)field->name_length, field->name);
	if (offset % 4 != 0 || room < 5 || offset > room - 5)
		return plan_refuse(fault, (int)index, "%.*s lies outside of the plan", (int)field->name_length, field->name);
	memcpy(&length, plan->strings + offset, sizeof length);
	if (length > room - 5 - offset || plan->strings[offset + 4 + length] != '\0')
		return plan_refuse(fault, (int)index, "%.*s lies outside of the plan", (int)field->name_length, field->name);

	const char *text = plan->strings + offset + 4;
	if (field->kind == FIELD_STR || field->kind == FIELD_FMT)
		sound = strlen(text) == length && (field->kind == FIELD_STR || format_is_sound(plan, text));
	else if (field->kind != FIELD_BYTES)
		sound = list_is_sound(plan, field->kind, &(struct text_list){text, length});
	return sound ? 0 : plan_refuse(fault, (int)index, "%.*s is malformed", (int)field->name_length, field->name);
}

const char *plan_text(const struct plan *plan, uint32_t offset)
{
	return offset == PLAN_NO_STRING ? NULL : plan->strings + offset + 4;
}

struct text_list plan_list(const struct plan *plan, uint32_t offset)
{
	struct byte_span span = plan_bytes(plan, offset);
	return (struct text_list){span.data, span.bytes};
}

struct byte_span plan_bytes(const struct plan *plan, uint32_t offset)
{
	struct byte_span span = {0};
	if (offset == PLAN_NO_STRING)
		return span;
	memcpy(&span.bytes, plan->strings + offset, sizeof span.bytes);
	span.data = plan->strings + offset + 4;
	return span;
}

const char *list_next(const struct text_list *list, const char *previous)
{
	const char *next = previous ? previous + strlen(previous) + 1 : list->data;
	return next && next < list->data + list->bytes ? next : NULL;
}

int format_slot(const char **at)
{
	for (const char *brace = *at; (brace = strchr(brace, '{'));) {
		int slot = 0;
		if (brace[1] == '{') {
			brace += 2;
			continue;
		}
		const char *digit = brace + 1;
		for (; *digit >= '0' && *digit <= '9' && slot <= PLAN_MAX_SLOTS; digit++)
			slot = slot * 10 + (*digit - '0');
		if (digit == brace + 1 || *digit != '}')
			return -2;
		*at = digit + 1;
		return slot;
	}
	return -1;
}
