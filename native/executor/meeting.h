/*
 * Where the executor and the child meet. Two sockets: on the first they pass a token to and fro (GO: it is your segment, DONE: it
 * is finished) with what the child has to say in between; on the second travel descriptors. Both are close-on-exec, so the end of
 * file after a MEET_EXEC is the payload's exec, and any other end of file is a death: nobody waits for the dead.
 */
#ifndef TSLXC_MEETING_H
#define TSLXC_MEETING_H

#include "run.h"

enum meeting_kind {
	/* below: enum status_kind, passed on to the caller (STATUS_FAILED ends the launch) */
	MEET_GO = 100,
	MEET_DONE = 101,
	MEET_EXEC = 102, /* the next thing is execve */
};

struct meeting_message {
	uint32_t kind;
	int32_t index;
	int32_t error;
	char text[FAILURE_TEXT];
};

/* A pair of sockets each; [0] is the executor's end. */
struct meeting_ends {
	int meeting[2];
	int passage[2];
};
int meeting_open(struct run *run, struct meeting_ends *ends);
/* Keeps one side's ends in run and closes the other side's. */
void meeting_take(struct run *run, struct meeting_ends *ends, int side);
void meeting_close(struct run *run);

void meeting_tell(struct run *run, uint32_t kind, int index, int error, const char *text);

/* Executor: waits until the child's (or the spawner's) segment is finished, passing on what it says. */
int meeting_wait_done(struct run *run);
/* Executor: waits for the payload's exec. */
int meeting_wait_exec(struct run *run);
/* Child: waits for its turn; -EPIPE when the executor is gone. */
int meeting_wait_go(struct run *run);
/* Child: whether the executor is still there. */
bool meeting_is_alive(const struct run *run);

int meeting_send_fd(struct run *run, int fd);
int meeting_receive_fd(struct run *run);

#endif
