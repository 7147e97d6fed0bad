/* mode probe: what a stopped container's tree is, read without trusting any of it. */
#ifndef TSLXC_PROBE_H
#define TSLXC_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum { PROBE_MAX_LAYERS = 16 };

/* The tree, assembled as a mount that is attached nowhere. */
struct probe_tree {
	int root; /* of the whole, read-only */
	int layer_count;
	int layers[PROBE_MAX_LAYERS]; /* topmost first; for a dir there is one, the root itself */
	const char *paths[PROBE_MAX_LAYERS];
};

/* Takes "dir:PATH" or "overlay:LOWER[:LOWER…]:UPPER" apart (in place) and opens it. 0 or -errno, *context: what was opened. */
int probe_open_tree(struct probe_tree *tree, char *spec, const char **context);
void probe_close_tree(struct probe_tree *tree);

/* Tries it: every layer's filesystem takes an idmapped mount. */
bool probe_is_idmappable(const struct probe_tree *tree);

enum probe_init_kind {
	PROBE_MISSING,
	PROBE_OTHER,
	PROBE_SYSTEMD,
	PROBE_BUSYBOX,
	PROBE_UPSTART,
	PROBE_OPENRC,
	PROBE_SYSVINIT,
};

/* What a program's bytes tell. */
struct probe_program {
	enum probe_init_kind kind;
	int version; /* systemd's, 0: unknown */
	bool is_32bit;
	char interpreter[128]; /* of a script; else empty */
};

/* Reads at most 8 MiB of a regular file. 0 or -errno. */
int probe_program(int fd, struct probe_program *program);

/* `probe guest --rootfs SPEC [--init PATH]`: prints one JSON object (GuestFacts of src/facts/model.ts). Returns the exit status. */
int probe_main(int argc, char **argv);

#endif
