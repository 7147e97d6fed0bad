/* The teardown as a file in the run directory: a plan of kind teardown that any later command can carry out. */
#ifndef TSLXC_SAVED_H
#define TSLXC_SAVED_H

#include "run.h"

/* Writes the teardown-stop segments of the plan, without live ops and with this boot's id in the header. */
int saved_teardown_write(struct run *run, int fd);

#endif
