/* Mounts, and that no path of a guest's leads out of its root. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "test.h"

/* A tmpfs on @/root is the root {2} that paths are beneath; its mount stays inside the payload's namespace. */
#define ROOT                                                                                                                     \
	MNT " fs_mount type=\"tmpfs\" options=[\"mode=0755\"] path=\"@/root\" make=directory attributes=nosuid optional=no\n "   \
	    "directory_open path=\"@/root\" directory=>{2}\n"
#define PIVOT                                                                                                                    \
	" tree_open path=\"/bin/busybox\" recursive=no optional=no tree=>{9}\n"                                                  \
	" tree_attach tree={9} root={2} make=file optional=no path=\"bin/busybox\"\n"                                            \
	" make_symlink root={2} path=\"bin/sh\" target=\"busybox\"\n pivot root={2}\n"
#define TREE "plan run\nsegment host\n tree_open path=\"@\" recursive=no optional=no tree=>{3}\n"

static const struct plan_case cases[] = {
    {"fs_mount: a tmpfs with options and flags",
     "plan run\n" MNT " fs_mount type=\"tmpfs\" options=[\"size=64k\",\"mode=0700\"] attributes=nosuid,nodev path=\"@/t\" "
     "make=directory optional=no\n" SH("grep @/t /proc/self/mountinfo; stat -c %a @/t"),
     0, "nosuid,nodev,relatime", NULL},
    {"fs_mount: nothing of it on the host",
     "plan run\n" MNT " fs_mount type=\"tmpfs\" options=[] attributes=nosuid path=\"@/t\" make=directory optional=no\n hook "
     "argv=[\"/bin/busybox\",\"touch\",\"@/t/file\"] env=[]\nsegment parent\n hook "
     "argv=[\"/bin/busybox\",\"sh\",\"-c\",\"echo $(busybox ls @/t)none\"] env=[]\n" CHILD SH(""),
     0, "none\n", NULL},
    {"fs_mount: what the file system says",
     "plan run\n" MNT " fs_mount type=\"tmpfs\" options=[\"sise=3\"] path=\"@/mnt\" make=no optional=no\n" SH(""), 1, NULL,
     "option sise=3 of tmpfs"},
    {"fs_mount: an optional one may fail",
     "plan run\n" MNT " fs_mount type=\"nosuchfs\" options=[] path=\"@/mnt\" make=no optional=yes\n" SH("echo went on"), 0,
     "went on", NULL},
    {"tree_open, tree_attach, tree_attributes: a read-only bind",
     TREE " tree_attributes tree={3} recursive=no set=ro,noexec clear=none propagation=none\n" ROOT
          " tree_attach tree={3} root={2} make=directory optional=no path=\"a/b\"\n" SH("touch @/root/a/b/x 2>&1; echo $?"),
     0, "Read-only file system\n1\n", NULL},
    {"tree_open: an optional one that is not there",
     "plan run\nsegment host\n tree_open path=\"@/none\" recursive=no optional=yes tree=>{3}\n" ROOT
     " tree_attach tree={3} root={2} make=directory optional=no path=\"a\"\n" SH("ls @/root; echo skipped"),
     0, "skipped", NULL},
    {"tree_open: an empty tree is never our own root",
     "plan run\nsegment host\n tree_open path=\"@/none\" recursive=no optional=yes tree=>{3}\n" MNT
     " make_directory root={3} path=\"@/made\" mode=0755 uid=0 gid=0\n" SH(""),
     1, NULL, "could not be opened"},
    {"tree_attach: a missing mount point", TREE ROOT " tree_attach tree={3} root={2} make=no optional=no path=\"a/b\"\n" SH(""),
     1, NULL, "openat2 a/b"},
    {"tree_attach: a file made to mount on",
     "plan run\nsegment host\n tree_open path=\"/proc/version\" recursive=no optional=no tree=>{3}\n" ROOT
     " tree_attach tree={3} root={2} make=fitting optional=no path=\"d/f\"\n" SH("head -c5 @/root/d/f"),
     0, "Linux", NULL},
    {"resolve: a mount target that is a symlink",
     TREE ROOT " make_symlink root={2} path=\"proc\" target=\"/tmp\"\n tree_attach tree={3} root={2} make=directory optional=no "
               "path=\"proc\"\n" SH(""),
     1, NULL, "openat2 proc"},
    {"resolve: a mount target through a symlink",
     TREE ROOT " make_symlink root={2} path=\"mnt\" target=\"@\"\n tree_attach tree={3} root={2} make=directory optional=no "
               "path=\"mnt/out/made\"\n" SH(""),
     1, NULL, "openat2 mnt/out/made"},
    {"resolve: no .. in what is made",
     TREE ROOT " tree_attach tree={3} root={2} make=directory optional=no path=\"a/../../made\"\n" SH(""), 1, NULL,
     "a/../../made"},
    {"resolve: a maker through a symlink",
     "plan run\n" ROOT
     " make_symlink root={2} path=\"etc\" target=\"@\"\n make_file root={2} path=\"etc/made\" mode=0644\n" SH(""),
     1, NULL, "the directory of etc/made"},
    {"resolve: a source's symlink leads within its root",
     "plan run\n" ROOT
     " make_symlink root={2} path=\"l\" target=\"/inner\"\n make_directory root={2} path=\"inner\" mode=0755 uid=0 gid=0\n "
     "make_file root={2} path=\"inner/f\" mode=0644 content=\"found\"\n tree_open root={2} path=\"l/f\" recursive=no optional=no "
     "tree=>{4}\n tree_attach tree={4} root={2} make=file optional=no path=\"g\"\n" SH("cat @/root/g"),
     0, "found", NULL},
    {"make_file: never over what is there",
     "plan run\n" ROOT
     " make_symlink root={2} path=\"f\" target=\"/etc/passwd\"\n make_file root={2} path=\"f\" mode=0644 content=\"x\"\n" SH(""),
     1, NULL, "create f"},
    {"make_directory, make_file, make_symlink, make_node, make_uuid",
     "plan run\n" ROOT
     " make_directory root={2} path=\"d\" mode=01777 uid=12 gid=34\n make_file root={2} path=\"d/f\" mode=0640 content=\"text\"\n"
     " make_symlink root={2} path=\"d/l\" target=\"f\"\n make_node root={2} path=\"d/n\" mode=0622 major=1 minor=3\n make_uuid "
     "root={2} path=\"d/u\" mode=0444\n" SH("cd @/root/d; stat -c '%n %a %u:%g' . f; cat l; echo; stat -c '%F %a %t:%T' n; grep "
                                            "-c -E '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' u"),
     0, ". 1777 12:34\nf 640 0:0\ntext\ncharacter special file 622 1:3\n1\n", NULL},
    {"fs_create: a detached tree, attached later",
     "plan run\nsegment host\n fs_create type=\"tmpfs\" options=[\"mode=0711\"] attributes=noexec tree=>{3}\n" ROOT
     " tree_attach tree={3} root={2} make=directory optional=no path=\"t\"\n" SH("stat -c %a @/root/t"),
     0, "711\n", NULL},
    {"remount",
     "plan run\n" ROOT " remount root={2} path=\".\" set=ro clear=none optional=no recursive=no\n" SH("touch @/root/x 2>&1"), 1,
     "Read-only", NULL},
    {"propagation: shared within the namespace",
     "plan run\n" ROOT
     " propagation root={2} path=\".\" propagation=shared\n" SH("grep -c '@/root.* shared:' /proc/self/mountinfo"),
     0, "1\n", NULL},
    {"unmount", "plan run\n" ROOT " unmount path=\"@/root\"\n" SH("grep -c @/root /proc/self/mountinfo"), 1, "0\n", NULL},
    {"pivot: nothing of the old root is left",
     "plan run\n" ROOT PIVOT
     " fs_mount type=\"proc\" options=[] path=\"/proc\" make=directory attributes=nosuid optional=no\n" SH(
	 "ls /; wc -l </proc/self/mountinfo; pwd"),
     0, "bin\nproc\n3\n/\n", NULL},
    {"pivot: after it our own root is the guest's",
     "plan run\n" ROOT PIVOT " make_symlink path=\"/etc\" target=\"/bin\"\n make_file path=\"/etc/x\" mode=0644\n" SH(""), 1,
     NULL, "the directory of /etc/x"},
    {"tree_stage: attached where init still is with its spawner",
     TREE
     "segment spawner\n spawner\n namespace_unshare kinds=mnt\n propagation path=\"/\" propagation=rec,private\n clone_init "
     "process=>{1} namespaces=uts\n"
     "segment parent\n tree_stage process={1} tree={3} make=no optional=no path=\"@/mnt\"\n hook "
     "argv=[\"/bin/busybox\",\"sh\",\"-c\",\"busybox grep -c ' @/mnt ' /proc/self/mountinfo\"] env=[] where=\"x\"\n" CHILD SH(""),
     1, "0\n", "x hook"},
};

