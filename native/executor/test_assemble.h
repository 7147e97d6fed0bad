/* Plans for the tests, from the text form that the printer makes: "segment host\n expect_link name=\"lo\"\n". */
#ifndef TSLXC_TEST_ASSEMBLE_H
#define TSLXC_TEST_ASSEMBLE_H

#include <stddef.h>

/* The plan's bytes in memory of its own (munmap-sized `bytes`), or NULL with a complaint on stderr. */
void *assemble(const char *text, size_t *bytes);

#endif
