/*
 * Whatever is at 0-2: who shares the session of our caller opens the caller's terminal as /dev/tty, reads what is typed there, and
 * types into it himself (TIOCSTI). So every child leaves it first of all, and each terminal that it gets is a pty of its own.
 */
#include "session.h"

#include <errno.h>
#include <unistd.h>

bool session_is_own(void)
{
#ifdef BREAK_own_pty
	return false;
#else
	return true;
#endif
}

int session_leave(struct run *run)
{
	if (session_is_own() && setsid() < 0 && errno != EPERM) /* EPERM: it leads one already */
		return fail(run, errno, "setsid");
	return 0;
}
