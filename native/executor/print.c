/* The text form of a plan (plan.h); byte for byte what src/plan/text.ts makes of the same plan. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fields.h"
#include "plan_view.h"

struct writer {
	int fd;
	int error;
	size_t used;
	char buffer[4096];
};

static void print_op(struct writer *out, const struct plan *plan, uint32_t index);
static void flush(struct writer *out);
static void put(struct writer *out, const char *text, size_t length);
static void putf(struct writer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *const kind_words[] = {"launch", "run", "teardown"};
static const char *const actor_words[ACTOR_COUNT] = {"host", "spawner", "parent", "child", "teardown-stop", "teardown-reboot"};

int plan_print(const struct plan *plan, int fd)
{
	struct writer out = {.fd = fd};
	putf(&out, "plan %s\n", kind_words[plan->header->kind]);
	for (uint32_t s = 0; s < plan->header->segment_count; s++) {
		const struct plan_segment *segment = &plan->segments[s];
		putf(&out, "segment %s\n", actor_words[segment->actor]);
		for (uint32_t n = 0; n < segment->op_count; n++)
			print_op(&out, plan, segment->first_op + n);
	}
	flush(&out);
	return out.error;
}

static void print_string(struct writer *out, const struct plan *plan, const struct field *field, uint32_t offset);
static void print_number(struct writer *out, const struct field *field, int64_t value);

static void print_op(struct writer *out, const struct plan *plan, uint32_t index)
{
	const struct plan_op *op = &plan->ops[index];
	const struct op_row *row = op_row(op->opcode);
	struct field field = {0};
	putf(out, "  %u %s", index, row->name);
	while (field_next(row, &field)) {
		if (field.place == PLACE_SLOT && op->slots[field.index] == PLAN_NO_SLOT)
			continue;
		if (field.place == PLACE_STR && op->strs[field.index] == PLAN_NO_STRING)
			continue;
		putf(out, " %.*s=", (int)field.name_length, field.name);
		if (field.place == PLACE_SLOT)
			putf(out, field_writes_slot(&field) ? ">{%u}" : "{%u}", op->slots[field.index]);
		else if (field.place == PLACE_NUM)
			print_number(out, &field, op->nums[field.index]);
		else
			print_string(out, plan, &field, op->strs[field.index]);
	}
	put(out, "\n", 1);
}

static void print_set(struct writer *out, const struct field *field, uint64_t bits)
{
	const char *comma = "";
	if (bits == 0)
		put(out, "none", 4);
	for (const struct table_word *word = NULL; (word = flag_next(field, word));) {
		if (!(bits & (uint64_t)word->value))
			continue;
		putf(out, "%s%s", comma, word->word);
		bits &= ~(uint64_t)word->value;
		comma = ",";
	}
	if (bits)
		putf(out, "%s0x%llx", comma, (unsigned long long)bits);
}

static void print_number(struct writer *out, const struct field *field, int64_t value)
{
	const struct table_word *word = NULL;
	switch (field->kind) {
	case FIELD_OCT:
		putf(out, "0%llo", (unsigned long long)value);
		break;
	case FIELD_HEX:
		putf(out, "0x%llx", (unsigned long long)value);
		break;
	case FIELD_BOOL:
		putf(out, "%s", value ? "yes" : "no");
		break;
	case FIELD_SET:
		print_set(out, field, (uint64_t)value);
		break;
	case FIELD_ENUM:
		word = enum_find(field, value);
		if (word) {
			putf(out, "%s", word->word);
			break;
		}
		/* fall through */
	default:
		putf(out, "%lld", (long long)value);
	}
}

static void print_quoted(struct writer *out, const char *text);
static uint32_t crc32_of(const unsigned char *data, uint32_t bytes);

static void print_string(struct writer *out, const struct plan *plan, const struct field *field, uint32_t offset)
{
	if (field->kind == FIELD_BYTES) {
		struct byte_span span = plan_bytes(plan, offset);
		putf(out, "<%u bytes crc32 %08x>", span.bytes, crc32_of(span.data, span.bytes));
	} else if (field->kind == FIELD_LIST || field->kind == FIELD_FMTLIST) {
		struct text_list list = plan_list(plan, offset);
		put(out, "[", 1);
		for (const char *text = NULL; (text = list_next(&list, text));) {
			if (text != list.data)
				put(out, ",", 1);
			print_quoted(out, text);
		}
		put(out, "]", 1);
	} else {
		print_quoted(out, plan_text(plan, offset));
	}
}

/* The length of the well-formed UTF-8 sequence at `text`, or 0. */
static size_t utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} forms[] = {
	    {0x20, 0x7e, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
		if (text[0] < forms[f].first || text[0] > forms[f].last)
			continue;
		if (forms[f].length > 1 && (text[1] < forms[f].low || text[1] > forms[f].high))
			return 0;
		for (size_t n = 2; n < forms[f].length; n++)
			if ((text[n] & 0xc0) != 0x80)
				return 0;
		return forms[f].length;
	}
	return 0;
}

static void print_quoted(struct writer *out, const char *text)
{
	put(out, "\"", 1);
	while (*text) {
		size_t length = utf8_length((const unsigned char *)text);
		if (*text == '"' || *text == '\\')
			putf(out, "\\%c", *text);
		else if (*text == '\n' || *text == '\t')
			put(out, *text == '\n' ? "\\n" : "\\t", 2);
		else if (length == 0)
			putf(out, "\\x%02x", (unsigned char)*text);
		else
			put(out, text, length);
		text += length ? length : 1;
	}
	put(out, "\"", 1);
}

static uint32_t crc32_of(const unsigned char *data, uint32_t bytes)
{
	uint32_t crc = ~0u;
	for (uint32_t n = 0; n < bytes; n++) {
		crc ^= data[n];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void flush(struct writer *out)
{
	size_t done = 0;
	while (!out->error && done < out->used) {
		ssize_t wrote = write(out->fd, out->buffer + done, out->used - done);
		if (wrote >= 0)
			done += (size_t)wrote;
		else if (errno != EINTR)
			out->error = -errno;
	}
	out->used = 0;
}

static void put(struct writer *out, const char *text, size_t length)
{
	while (length > 0) {
		size_t room = sizeof out->buffer - out->used;
		size_t part = length < room ? length : room;
		memcpy(out->buffer + out->used, text, part);
		out->used += part;
		text += part;
		length -= part;
		if (out->used == sizeof out->buffer)
			flush(out);
	}
}

static void putf(struct writer *out, const char *format, ...)
{
	char text[512]; /* every use is a word or a number of ours */
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	put(out, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}
