/* The op table as C reads it: what an op is called and what its fields are, from opcodes.def's own words. */
#ifndef TSLXC_FIELDS_H
#define TSLXC_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_FD,
	FIELD_PID,
	FIELD_VALUE,
	FIELD_NEWFD,
	FIELD_NEWPID,
	FIELD_NEWVALUE,
	FIELD_INT,
	FIELD_OCT,
	FIELD_HEX,
	FIELD_BOOL,
	FIELD_SET,
	FIELD_ENUM,
	FIELD_STR,
	FIELD_FMT,
	FIELD_LIST,
	FIELD_FMTLIST,
	FIELD_BYTES,
	FIELD_KINDS,
};

enum field_place { PLACE_SLOT, PLACE_NUM, PLACE_STR, PLACE_COUNT };

struct op_row {
	const char *name; /* NULL: no such op */
	const char *fields;
};

/* One field; start a walk with {0} and field_next. */
struct field {
	const char *name;
	size_t name_length;
	enum field_kind kind;
	bool optional;
	const char *table; /* which set or choice, with table_length */
	size_t table_length;
	enum field_place place;
	unsigned int index; /* within its place */
	const char *rest;
	unsigned int used[PLACE_COUNT];
};

/* A word of a set or of a choice. */
struct table_word {
	const char *table;
	int64_t value;
	const char *word;
};

const struct op_row *op_row(unsigned int opcode);
bool field_next(const struct op_row *row, struct field *field);
static inline bool field_writes_slot(const struct field *field)
{
	return field->kind >= FIELD_NEWFD && field->kind <= FIELD_NEWVALUE;
}

/* Walk the words of the field's table, in table order: the word after `previous` (NULL: the first), NULL at the end. */
const struct table_word *flag_next(const struct field *field, const struct table_word *previous);
const struct table_word *enum_find(const struct field *field, int64_t value);

#endif
