/* opcodes.def as tables, and the walk over the fields of an op. */
#include "fields.h"

#include <string.h>

enum { OPCODE_LIMIT = 256 };

static const struct op_row rows[OPCODE_LIMIT] = {
#define OP(number, name, fields) [number] = {#name, fields},
#define FLAG(table, bits, word)
#define ENUM(table, value, word)
#include "opcodes.def"
#undef OP
#undef FLAG
#undef ENUM
};

static const struct table_word flags[] = {
#define OP(number, name, fields)
#define FLAG(table, bits, word) {#table, bits, word},
#define ENUM(table, value, word)
#include "opcodes.def"
#undef OP
#undef FLAG
#undef ENUM
};

static const struct table_word enums[] = {
#define OP(number, name, fields)
#define FLAG(table, bits, word)
#define ENUM(table, value, word) {#table, value, word},
#include "opcodes.def"
#undef OP
#undef FLAG
#undef ENUM
};

static const struct {
	const char *word;
	enum field_place place;
} kinds[FIELD_KINDS] = {
    [FIELD_FD] = {"fd", PLACE_SLOT},         [FIELD_PID] = {"pid", PLACE_SLOT},
    [FIELD_VALUE] = {"value", PLACE_SLOT},   [FIELD_NEWFD] = {"newfd", PLACE_SLOT},
    [FIELD_NEWPID] = {"newpid", PLACE_SLOT}, [FIELD_NEWVALUE] = {"newvalue", PLACE_SLOT},
    [FIELD_INT] = {"int", PLACE_NUM},        [FIELD_OCT] = {"oct", PLACE_NUM},
    [FIELD_HEX] = {"hex", PLACE_NUM},        [FIELD_BOOL] = {"bool", PLACE_NUM},
    [FIELD_SET] = {"set", PLACE_NUM},        [FIELD_ENUM] = {"enum", PLACE_NUM},
    [FIELD_STR] = {"str", PLACE_STR},        [FIELD_FMT] = {"fmt", PLACE_STR},
    [FIELD_LIST] = {"list", PLACE_STR},      [FIELD_FMTLIST] = {"fmtlist", PLACE_STR},
    [FIELD_BYTES] = {"bytes", PLACE_STR},
};

const struct op_row *op_row(unsigned int opcode)
{
	return opcode < OPCODE_LIMIT && rows[opcode].name ? &rows[opcode] : NULL;
}

static bool same(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && memcmp(word, text, length) == 0;
}

/* "name:kind.table?" up to the next blank; false when the table itself is wrong (a test walks every row). */
bool field_next(const struct op_row *row, struct field *field)
{
	const char *at = field->rest ? field->rest : row->fields;
	at += strspn(at, " ");
	if (*at == '\0')
		return false;
	const char *end = at + strcspn(at, " ");
	field->rest = end;
	field->optional = end[-1] == '?';
	if (field->optional)
		end--;

	const char *colon = memchr(at, ':', (size_t)(end - at));
	if (!colon)
		return false;
	field->name = at;
	field->name_length = (size_t)(colon - at);
	const char *kind = colon + 1;
	const char *dot = memchr(kind, '.', (size_t)(end - kind));
	field->table = dot ? dot + 1 : end;
	field->table_length = (size_t)(end - field->table);
	size_t kind_length = (size_t)((dot ? dot : end) - kind);
	for (unsigned int k = 0; k < FIELD_KINDS; k++) {
		if (!same(kinds[k].word, kind, kind_length))
			continue;
		field->kind = (enum field_kind)k;
		field->place = kinds[k].place;
		field->index = field->used[field->place]++;
		return true;
	}
	return false;
}

const struct table_word *flag_next(const struct field *field, const struct table_word *previous)
{
	const struct table_word *end = flags + sizeof flags / sizeof flags[0];
	for (const struct table_word *word = previous ? previous + 1 : flags; word < end; word++)
		if (same(word->table, field->table, field->table_length))
			return word;
	return NULL;
}

const struct table_word *enum_find(const struct field *field, int64_t value)
{
	const struct table_word *end = enums + sizeof enums / sizeof enums[0];
	for (const struct table_word *word = enums; word < end; word++)
		if (word->value == value && same(word->table, field->table, field->table_length))
			return word;
	return NULL;
}
