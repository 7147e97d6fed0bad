/* The events file of a run directory: what happened to the container, kept after its monitor. */
#ifndef TSLXC_EVENT_H
#define TSLXC_EVENT_H

/*
 * Appends "SEQ BOOTTIME_NS STATE[ extra]\n" to `events` in the directory, in one write; seq goes on from the file's last whole
 * line. state: a value of enum.state in opcodes.def. extra: "key=value…" or NULL. Caller holds the run lock. 0 or -errno.
 */
int event_append(int run_dir_fd, int state, const char *extra);

#endif
