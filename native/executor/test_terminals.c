#include "test.h"
void tests_of_terminals(void)
{
}
