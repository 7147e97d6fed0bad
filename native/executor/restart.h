/* The command that starts the container anew, kept in memory of its own: the title is written over the arguments. */
#ifndef TSLXC_RESTART_H
#define TSLXC_RESTART_H

enum { RESTART_BYTES = 8192, RESTART_WORDS = 64 };

struct restart {
	char **argv; /* NULL: there is no such command */
	char *words[RESTART_WORDS + 1];
	char bytes[RESTART_BYTES];
};

void restart_keep(struct restart *restart);
/* Becomes the command, if there is one; our descriptors and with them the run lock are let go. */
void restart_exec(const struct restart *restart);

#endif
