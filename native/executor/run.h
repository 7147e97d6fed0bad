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

enum { FAILURE_TEXT = 400, FORMAT_BYTES = 128 << 10 };

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
	int meeting;             /* our end of the barrier socket, -1: nobody is there */
	int passage;             /* our end of the socket that descriptors travel on */
	int plan_fd;             /* the plan's memfd, -1: let go */
	int status;              /* the caller's status descriptor, -1: none or closed */
	int lock;                /* the run lock, -1: none */
	int signals;             /* signalfd of what should end us while launching, -1: none */
	int null_device;         /* the host's */
	int proc;                /* the host's procfs, O_PATH: what a guest mounts at its /proc is nothing to us */
	int64_t began_us;        /* CLOCK_MONOTONIC when the executor began */
	mode_t umask;            /* the caller's, for hooks */
	bool guest_root;         /* our own root is the guest's: no path is trusted any more */
	pid_t expected; /* whom expect_process named; not our child, so its number is its own only while the pidfd says so */
	int expected_pidfd;
	pid_t spawner;
	int spawner_pidfd;
	pid_t child; /* 0: none, or waited for */
	int child_pidfd;
	bool child_is_init;             /* of a pid namespace: its end ends everything in there */
	bool begun;                     /* the teardown has been saved: from then on there is something to undo */
	bool undoing;                   /* after a failed launch: only what this run made is removed */
	uint8_t done[PLAN_MAX_OPS / 8]; /* ops that the executor itself has performed in this launch */
	bool ended;                     /* wait_status is the payload's */
	int wait_status;
	int events; /* directory of the events file, -1: none */
	bool pumped;
	struct pump pump;
	struct monitor monitor;
};

/* status.c. fail records the first failure with its context ("openat2 /srv") and returns -|error|. */
int fail(struct run *run, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Turns what fail recorded for an op into a warning; returns 0. */
int tolerate(struct run *run);
void report(struct run *run, enum status_kind kind, int index, int error, int64_t value, const char *text);
void report_failure(struct run *run);

/* slots.c. An absent field is not the same as a slot that an optional op left empty: the first means "the actor's own root", the
 * second must never come to mean that. */
enum { NO_FD = -1, EMPTY_FD = -2 };
int slots_open(struct run *run);
void slots_clear(struct run *run); /* closes every descriptor and forgets every value */
void slots_trim(struct run *run);  /* … but what live teardown ops name, and the claimed address */
int slot_fd(const struct run *run, uint16_t slot);
pid_t slot_pid(const struct run *run, uint16_t slot);
int64_t slot_value(const struct run *run, uint16_t slot);
void slot_put_fd(struct run *run, uint16_t slot, int fd); /* takes the descriptor over */
void slot_put_value(struct run *run, uint16_t slot, int64_t value);

/* format.c. Texts as execve wants them; formats are filled in. -E2BIG, -ENODATA when a slot is empty. */
struct text_vector {
	char *items[PLAN_MAX_LIST + 1];
	char buffer[FORMAT_BYTES];
};
int format_list(struct run *run, const struct text_list *list, struct text_vector *out);

/* perform.c */
int perform(struct run *run, const struct plan_op *op);
/* actors.c: performs the ops of one segment up to the first failure. */
int perform_segment(struct run *run, const struct plan_segment *segment);
/* Whether this launch has performed an op with that opcode and that first text. */
bool was_performed(const struct run *run, unsigned int opcode, const char *text);

#endif
