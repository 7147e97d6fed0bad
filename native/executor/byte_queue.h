/* Bytes on their way: a ring, so that a slow reader's every step makes room at once. */
#ifndef TSLXC_BYTE_QUEUE_H
#define TSLXC_BYTE_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct byte_queue {
	uint8_t *bytes;
	size_t size;
	size_t start;
	size_t length;
};

/* As read(2), into the first stretch of room. Not for a full queue: that would look like the end of the file. */
ssize_t queue_read(struct byte_queue *queue, int fd);

/* As write(2), of the first stretch and at most so many bytes. Not for an empty queue. */
ssize_t queue_write(struct byte_queue *queue, int fd, size_t most);

#endif
