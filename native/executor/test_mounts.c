#include "test.h"
void tests_of_mounts(void)
{
}
