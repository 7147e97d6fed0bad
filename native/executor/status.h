/*
 * What the executor tells the process that started it, over the status descriptor, until it closes it (monitor running, or
 * ended). src/host/executor.ts reads it. A record is a fixed head and then `length` bytes of text.
 */
#ifndef TSLXC_STATUS_H
#define TSLXC_STATUS_H

#include <stdint.h>

enum status_kind {
	STATUS_FAILED = 1, /* op `index` failed with `error` (a positive errno); text: what was being done, "openat2 /srv" */
	STATUS_RUNNING =
	    2, /* the payload's exec succeeded; value: its pid for the caller; text: microseconds that took, decimal */
	STATUS_WARNING = 3, /* op `index` was tolerated or optional; text says what */
	STATUS_HOOK = 4,    /* op `index`: a line that a hook printed */
	STATUS_EXITED = 5,  /* kind run only: value is the wait status of the payload */
	STATUS_ENDED = 6,   /* launch failed after side effects and its teardown is complete */
};

struct status_record {
	uint32_t kind;
	int32_t index; /* op index, or -1: no op is to blame (the text says what) */
	int32_t error; /* positive errno or 0 */
	uint32_t length;
	int64_t value;
};

#endif
