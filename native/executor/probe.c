#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/openat2.h>
#include <unistd.h>

#include "cleanup.h"

/* The guest's init, where its bytes really lie. */
struct found_init {
	struct probe_program program;
	const char *layer;
	char path[PATH_MAX];
	struct stat st;
};

/* Only finds a file, beneath a root that may hold anything: no device is opened, no link leads out. */
static int find_beneath(int root, const char *path, uint64_t resolve)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = resolve | RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Opens for reading what was found, which is the same file whatever happened to its name, if it is a regular one. */
static int open_regular(int found, struct stat *st)
{
	char link[32];
	int fd;

	if (fstat(found, st) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -ENOEXEC;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Where a found file is in the tree: a detached mount's own root is "/". */
static int path_within(const struct probe_tree *tree, int found, char *path, size_t size)
{
	char link[32];
	char root[PATH_MAX];
	ssize_t root_length;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", tree->root);
	root_length = readlink(link, root, sizeof(root) - 1);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	length = readlink(link, path, size - 1);
	if (root_length < 0 || length < 0)
		return -errno;
	path[length] = 0;
	if (root_length > 1 && length > root_length) /* not a clone of the mount: a plain user's directory */
		memmove(path, path + root_length, (size_t)(length - root_length) + 1);
	return 0;
}

/* The layer that a file of the whole comes from; its identity there is what start will expect. */
static int find_layer(const struct probe_tree *tree, struct found_init *init)
{
	for (int i = 0; i < tree->layer_count; i++) {
		AUTO_CLOSE int fd = find_beneath(tree->layers[i], init->path, RESOLVE_NO_SYMLINKS);

		if (fd < 0 || fstat(fd, &init->st) < 0 || !S_ISREG(init->st.st_mode))
			continue;
		init->layer = tree->paths[i];
		return 0;
	}
	return -ESTALE;
}

static int read_program(const struct probe_tree *tree, const char *path, struct found_init *init)
{
	AUTO_CLOSE int found = find_beneath(tree->root, path, 0);
	AUTO_CLOSE int file = found < 0 ? found : open_regular(found, &init->st);
	int error;

	if (file < 0)
		return file;
	error = probe_program(file, &init->program);
	return error ? error : path_within(tree, found, init->path, sizeof(init->path));
}

/* A missing init is an answer, not a failure. */
static int read_init(const struct probe_tree *tree, const char *path, struct found_init *init)
{
	int error = read_program(tree, path, init);

	init->layer = NULL;
	if (error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -ENOEXEC || error == -EXDEV) {
		init->program.kind = PROBE_MISSING;
		return 0;
	}
	if (error)
		return error;
	if (init->program.interpreter[0]) {
		struct found_init shell = {0};

		if (read_program(tree, init->program.interpreter, &shell) == 0)
			init->program.is_32bit = shell.program.is_32bit;
	}
	return find_layer(tree, init);
}

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else if (byte < 0x20)
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static void print_facts(const struct found_init *init, bool idmappable, bool shifted)
{
	static const char *const kinds[] = {
	    [PROBE_MISSING] = "missing", [PROBE_OTHER] = "other",   [PROBE_SYSTEMD] = "systemd",   [PROBE_BUSYBOX] = "busybox",
	    [PROBE_UPSTART] = "upstart", [PROBE_OPENRC] = "openrc", [PROBE_SYSVINIT] = "sysvinit",
	};
	const struct stat *st = &init->st;

	printf("{\"init\":{\"kind\":\"%s\"", kinds[init->program.kind]);
	if (init->program.version)
		printf(",\"version\":%d", init->program.version);
	if (init->layer) {
		printf(",\"file\":{\"layer\":");
		print_string(init->layer);
		printf(",\"path\":");
		print_string(init->path);
		printf(",\"dev\":%" PRIuMAX ",\"ino\":%" PRIuMAX ",\"size\":%" PRIdMAX ",\"mtimeNs\":\"%" PRIdMAX "\"}",
		       (uintmax_t)st->st_dev, (uintmax_t)st->st_ino, (intmax_t)st->st_size,
		       (intmax_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec);
	}
	printf("},\"idmappable\":%s,\"stored\":\"%s\",\"is32Bit\":%s}\n", idmappable ? "true" : "false",
	       shifted ? "shifted" : "unshifted", init->program.is_32bit ? "true" : "false");
}

static int complain(const char *what, int error)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

static int probe_guest(char *rootfs, const char *init_path)
{
	struct probe_tree tree;
	struct found_init init = {0};
	struct stat root;
	const char *context;
	int error = probe_open_tree(&tree, rootfs, &context);

	if (!error) {
		context = init_path;
		error = fstat(tree.root, &root) < 0 ? -errno : read_init(&tree, init_path, &init);
	}
	if (!error)
		print_facts(&init, probe_is_idmappable(&tree), root.st_uid != 0);
	probe_close_tree(&tree);
	if (error)
		return complain(context, error);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int probe_main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"rootfs", required_argument, NULL, 'r'}, {"init", required_argument, NULL, 'i'}, {0}};
	const char *init = "/sbin/init";
	char *rootfs = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			rootfs = optarg;
		else if (option == 'i')
			init = optarg;
		else
			return EXIT_FAILURE;
	}
	if (!rootfs || optind + 1 != argc || strcmp(argv[optind], "guest") != 0) {
		fprintf(stderr, "probe: what is wanted is `guest --rootfs TYPE:SPEC [--init PATH]`\n");
		return EXIT_FAILURE;
	}
	return probe_guest(rootfs, init);
}
