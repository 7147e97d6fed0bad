/* Walks over directories of a cgroup tree, without following anything out of it. */
#ifndef TSLXC_SUBTREE_H
#define TSLXC_SUBTREE_H

#include "run.h"

enum { SUBTREE_DEPTH = 32 };

/* Calls visit for every directory, children first; the greatest result, or the first -errno. */
int subtree_visit(struct run *run, const char *path, int (*visit)(struct run *run, int directory));
/* Removes the directories, children first; 0 or -errno. Files go with them: it is a cgroup tree. */
int subtree_remove(struct run *run, const char *path);

#endif
