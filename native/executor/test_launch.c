#include "test.h"
void tests_of_launch(void)
{
}