/* A block device in an unpacked tree: the idmapped mount is nodev whether the plan said so or not (kernel-notes 1). */
static void planted_device(struct context *context)
{
	struct outcome outcome;
	mkdir(test_path(context, "@/tree"), 0755);
	if (mknod(test_path(context, "@/tree/zero"), S_IFCHR | 0666, makedev(1, 5)) < 0) {
		test_skip("mknod is not permitted");
		return;
	}
	chmod(test_path(context, "@/tree/zero"), 0666);
	test_run(context, "run",
	         "plan run\nsegment host\n tree_open path=\"@/tree\" recursive=no optional=no tree=>{3}\n"
	         "segment spawner\n spawner\n effective_ids uid=100000 gid=100000\n clone_init process=>{1} namespaces=user,mnt\n"
	         "segment parent\n idmap_write process={1} uids=\"0 100000 65536\\n\" gids=\"0 100000 65536\\n\"\n"
	         " namespace_open process={1} kind=user namespace=>{4}\n tree_idmap tree={3} userns={4} recursive=no\n" CHILD
	         " identity uid=0 gid=0 groups=[]\n propagation path=\"/\" propagation=rec,private\n"
	         " tree_attach tree={3} make=no optional=no path=\"@/mnt\"\n" SH("stat -c %u @/mnt; head -c1 @/mnt/zero 2>&1"),
	         &outcome);
	if (outcome.failed && strstr(outcome.text, "mount_setattr"))
		test_skip("this file system cannot be idmapped");
	else
		test_check(strncmp(outcome.output, "0\n", 2) == 0 && strstr(outcome.output, "Permission denied"), "%s%s",
		           outcome.output, outcome.text);
}

