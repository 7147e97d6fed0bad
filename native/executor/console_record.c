#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "console.h"

enum { MAX_RING_BYTES = 1 << 30 };

static int log_open(struct console_log *log)
{
	/* O_NONBLOCK: the log may be a FIFO or a terminal that nobody reads, and the guest must not wait for it. */
	log->fd = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
	return log->fd < 0 ? -errno : 0;
}

int record_open(struct console *console, int64_t ring_bytes, int64_t log_bytes, bool rotate, const char *path)
{
	struct console_log *log = &console->log;

	if (ring_bytes < 0 || log_bytes < 0 || ring_bytes > MAX_RING_BYTES)
		return -EINVAL;
	if (ring_bytes > 0) {
		void *bytes =
		    mmap(NULL, (size_t)ring_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (bytes == MAP_FAILED)
			return -errno;
		console->ring = (struct console_ring){.bytes = bytes, .size = (size_t)ring_bytes};
	}
	log->limit_bytes = log_bytes;
	log->rotate = rotate;
	if (!path || !*path)
		return 0;
	if (strlen(path) + sizeof(".1") > sizeof(log->path))
		return -ENAMETOOLONG;
	strcpy(log->path, path);
	return log_open(log);
}

static void ring_append(struct console_ring *ring, const uint8_t *bytes, size_t length)
{
	if (!ring->bytes)
		return;
	if (length > ring->size) {
		bytes += length - ring->size;
		length = ring->size;
	}
	while (length > 0) {
		size_t end = (ring->start + ring->used) % ring->size;
		size_t piece = ring->size - end < length ? ring->size - end : length;

		memcpy(ring->bytes + end, bytes, piece);
		ring->used += piece;
		if (ring->used > ring->size) {
			ring->start = (ring->start + ring->used - ring->size) % ring->size;
			ring->used = ring->size;
		}
		bytes += piece;
		length -= piece;
	}
}

void record_copy(const struct console_ring *ring, uint8_t *to)
{
	size_t first = ring->size - ring->start < ring->used ? ring->size - ring->start : ring->used;

	memcpy(to, ring->bytes + ring->start, first);
	memcpy(to + first, ring->bytes, ring->used - first);
}

int record_rotate(struct console_log *log)
{
	char old[PATH_MAX + 2];
	struct stat st;

	if (log->fd < 0)
		return -ENOENT;
	if (fstat(log->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	snprintf(old, sizeof(old), "%s.1", log->path);
	if (rename(log->path, old) < 0)
		return -errno;
	close_fd(&log->fd);
	return log_open(log);
}

static void log_write(int fd, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written <= 0)
			return; /* a full disk costs log, never the guest */
		bytes += written;
		length -= (size_t)written;
	}
}

/*
 * LXC's rule for a log at its limit: with rotation the file fills up, becomes .1 and a new one begins; without, it is cut to
 * nothing once it is full. Limits mean nothing for what is no regular file.
 */
static void log_append(struct console_log *log, const uint8_t *bytes, size_t length)
{
	struct stat st;

	if (log->fd < 0)
		return;
	while (length > 0) {
		size_t piece = length;

		if (log->limit_bytes > 0 && fstat(log->fd, &st) == 0 && S_ISREG(st.st_mode)) {
			off_t space = log->limit_bytes - st.st_size;

			if (space <= 0) {
				if (log->rotate ? record_rotate(log) < 0 : ftruncate(log->fd, 0) < 0)
					return;
				space = log->limit_bytes;
			}
			if ((off_t)piece > space)
				piece = (size_t)space;
		}
		log_write(log->fd, bytes, piece);
		bytes += piece;
		length -= piece;
	}
}

void record_output(struct console *console, const uint8_t *bytes, size_t length)
{
	ring_append(&console->ring, bytes, length);
	log_append(&console->log, bytes, length);
}

void record_close(struct console *console)
{
	if (console->ring.bytes)
		munmap(console->ring.bytes, console->ring.size);
	console->ring = (struct console_ring){0};
	close_fd(&console->log.fd);
}
