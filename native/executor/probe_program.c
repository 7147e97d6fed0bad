/* Which init a binary is: by the words in it, since nothing of the guest is ever run to ask. */
#include "probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW_BYTES = 65536, OVERLAP_BYTES = 128, MOST_BYTES = 8 << 20 };

/* Found words, by what they are evidence of. */
struct evidence {
	int systemd;
	bool busybox;
	bool upstart;
	bool openrc;
	bool inittab;
};

/* "systemd 252.39-1~deb12u1 running in %ssystem mode": the words are in every version from el7's 219 on. */
static int systemd_version(const uint8_t *window, size_t length)
{
	static const char before[] = "systemd ";
	static const char after[] = " running in";
	const uint8_t *at = window;
	const uint8_t *end = window + length;

	while ((at = memmem(at, (size_t)(end - at), before, sizeof(before) - 1))) {
		size_t rest;
		int version = 0;

		at += sizeof(before) - 1;
		rest = (size_t)(end - at) < OVERLAP_BYTES / 2 ? (size_t)(end - at) : OVERLAP_BYTES / 2;
		for (size_t i = 0; i < rest && i < 5 && at[i] >= '0' && at[i] <= '9'; i++)
			version = version * 10 + (at[i] - '0');
		if (version > 0 && memmem(at, strnlen((const char *)at, rest), after, sizeof(after) - 1))
			return version;
	}
	return 0;
}

static bool has(const uint8_t *window, size_t length, const char *word)
{
	return memmem(window, length, word, strlen(word)) != NULL;
}

static void weigh(struct evidence *evidence, const uint8_t *window, size_t length)
{
	if (!evidence->systemd)
		evidence->systemd = systemd_version(window, length);
	evidence->busybox |= has(window, length, "BusyBox v");
	evidence->upstart |= has(window, length, "com.ubuntu.Upstart");
	evidence->openrc |= has(window, length, "/openrc/init.ctl") || has(window, length, "openrc-init");
	evidence->inittab |= has(window, length, "/etc/inittab");
}

static enum probe_init_kind judge(const struct evidence *evidence)
{
	if (evidence->systemd)
		return PROBE_SYSTEMD;
	if (evidence->busybox) /* reads /etc/inittab too */
		return PROBE_BUSYBOX;
	if (evidence->upstart)
		return PROBE_UPSTART;
	if (evidence->openrc)
		return PROBE_OPENRC;
	return evidence->inittab ? PROBE_SYSVINIT : PROBE_OTHER;
}

static void read_head(struct probe_program *program, const uint8_t *head, size_t length)
{
	static const uint8_t elf[] = {0x7f, 'E', 'L', 'F'};
	size_t at = 2;
	size_t to = 0;

	if (length > 4 && memcmp(head, elf, sizeof(elf)) == 0)
		program->is_32bit = head[4] == 1; /* EI_CLASS */
	if (length < 2 || head[0] != '#' || head[1] != '!')
		return;
	while (at < length && (head[at] == ' ' || head[at] == '\t'))
		at++;
	while (at < length && head[at] > ' ' && to + 1 < sizeof(program->interpreter))
		program->interpreter[to++] = (char)head[at++];
	program->interpreter[to] = 0;
}

int probe_program(int fd, struct probe_program *program)
{
	uint8_t window[OVERLAP_BYTES + WINDOW_BYTES];
	struct evidence evidence = {0};
	size_t kept = 0;
	off_t offset = 0;

	memset(program, 0, sizeof(*program));
	while (offset < MOST_BYTES) {
		ssize_t length = pread(fd, window + kept, WINDOW_BYTES, offset);

		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		if (offset == 0)
			read_head(program, window, (size_t)length);
		weigh(&evidence, window, kept + (size_t)length);
		offset += length;
		/* Words that lie across two windows are found in the second. */
		length += (ssize_t)kept;
		kept = length < OVERLAP_BYTES ? (size_t)length : OVERLAP_BYTES;
		memmove(window, window + (size_t)length - kept, kept);
	}
	program->kind = judge(&evidence);
	program->version = evidence.systemd;
	return 0;
}
