/*
 * Paths. Beneath a root they are the guest's, and hostile: openat2 confines them (RESOLVE_IN_ROOT, no magic links), and where
 * something is mounted or made no symlink is followed at all. Without a root they are the host's while we still have the host's root.
 */
#ifndef TSLXC_RESOLVE_H
#define TSLXC_RESOLVE_H

#include "run.h"

/* What is made where a mount point is missing: the values of enum.make in opcodes.def. */
enum { MAKE_NO = 0, MAKE_DIRECTORY = 1, MAKE_FILE = 2, MAKE_FITTING = 3 };

/* Opens what a path leads to, symlinks within the root followed: for reading and for sources. */
int resolve_source(struct run *run, int root, const char *path, uint64_t flags);
/* Opens a mount point (O_PATH), made when it is missing and `make` says so. */
int resolve_target(struct run *run, int root, const char *path, int make);
/* What to make for a tree: what it is itself, when `make` is MAKE_FITTING. */
int fitting(int make, int tree);
/* Opens the directory in which the last component is to be made, and gives that component. */
int resolve_parent(struct run *run, int root, const char *path, const char **name);
/* Opens a file below the host's /proc ("sys/net/…", "PID/oom_score_adj"). */
int resolve_proc(struct run *run, const char *path, uint64_t flags);

#endif
