#include "test.h"
void tests_of_links(void)
{
}
