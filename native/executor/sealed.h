/*
 * A container without a user namespace, or whose map has the owner of our file, is entered from a copy of ourselves that it can't
 * write to (CVE-2019-5736).
 */
#ifndef TSLXC_SEALED_H
#define TSLXC_SEALED_H

#include "run.h"

/* Returns 0 when the plan needs no copy or we are it; else becomes the copy, which begins again with the same arguments. */
int sealed_enter(struct run *run, char **argv);

#endif
