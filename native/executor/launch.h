/* How a plan of kind launch or run is carried out. */
#ifndef TSLXC_LAUNCH_H
#define TSLXC_LAUNCH_H

#include "run.h"

/* launch.c: from the first op to the payload's exec; on failure everything is undone and reported. 0 or -errno. */
int launch(struct run *run);
/* Both: what holds until the next launch of this run is forgotten. */
void launch_forget(struct run *run);

/* teardown.c: performs the segments of one actor in order, whatever fails. */
void teardown(struct run *run, enum plan_actor actor);

#endif
