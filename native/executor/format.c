/* {n} in a text becomes the number that slot n holds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "run.h"

static int format_text(struct run *run, const char *text, char *out, size_t room);

int format_list(struct run *run, const struct text_list *list, struct text_vector *out)
{
	size_t used = 0;
	size_t count = 0;
	for (const char *text = NULL; (text = list_next(list, text)) && count < PLAN_MAX_LIST; count++) {
		int length = format_text(run, text, out->buffer + used, sizeof out->buffer - used);
		if (length < 0)
			return length;
		out->items[count] = out->buffer + used;
		used += (size_t)length + 1;
	}
	out->items[count] = NULL;
	return 0;
}

static int slot_number(struct run *run, const char **at, int64_t *number)
{
	int slot = format_slot(at);
	if (slot < 0 || slot >= PLAN_MAX_SLOTS)
		return fail(run, EBADMSG, "format");
	if (run->shared->set[slot])
		*number = run->shared->value[slot];
	else if (run->fds[slot] >= 0)
		*number = run->fds[slot];
	else
		return fail(run, ENODATA, "slot %d is empty", slot);
	return 0;
}

/* The length written without the NUL, or -errno. */
static int format_text(struct run *run, const char *text, char *out, size_t room)
{
	size_t used = 0;
	while (*text) {
		int64_t number = 0;
		if (room - used < 24)
			return fail(run, E2BIG, "arguments or environment longer than %d bytes", FORMAT_BYTES);
		if (*text != '{') {
			out[used++] = *text++;
		} else if (text[1] == '{') {
			out[used++] = '{';
			text += 2;
		} else {
			int error = slot_number(run, &text, &number);
			if (error < 0)
				return error;
			used += (size_t)snprintf(out + used, room - used, "%lld", (long long)number);
		}
	}
	if (used >= room)
		return fail(run, E2BIG, "arguments or environment longer than %d bytes", FORMAT_BYTES);
	out[used] = '\0';
	return (int)used;
}
