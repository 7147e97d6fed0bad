#include "byte_queue.h"

#include <unistd.h>

ssize_t queue_read(struct byte_queue *queue, int fd)
{
	size_t end = (queue->start + queue->length) % queue->size;
	size_t until = queue->length > 0 && end <= queue->start ? queue->start : queue->size;
	ssize_t length = read(fd, queue->bytes + end, until - end);

	if (length > 0)
		queue->length += (size_t)length;
	return length;
}

ssize_t queue_write(struct byte_queue *queue, int fd, size_t most)
{
	size_t stretch = queue->size - queue->start < queue->length ? queue->size - queue->start : queue->length;
	ssize_t written = write(fd, queue->bytes + queue->start, stretch < most ? stretch : most);

	if (written > 0) {
		queue->start = (queue->start + (size_t)written) % queue->size;
		queue->length -= (size_t)written;
	}
	return written;
}
