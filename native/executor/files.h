/* Small whole files: read, written, replaced. */
#ifndef TSLXC_FILES_H
#define TSLXC_FILES_H

#include "run.h"

/* Writes value in one write to an existing file in a directory of ours; name holds no slash that could lead out. */
int file_write_at(struct run *run, int directory, const char *name, const char *value);
/* Reads at most room - 1 bytes, ends them with a NUL, cuts the last newline. The length or -errno. */
int file_read_at(struct run *run, int directory, const char *name, char *text, size_t room);
int write_all(int fd, const void *data, size_t bytes);

/* A new file beside `path`, put in its place by file_replace; a reader sees the old or the new, whole. */
int file_begin(struct run *run, const char *path, mode_t mode);
int file_replace(struct run *run, const char *path);

/* Field 22 of /proc/PID/stat, in clock ticks since boot. 0 or -errno. */
int process_starttime(struct run *run, pid_t pid, unsigned long long *ticks);

#endif
