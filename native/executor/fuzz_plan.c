/* Fuzz target: whatever bytes come, the parser accepts or refuses them without reading outside, and what it accepts can be printed. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct plan plan;
	struct plan_fault fault;
	/* An exact copy, so that one byte too far is seen; mmap's alignment, as for a real plan. */
	void *copy = NULL;
	if (posix_memalign(&copy, 64, bytes ? bytes : 1) != 0)
		return 0;
	memcpy(copy, data, bytes);
	if (plan_check(copy, bytes, &plan, &fault) == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		plan_print(&plan, null);
		close(null);
		plan_verify(&plan, &fault);
	}
	free(copy);
	return 0;
}
