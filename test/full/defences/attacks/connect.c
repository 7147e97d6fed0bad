/*
 * Tries to reach what the host listens on for this container.
 *
 *   connect @ABSTRACT-ADDRESS | PATH     prints "connected", or the error's name
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (argc < 2 || strlen(argv[1]) >= sizeof address.sun_path)
		return 2;
	strcpy(address.sun_path, argv[1]);
	if (*argv[1] == '@')
		address.sun_path[0] = '\0';
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(argv[1]));
	puts(connect(fd, (struct sockaddr *)&address, length) == 0 ? "connected" : strerror(errno));
	return 0;
}
