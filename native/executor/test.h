/*
 * executor-test: op by op against the kernel, TAP on stdout. Static and without Node, because test:kernel runs it in a small virtual
 * machine too. A test is mostly a plan in its text form (test_assemble.c); in it @ is a fresh directory of the test's own, ~ a
 * cgroup v2 directory for its cgroups, and the payload is busybox's shell.
 */
#ifndef TSLXC_TEST_H
#define TSLXC_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A run writes its output and its status records to files at these numbers of ours. */
enum { TEST_OUTPUT = 8192, OUTPUT_FD = 10, STATUS_FD = 11 };

/* What came of a plan. */
struct outcome {
	int status; /* wait status of the executor */
	char output[TEST_OUTPUT];
	bool failed, ended, running;
	int index;
	int error;
	char text[512];   /* of the failure */
	char hooks[1024]; /* lines of hooks, each with a newline */
	int warnings;
};

/* A plan and what must come of it. */
struct plan_case {
	const char *name;
	const char *plan;
	int exit;            /* of the executor */
	const char *output;  /* must be in the output; NULL: whatever */
	const char *failure; /* must be in the failure's text; NULL: there must be none */
};

void test_cases(const struct plan_case *cases, size_t count);
#define TEST_CASES(cases) test_cases(cases, sizeof(cases) / sizeof(cases)[0])

/* For tests that need more than a table. */
struct context {
	char directory[64];
	char cgroup[128];
	int terminal; /* 0: none; else stdin and controlling terminal of the executor */
};
void test_one(const char *name, void (*body)(struct context *context));
/* Begins a plan; test_finish waits for it. `mode` is launch or run. */
pid_t test_begin(const struct context *context, const char *mode, const char *plan, struct outcome *outcome);
void test_finish(pid_t pid, struct outcome *outcome);
void test_run(const struct context *context, const char *mode, const char *plan, struct outcome *outcome);
void test_check(bool right, const char *format, ...) __attribute__((format(printf, 2, 3)));
void test_skip(const char *why);
/* path with @ and ~ filled in, in a buffer that the next call uses again. */
const char *test_path(const struct context *context, const char *path);
bool test_has_text(const char *path, const char *text);
/* Waits up to five seconds for a file to have the text. */
bool test_wait_text(const char *path, const char *text);
bool test_exists(const char *path);

/* The groups; each is one file. */
void tests_of_order(void);
void tests_of_expect(void);
void tests_of_processes(void);
void tests_of_mounts(void);
void tests_of_terminals(void);
void tests_of_links(void);
void tests_of_payload(void);
void tests_of_launch(void);
void tests_of_live(void);

/* Pieces of plans. */
#define RUN "plan run\nsegment host\n"
#define SPAWN "segment spawner\n spawner\n clone_init process=>{1} namespaces="
#define MNT SPAWN "mnt\nsegment child\n propagation path=\"/\" propagation=rec,private\n"
#define CHILD "segment child\n"
#define SH(script) " exec argv=[\"/bin/busybox\",\"sh\",\"-c\",\"" script "\"] env=[\"PATH=/bin:/sbin:/usr/bin:/usr/sbin\"]\n"

#endif