/* The recipe of kernel-notes 2: layers idmapped outside, attached to a staging tmpfs and mounted inside. */
static void overlay(struct context *context)
{
	struct outcome outcome;
	static const char *const made[] = {"@/lower", "@/delta", "@/delta/upper", "@/delta/work"};
	for (int n = 0; n < 4; n++)
		mkdir(test_path(context, made[n]), 0755);
	close(open(test_path(context, "@/lower/file"), O_CREAT | O_WRONLY, 0644));
	test_run(context, "run",
	         "plan run\nsegment host\n tree_open path=\"@/lower\" recursive=no optional=no tree=>{3}\n"
	         " tree_open path=\"@/delta\" recursive=no optional=no tree=>{5}\n"
	         "segment spawner\n spawner\n effective_ids uid=100000 gid=100000\n clone_init process=>{1} namespaces=user,mnt\n"
	         "segment parent\n idmap_write process={1} uids=\"0 100000 65536\\n\" gids=\"0 100000 65536\\n\"\n"
	         " namespace_open process={1} kind=user namespace=>{4}\n tree_idmap tree={3} userns={4} recursive=no\n"
	         " tree_idmap tree={5} userns={4} recursive=no\n" CHILD
	         " identity uid=0 gid=0 groups=[]\n propagation path=\"/\" propagation=rec,private\n"
	         " fs_mount type=\"tmpfs\" options=[] path=\"@/mnt\" make=no attributes=none optional=no\n"
	         " tree_attach tree={3} make=directory optional=no path=\"@/mnt/l\"\n"
	         " tree_attach tree={5} make=directory optional=no path=\"@/mnt/d\"\n"
	         " make_directory path=\"@/mnt/o\" mode=0755 uid=0 gid=0\n"
	         " fs_mount type=\"overlay\" "
	         "options=[\"lowerdir=@/mnt/l\",\"upperdir=@/mnt/d/upper\",\"workdir=@/mnt/d/work\",\"userxattr\"]"
	         " path=\"@/mnt/o\" make=no attributes=nodev optional=no\n"
	         " directory_open path=\"@/mnt/o\" directory=>{6}\n expect_writable root={6}\n" SH(
		     "cd @/mnt/o; echo new >file; stat -c %u file; cat file; touch made"),
	         &outcome);
	test_check(strcmp(outcome.output, "0\nnew\n") == 0, "%s%s", outcome.output, outcome.text);
	test_check(test_has_text(test_path(context, "@/delta/upper/file"), "new"), "no copy in the upper layer");
	struct stat status;
	test_check(stat(test_path(context, "@/delta/upper/made"), &status) == 0 && status.st_uid == 0,
	           "the upper layer is shifted");
}

void tests_of_mounts(void)
{
	TEST_CASES(cases);
	test_one("tree_idmap: a planted device node is dead", planted_device);
	test_one("fs_mount: overlay on idmapped layers, writable", overlay);
}
