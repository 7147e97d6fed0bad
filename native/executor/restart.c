#include "restart.h"

#include <string.h>
#include <unistd.h>

#include "hook.h"

extern char **environ;

void restart_keep(struct restart *restart)
{
	size_t used = 0;
	size_t count = 0;
	for (char **word = restart->argv; word && *word; word++) {
		size_t length = strlen(*word) + 1;
		if (count == RESTART_WORDS || length > sizeof restart->bytes - used) {
			restart->argv = NULL; /* half a command is none */
			return;
		}
		restart->words[count++] = memcpy(restart->bytes + used, *word, length);
		used += length;
	}
	restart->words[count] = NULL;
	if (restart->argv)
		restart->argv = restart->words;
}

void restart_exec(const struct restart *restart)
{
	if (!restart->argv || !restart->argv[0])
		return;
	signals_reset();
	execve(restart->argv[0], restart->argv, environ);
}
