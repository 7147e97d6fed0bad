#include "test.h"
void tests_of_payload(void)
{
}
