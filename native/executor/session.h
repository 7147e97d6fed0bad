#ifndef TSLXC_SESSION_H
#define TSLXC_SESSION_H

#include "run.h"

/* Whether the payload is parted from the caller's terminal at all: always, but in the build that leaves this defence out. */
bool session_is_own(void);
/* The caller becomes the leader of a session without a terminal. */
int session_leave(struct run *run);

#endif
