/* How the checks of a plan say no. */
#ifndef TSLXC_FAULT_H
#define TSLXC_FAULT_H

#include "plan_view.h"

/* Fills fault in and returns -EBADMSG. */
int plan_refuse(struct plan_fault *fault, int index, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
