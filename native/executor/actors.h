/* The processes behind the actors. */
#ifndef TSLXC_ACTORS_H
#define TSLXC_ACTORS_H

#include "run.h"

/* Executor: begins a spawner segment (its first op is born with it) and waits until the child exists. */
int actors_spawn(struct run *run, const struct plan_segment *segment);
/* Spawner: makes the child, which performs its segments and becomes the payload. Returns in the spawner only. */
int actors_clone_child(struct run *run, uint64_t namespaces, uint16_t slot);
/* Executor: kills the child if there is one, and waits for it. */
void actors_kill(struct run *run);

#endif
