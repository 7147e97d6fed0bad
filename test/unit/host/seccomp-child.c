/* Loads the seccomp program on standard input, then makes the system calls of its arguments: ABI,NUMBER,ARG0,ARG1,ARG2 each.
 * Prints one line a call: its errno, or 0. ABI: x86_64, i386 (int 0x80), x32, native. A call that succeeds with a descriptor
 * leaves it open; a call that kills ends the output. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X32_BIT 0x40000000

static long call(const char *abi, long number, const long *args)
{
	if (!strcmp(abi, "x32"))
		number |= X32_BIT;
#ifdef __x86_64__
	if (!strcmp(abi, "i386")) {
		long result;
		__asm__ volatile("int $0x80"
			: "=a"(result)
			: "a"(number), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(0)
			: "memory", "r8", "r9", "r10", "r11");
		result = (int)result;
		return result < 0 ? -result : 0;
	}
#endif
	return syscall(number, args[0], args[1], args[2], args[3], 0, 0) < 0 ? errno : 0;
}

int main(int argc, char **argv)
{
	static struct sock_filter instructions[BPF_MAXINSNS];
	size_t size = fread(instructions, 1, sizeof instructions, stdin);
	struct sock_fprog program = {.len = size / sizeof instructions[0], .filter = instructions};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return perror("seccomp"), 1;
	for (int i = 1; i < argc; i++) {
		char *abi = strtok(argv[i], ",");
		long number = strtol(strtok(NULL, ","), NULL, 0), args[4] = {0};
		for (int k = 0; k < 4; k++) {
			char *word = strtok(NULL, ",");
			args[k] = word ? (long)strtoul(word, NULL, 0) : 0;
		}
		printf("%ld\n", call(abi, number, args));
		fflush(stdout);
	}
	_exit(0);
}
