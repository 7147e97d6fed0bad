/* What the caller hears: over the status descriptor from the executor, over the meeting from the other actors. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "meeting.h"
#include "run.h"

int fail(struct run *run, int error, const char *format, ...)
{
	va_list arguments;
	error = error < 0 ? -error : error;
	if (run->failure.error == 0) {
		run->failure.index = run->index;
		run->failure.error = error;
		va_start(arguments, format);
		vsnprintf(run->failure.text, sizeof run->failure.text, format, arguments);
		va_end(arguments);
	}
	return -error;
}

int tolerate(struct run *run)
{
	report(run, STATUS_WARNING, run->failure.index, run->failure.error, 0, run->failure.text);
	run->failure.error = 0;
	return 0;
}

void report_failure(struct run *run)
{
	report(run, STATUS_FAILED, run->failure.index, run->failure.error, 0, run->failure.text);
}

/* A caller that is gone (EPIPE) changes nothing: what was begun is finished. */
void report(struct run *run, enum status_kind kind, int index, int error, int64_t value, const char *text)
{
	struct status_record record = {
	    .kind = kind,
	    .index = index,
	    .error = error,
	    .length = (uint32_t)strlen(text),
	    .value = value,
	};
	if (run->actor == ACTOR_CHILD || run->actor == ACTOR_SPAWNER) {
		meeting_tell(run, kind, index, error, text);
		return;
	}
	if (run->status < 0) {
		/* Foreground work, whose caller became us: there is only the user to tell. */
		if (kind == STATUS_FAILED)
			dprintf(2, "tslxc: %s: %s\n", text, strerror(error));
		return;
	}
	struct iovec parts[] = {{&record, sizeof record}, {(void *)text, record.length}};
	while (writev(run->status, parts, 2) < 0 && errno == EINTR)
		;
}
