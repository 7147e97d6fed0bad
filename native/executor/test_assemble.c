#include "test_assemble.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fields.h"
#include "plan.h"

enum { MAX_OPS = 128, MAX_STRINGS = 64 << 10 };

struct assembly {
	struct plan_header header;
	struct plan_segment segments[PLAN_MAX_SEGMENTS];
	struct plan_op ops[MAX_OPS];
	char strings[MAX_STRINGS];
};

static const char *const actors[ACTOR_COUNT] = {"host", "spawner", "parent", "child", "teardown-stop", "teardown-reboot"};
static const char *const kinds[] = {"launch", "run", "teardown"};

static int word_index(const char *const *words, int count, const char *word)
{
	for (int n = 0; n < count; n++)
		if (strcmp(words[n], word) == 0)
			return n;
	return -1;
}

/* The text of "…" at *at, unescaped into out; moves *at behind it. */
static size_t unquote(const char **at, char *out)
{
	size_t length = 0;
	const char *from = *at + 1;
	for (; *from && *from != '"'; from++) {
		if (*from == '\\') {
			from++;
			out[length++] = (char)(*from == 'n' ? '\n' : *from == 't' ? '\t' : *from);
		} else {
			out[length++] = *from;
		}
	}
	*at = *from ? from + 1 : from;
	return length;
}

/* "text", ["a","b"], or <hex bytes>. */
static uint32_t place_string(struct assembly *a, const char **at)
{
	uint32_t offset = a->header.strings_bytes;
	char *out = a->strings + offset + 4;
	size_t length = 0;
	if (**at == '"') {
		length = unquote(at, out);
	} else if (**at == '[') {
		for ((*at)++; **at && **at != ']';) {
			if (**at == ',') {
				(*at)++;
				continue;
			}
			length += unquote(at, out + length);
			out[length++] = '\0';
		}
		(*at)++;
	} else {
		for ((*at)++; **at && **at != '>'; *at += 2) {
			unsigned int byte = 0;
			sscanf(*at, "%2x", &byte);
			out[length++] = (char)byte;
		}
		(*at)++;
	}
	uint32_t stored = (uint32_t)length;
	memcpy(a->strings + offset, &stored, 4);
	a->header.strings_bytes += (4 + stored + 1 + 3) & ~3u;
	return offset;
}

static int64_t set_value(const struct field *field, const char *text)
{
	int64_t bits = 0;
	char copy[256];
	snprintf(copy, sizeof copy, "%s", text);
	for (char *word = strtok(copy, ","); word; word = strtok(NULL, ","))
		for (const struct table_word *w = NULL; (w = flag_next(field, w));)
			if (strcmp(w->word, word) == 0)
				bits |= w->value;
	return bits;
}

static int64_t number(const struct field *field, const char *text)
{
	if (field->kind == FIELD_SET)
		return set_value(field, text);
	if (field->kind == FIELD_BOOL)
		return strcmp(text, "yes") == 0;
	if (field->kind == FIELD_ENUM) {
		for (int64_t value = 0; value < 256; value++) {
			const struct table_word *word = enum_find(field, value);
			if (word && strcmp(word->word, text) == 0)
				return value;
		}
		return -1;
	}
	return (int64_t)strtoll(text, NULL, 0); /* 0755 and 0x7 read themselves */
}

static const char *find_op(struct plan_op *op, const char *name)
{
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		const struct op_row *row = op_row(opcode);
		if (!row || strcmp(row->name, name) != 0)
			continue;
		op->opcode = (uint16_t)opcode;
		return row->name;
	}
	return NULL;
}

static void set_field(struct assembly *a, struct plan_op *op, const struct field *field, const char **at)
{
	char text[256];
	if (field->place == PLACE_STR) {
		op->strs[field->index] = place_string(a, at);
		return;
	}
	size_t length = strcspn(*at, " \n");
	snprintf(text, sizeof text, "%.*s", (int)length, *at);
	*at += length;
	if (field->place == PLACE_NUM) {
		op->nums[field->index] = number(field, text);
		return;
	}
	unsigned int slot = 0;
	sscanf(text + strcspn(text, "{"), "{%u}", &slot);
	op->slots[field->index] = (uint16_t)slot;
	if (slot >= a->header.slot_count)
		a->header.slot_count = slot + 1;
}

/* One op: "name field=value …", up to the end of the line. */
static int add_op(struct assembly *a, const char **at)
{
	char name[64];
	struct plan_op *op = &a->ops[a->header.op_count];
	size_t length = strcspn(*at, " \n");
	snprintf(name, sizeof name, "%.*s", (int)length, *at);
	*at += length;
	memset(op, 0, sizeof *op);
	memset(op->slots, 0xff, sizeof op->slots);
	memset(op->strs, 0xff, sizeof op->strs);
	if (!find_op(op, name)) {
		fprintf(stderr, "assemble: no op %s\n", name);
		return -1;
	}
	while (**at && **at != '\n') {
		struct field field = {0};
		bool found = false;
		*at += strspn(*at, " ");
		size_t key = strcspn(*at, "=\n");
		while (!found && field_next(op_row(op->opcode), &field))
			found = field.name_length == key && memcmp(field.name, *at, key) == 0;
		if (!found) {
			fprintf(stderr, "assemble: %s has no %.*s\n", name, (int)key, *at);
			return -1;
		}
		*at += key + 1;
		*at += **at == '>';
		set_field(a, op, &field, at);
	}
	a->header.op_count++;
	a->segments[a->header.segment_count - 1].op_count++;
	return 0;
}

static void *flatten(struct assembly *a, size_t *bytes)
{
	struct plan_header *header = &a->header;
	size_t segments = header->segment_count * sizeof a->segments[0];
	size_t ops = header->op_count * sizeof a->ops[0];
	header->segments_offset = sizeof *header;
	header->ops_offset = (uint32_t)(sizeof *header + segments);
	header->strings_offset = (uint32_t)(header->ops_offset + ops);
	header->total_bytes = header->strings_offset + header->strings_bytes;
	char *out = mmap(NULL, header->total_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(out, header, sizeof *header);
	memcpy(out + header->segments_offset, a->segments, segments);
	memcpy(out + header->ops_offset, a->ops, ops);
	memcpy(out + header->strings_offset, a->strings, header->strings_bytes);
	*bytes = header->total_bytes;
	return out;
}

void *assemble(const char *text, size_t *bytes)
{
	static struct assembly a;
	memset(&a, 0, sizeof a);
	memcpy(a.header.magic, PLAN_MAGIC, sizeof a.header.magic);
	a.header.version = PLAN_VERSION;
	for (const char *at = text; *at; at += *at == '\n') {
		char word[32] = "";
		at += strspn(at, " \t");
		if (sscanf(at, "plan %31s", word) == 1) {
			a.header.kind = (uint32_t)word_index(kinds, 3, word);
			at += strcspn(at, "\n");
		} else if (sscanf(at, "segment %31s", word) == 1) {
			struct plan_segment *segment = &a.segments[a.header.segment_count++];
			segment->actor = (uint16_t)word_index(actors, ACTOR_COUNT, word);
			segment->first_op = a.header.op_count;
			at += strcspn(at, "\n");
		} else if (*at && *at != '\n') {
			at += strspn(at, "0123456789 "); /* the printer numbers its ops */
			if (add_op(&a, &at) < 0)
				return NULL;
		}
	}
	return flatten(&a, bytes);
}
