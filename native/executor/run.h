/* One run of a plan, as one of its actors sees it. */
#ifndef TSLXC_RUN_H
#define TSLXC_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "monitor.h"
#include "plan_view.h"
#include "pump.h"
#include "status.h"

enum { FAILURE_TEXT = 400, FORMAT_BYTES = 64 << 10 };

/* The first cause, recorded where the syscall failed. */
struct failure {
	int index;
	int error; /* positive errno; 0: none yet */
	char text[FAILURE_TEXT];
};

/* Integers that all actors see; written before the barrier after which another reads them. */
struct shared_values {
	int64_t value[PLAN_MAX_SLOTS];
	bool set[PLAN_MAX_SLOTS];
};

struct run {
	const struct plan *plan;
	enum plan_actor actor;
	int index; /* of the op in hand, -1: none */
	struct failure failure;
	struct shared_values *shared;
	int fds[PLAN_MAX_SLOTS]; /* ours alone; -1: none */
	int meeting;             /* our end of the barrier socket, -1 before there is a child */
	int passage;             /* our end of the socket that descriptors travel on */
	int status;              /* the caller's status descriptor, -1: none, closed */
	int null_device;
	mode_t umask;    /* the caller's, for hooks */
	bool guest_root; /* our own root is the guest's: no path without a root is trusted any more */
	pid_t spawner;
	pid_t child; /* 0: none */
	int child_pidfd;
	struct monitor monitor;
	struct pump pump;
};

/* Records the first failure with its context ("openat2 /srv") and returns -|error|. */
int fail(struct run *run, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same as a STATUS_WARNING: returns 0. */
int warn(struct run *run, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* slots.c */
int slots_open(struct run *run);
void slots_clear(struct run *run); /* closes every descriptor and forgets every value */
int slot_fd(const struct run *run, uint16_t slot);
pid_t slot_pid(const struct run *run, uint16_t slot);
int64_t slot_value(const struct run *run, uint16_t slot);
void slot_put_fd(struct run *run, uint16_t slot, int fd); /* takes the descriptor over */
void slot_put_value(struct run *run, uint16_t slot, int64_t value);

/* perform.c */
int perform(struct run *run, const struct plan_op *op);

#endif
