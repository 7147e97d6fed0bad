/*
 * While a child is inside a container and still our program, the container's root has every right over it that a debugger has, but
 * for this. An exec undoes it for the payload. Each change of ids sets it to fs.suid_dumpable, which may be 1: it is said again there.
 */
#include "tracing.h"

#include <sys/prctl.h>

void tracing_forbid(void)
{
#ifndef BREAK_dumpable
	prctl(PR_SET_DUMPABLE, 0);
#endif
}
