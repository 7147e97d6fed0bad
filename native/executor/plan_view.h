/* A checked plan, seen: what ops and the printer read it through. Everything points into the mapped plan. */
#ifndef TSLXC_PLAN_VIEW_H
#define TSLXC_PLAN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan.h"

struct plan {
	const struct plan_header *header; /* NULL: nothing is loaded */
	const struct plan_segment *segments;
	const struct plan_op *ops;
	const char *strings;
	size_t mapped_bytes;
	bool sealed; /* mapped from a memfd: its pages can be dropped and come again */
};

struct byte_span {
	const void *data;
	uint32_t bytes;
};

/* Texts, each ended by a NUL; walk it with list_next. */
struct text_list {
	const char *data;
	uint32_t bytes;
};

/* Why a plan was refused: an op (or -1) and a sentence. */
struct plan_fault {
	int index;
	char text[160];
};

/* plan_load.c: maps the plan behind fd (a sealed memfd as it is, anything else as a private copy that nobody can change under
 * us) and checks its form. 0 or -errno. */
int plan_load(struct plan *plan, int fd, struct plan_fault *fault);
void plan_unload(struct plan *plan);

/* plan.c: checks the form (every bound, offset, opcode and string), after which a plan can be read and printed. 0, -EPROTO for
 * another version, -EBADMSG. */
int plan_check(const void *data, size_t bytes, struct plan *plan, struct plan_fault *fault);

/* plan_order.c: checks the meaning (who may do what and when, slots written before they are read, ranges of numbers), after
 * which a plan can be carried out. 0 or -EBADMSG. */
int plan_verify(const struct plan *plan, struct plan_fault *fault);

const char *plan_text(const struct plan *plan, uint32_t offset); /* NULL when absent */
struct text_list plan_list(const struct plan *plan, uint32_t offset);
struct byte_span plan_bytes(const struct plan *plan, uint32_t offset);

/* The text after `previous` (NULL: the first), or NULL at the end. */
const char *list_next(const struct text_list *list, const char *previous);

/* The slot of the first {n} at or after *at, moving *at behind it; -1 when there is none left, -2 when a brace is wrong. */
int format_slot(const char **at);

/* print.c: writes the text form to fd. 0 or -errno. */
int plan_print(const struct plan *plan, int fd);

static inline bool is_teardown(unsigned int actor)
{
	return actor == ACTOR_TEARDOWN_STOP || actor == ACTOR_TEARDOWN_REBOOT;
}

#endif
