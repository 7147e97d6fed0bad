#include "event.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"

enum { TAIL_BYTES = 4096, LINE_BYTES = 512 };

static const char *state_word(int state)
{
	static const char *const words[] = {
#define OP(number, name, fields)
#define FLAG(table, bits, word)
#define ENUM(table, value, word) ENUM_##table(value, word)
#define ENUM_state(value, word) [value] = word,
#define ENUM_make(value, word)
#define ENUM_namespace_file(value, word)
#define ENUM_resource(value, word)
#include "opcodes.def"
#undef OP
#undef FLAG
#undef ENUM
	};

	if (state < 0 || (size_t)state >= sizeof(words) / sizeof(words[0]))
		return NULL;
	return words[state];
}

/* The number that begins the last line of `text`; a line that a crash cut short (no newline) does not count. */
static uint64_t last_sequence(const char *text, size_t length)
{
	size_t end = length;
	size_t begin;
	uint64_t sequence = 0;

	while (end > 0 && text[end - 1] != '\n')
		end--;
	if (end == 0)
		return 0;
	begin = end - 1;
	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	for (; begin < end && text[begin] >= '0' && text[begin] <= '9'; begin++)
		sequence = sequence * 10 + (uint64_t)(text[begin] - '0');
	return sequence;
}

/* What the file's tail says: the last sequence number, and whether its last line was cut short. */
static int read_tail(int fd, uint64_t *sequence, int *torn)
{
	char tail[TAIL_BYTES];
	struct stat st;
	off_t from;
	ssize_t length;

	if (fstat(fd, &st) < 0)
		return -errno;
	from = st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0;
	length = pread(fd, tail, sizeof(tail), from);
	if (length < 0)
		return -errno;
	*sequence = last_sequence(tail, (size_t)length);
	*torn = length > 0 && tail[length - 1] != '\n';
	return 0;
}

int event_append(int run_dir_fd, int state, const char *extra)
{
	AUTO_CLOSE int fd = openat(run_dir_fd, "events", O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	const char *word = state_word(state);
	char line[LINE_BYTES];
	struct timespec now;
	uint64_t sequence = 0;
	ssize_t written;
	int torn = 0;
	int length;
	int error;

	if (fd < 0)
		return -errno;
	if (!word)
		return -EINVAL;
	error = read_tail(fd, &sequence, &torn);
	if (error)
		return error;
	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return -errno;
	length = snprintf(line, sizeof(line), "%s%" PRIu64 " %" PRIu64 " %s%s%s\n", torn ? "\n" : "", sequence + 1,
	                  (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, word, extra ? " " : "", extra ? extra : "");
	if (length < 0 || (size_t)length >= sizeof(line))
		return -E2BIG;
	written = write(fd, line, (size_t)length);
	if (written < 0)
		return -errno;
	return written == length ? 0 : -ENOSPC;
}
