/*
 * A plan as it travels: one sealed memfd, little-endian, no pointers. src/plan/bytes.ts writes it, plan.c checks every
 * bound before anything is done, print.c prints it (the same text as src/plan/text.ts).
 *
 *   header | segments | ops | strings
 *
 * The first field is magic and version: a mismatch is refused before any side effect.
 */
#ifndef TSLXC_PLAN_H
#define TSLXC_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC "TSLXCPLN"
#define PLAN_VERSION 1u

enum {
	PLAN_MAX_BYTES = 8 << 20,
	PLAN_MAX_OPS = 8192,
	PLAN_MAX_SEGMENTS = 64,
	PLAN_MAX_SLOTS = 1024,
	PLAN_MAX_LIST = 512,
	PLAN_NO_SLOT = 0xffff,
};
#define PLAN_NO_STRING 0xffffffffu

/* What the executor does after the last launch segment. */
enum plan_kind {
	PLAN_LAUNCH = 0,   /* become the monitor of the child */
	PLAN_RUN = 1,      /* wait for the child, pumping its pty if there is one, and exit with its status (attach, sandbox) */
	PLAN_TEARDOWN = 2, /* a saved teardown file: teardown segments only */
};

/* Who performs a segment. A change of actor between two launch segments is a barrier. */
enum plan_actor {
	ACTOR_HOST = 0,    /* the executor, before there is a child */
	ACTOR_SPAWNER = 1, /* a moment's process born in the payload cgroup, which clones the child as the executor's own child */
	ACTOR_PARENT = 2,  /* the executor, while the child waits */
	ACTOR_CHILD = 3,   /* what will become init (or the attached command) */
	ACTOR_TEARDOWN_STOP = 4,
	ACTOR_TEARDOWN_REBOOT = 5,
	ACTOR_COUNT = 6,
};

struct plan_header {
	char magic[8];
	uint32_t version;
	uint32_t kind;
	uint32_t total_bytes;
	uint32_t segment_count;
	uint32_t op_count;
	uint32_t slot_count;
	uint32_t segments_offset; /* all offsets are from the start of the plan, multiples of 8 */
	uint32_t ops_offset;
	uint32_t strings_offset;
	uint32_t strings_bytes;
	uint32_t reserved[4];
};
_Static_assert(sizeof(struct plan_header) == 64, "wire format");

struct plan_segment {
	uint16_t actor;
	uint16_t reserved;
	uint32_t first_op;
	uint32_t op_count;
	uint32_t reserved2;
};
_Static_assert(sizeof(struct plan_segment) == 16, "wire format");

enum { OP_SLOTS = 4, OP_NUMS = 6, OP_STRS = 6 };

struct plan_op {
	uint16_t opcode;
	uint16_t flags; /* 0: none are defined */
	uint32_t reserved;
	uint16_t slots[OP_SLOTS]; /* PLAN_NO_SLOT when absent */
	int64_t nums[OP_NUMS];
	/*
	 * Offset from strings_offset, a multiple of 4, or PLAN_NO_STRING; there: u32 length, that many bytes, a NUL that is not
	 * counted, padding to 4. A list is its texts, each ended by a NUL that is counted: the empty list has length 0. Equal texts
	 * may share one place.
	 */
	uint32_t strs[OP_STRS];
};
_Static_assert(sizeof(struct plan_op) == 88, "wire format");

/*
 * The text form, one line an op, the same from C and from TypeScript:
 *
 *   plan launch
 *   segment host
 *     0 expect_link name="tslxcbr0"
 *     1 cgroup_make path="/sys/fs/cgroup/unified/lxc.payload.c1" mode=0755 directory=>{0}
 *     2 cgroup_write directory={0} file="pids.max" value="100"
 *
 * Ops are numbered through the whole plan, two blanks before the number. Fields stand in the order of the table. A slot read is
 * ={n}, written =>{n}; absent slots and strings are left out. int is decimal, oct is "0%llo", hex "0x%llx", bool is yes or no, a
 * set its words in table order joined by commas (unknown bits last as 0x…, empty as none), a choice its word (unknown: decimal).
 * The last line ends in a newline too. Strings are in double quotes with \" \\ \n \t and \xHH for bytes
 * below 0x20, 0x7f, and each byte of what is not valid UTF-8; a list is [ "a", "b" ] written ["a","b"]; bytes are
 * <LENGTH bytes crc32 XXXXXXXX>.
 */

#endif
