/* What plan.c and plan_order.c refuse, before anything is done. */
#include "test.h"

static const struct plan_case cases[] = {
    {"order: a plan without an exec", RUN " self process=>{0}\n", 1, NULL, "ends without an exec"},
    {"order: a child before there is one", "plan run\nsegment child\n umask mask=022\n", 1, NULL, "wrong place"},
    {"order: the host again after the clone",
     RUN " self process=>{0}\n" SPAWN "uts\nsegment host\n expect_link name=\"lo\"\n" CHILD SH(""), 1, NULL, "wrong place"},
    {"order: two spawners",
     "plan run\n" SPAWN "uts\n"
     "segment spawner\n spawner\n clone_init process=>{2} namespaces=uts\n" CHILD SH(""),
     1, NULL, "wrong place"},
    {"order: an op after exec", "plan run\n" SPAWN "uts\n" CHILD SH("") " umask mask=022\n", 1, NULL,
     "nothing can come after exec"},
    {"order: the executor must stay who it is", RUN " capabilities bounding=0x0\n" SPAWN "uts\n" CHILD SH(""), 1, NULL,
     "capabilities is not for this actor"},
    {"order: teardown ops only in teardown", RUN " file_remove path=\"/none\"\n" SPAWN "uts\n" CHILD SH(""), 1, NULL,
     "file_remove is not for this actor"},
    {"order: a slot read before it is written", "plan run\n" SPAWN "uts\n" CHILD " pivot root={5}\n" SH(""), 1, NULL,
     "not written by then"},
    {"order: a slot written twice", RUN " self process=>{0}\n self process=>{0}\n" SPAWN "uts\n" CHILD SH(""), 1, NULL,
     "written twice"},
    {"order: a pid where a descriptor belongs", RUN " self process=>{0}\n" SPAWN "uts\n" CHILD " pivot root={0}\n" SH(""), 1,
     NULL, "not written by then"},
    {"order: the executor's later descriptors are not the child's",
     "plan run\n" SPAWN "uts\nsegment parent\n directory_open path=\"/\" directory=>{2}\n" CHILD " pivot root={2}\n" SH(""), 1,
     NULL, "not written by then"},
    {"order: a receiver to whom nobody sends", "plan run\n" SPAWN "uts\n" CHILD " fd_receive descriptor=>{2}\n" SH(""), 1, NULL,
     "nothing was sent"},
    {"order: a descriptor sent to nobody",
     RUN " directory_open path=\"/\" directory=>{2}\n" SPAWN "uts\nsegment parent\n fd_send descriptor={2}\n" CHILD SH(""), 1,
     NULL, "sent to nobody"},
    {"order: a mount in the host's namespace",
     "plan run\n" SPAWN "uts\n" CHILD " fs_mount type=\"tmpfs\" options=[] path=\"@/mnt\"\n" SH(""), 1, NULL,
     "would reach the host's mounts"},
    {"order: a mount before propagation is settled", "plan run\n" SPAWN "mnt\n" CHILD " unmount path=\"@/mnt\"\n" SH(""), 1, NULL,
     "would reach the host's mounts"},
    {"order: the executor in another network", RUN " namespace_unshare kinds=net\n" SPAWN "uts\n" CHILD SH(""), 1, NULL,
     "unshares its mounts alone"},
    {"order: the executor in mounts of its own",
     RUN " namespace_unshare kinds=mnt\n propagation path=\"/\" propagation=rec,slave\n" SPAWN "uts\n" CHILD SH("echo fine"), 0,
     "fine", NULL},
    {"order: a mount in a namespace that was joined",
     RUN " directory_open path=\"/\" directory=>{2}\n" MNT
         " namespace_join namespace={2} kinds=mnt\n unmount path=\"@/mnt\"\n" SH(""),
     1, NULL, "would reach the host's mounts"},
    {"order: a teardown op that reads a slot",
     RUN " self process=>{0}\n" SPAWN
         "uts\n" CHILD SH("") "segment teardown-stop\n teardown_hook live=no argv=[\"{0}\"] env=[]\n",
     1, NULL, "{0} is not known here"},
    {"order: a brace that is not closed", RUN " hook argv=[\"{x\"] env=[]\n" SPAWN "uts\n" CHILD SH(""), 1, NULL,
     "argv is malformed"},
    {"order: a field that must be there", RUN " hook argv=[\"true\"]\n" SPAWN "uts\n" CHILD SH(""), 1, NULL, "env is missing"},
    {"order: an unknown word", RUN " event path=\"/run/x/events\" state=BORED\n" SPAWN "uts\n" CHILD SH(""), 1, NULL,
     "not one of its values"},
};

void tests_of_order(void)
{
	TEST_CASES(cases);
}
