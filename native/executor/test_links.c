/* Links, addresses, routes and sysctls. All but one pair live and die in namespaces of the tests' own. */
#include "test.h"

#define NET                                                                                                                      \
	"plan run\n" SPAWN "net\n" CHILD                                                                                         \
	" link_up name=\"lo\"\n veth_make mtu=1400 name=\"left\" mac=\"02:00:00:00:00:01\" peer=\"right\" "                      \
	"peer_mac=\"02:00:00:00:00:02\"\n link_up name=\"left\"\n link_up name=\"right\"\n"

static const struct plan_case cases[] = {
    {"veth_make, link_up: both ends as asked", NET SH("cat /sys/class/net/none 2>/dev/null; ip link show right"), 0, "mtu 1400",
     NULL},
    {"veth_make: hardware addresses", NET SH("ip link show left; ip link show right"), 0, "link/ether 02:00:00:00:00:01", NULL},
    {"veth_make: a name twice", NET " veth_make mtu=0 name=\"left\" peer=\"other\"\n" SH(""), 1, NULL, "make the veth pair left"},
    {"veth_make: a name that is too long", NET " veth_make mtu=0 name=\"sixteencharacter\" peer=\"other\"\n" SH(""), 1, NULL,
     "link name sixteencharacter"},
    {"veth_make, link_delete: the peer is born inside",
     "plan run\n" SPAWN
     "net\nsegment parent\n namespace_open process={1} kind=net namespace=>{2}\n veth_make netns={2} mtu=0 name=\"vethtsxtest\" "
     "peer=\"eth0\"\n" CHILD SH(
	 "ip link show eth0") "segment teardown-stop\n link_delete name=\"vethtsxtest\"\n link_delete name=\"vethtsxtest\"\n",
     0, "eth0@", NULL},
    {"address_add: IPv4 with broadcast",
     NET " address_add name=\"left\" prefix=24 address=\"10.9.8.7\" broadcast=\"10.9.8.255\"\n" SH("ip -4 addr show left"), 0,
     "inet 10.9.8.7/24 brd 10.9.8.255", NULL},
    {"address_add: IPv6, usable at once",
     NET " address_add name=\"left\" prefix=64 address=\"fd00::7\"\n" SH("ip -6 addr show left"), 0, "inet6 fd00::7/64", NULL},
    {"address_add: nonsense", NET " address_add name=\"left\" prefix=64 address=\"fd00::7::\"\n" SH(""), 1, NULL,
     "address fd00::7::"},
    {"address_add: a prefix that is too long", NET " address_add name=\"left\" prefix=33 address=\"10.9.8.7\"\n" SH(""), 1, NULL,
     "prefix 33"},
    {"route_add: default by a gateway",
     NET " address_add name=\"left\" prefix=24 address=\"10.9.8.7\"\n route_add name=\"left\" prefix=0 gateway=\"10.9.8.1\"\n" SH(
	 "ip route"),
     0, "default via 10.9.8.1 dev left", NULL},
    {"route_add: IPv6 default",
     NET " address_add name=\"left\" prefix=64 address=\"fd00::7\"\n route_add name=\"left\" prefix=0 gateway=\"fd00::1\"\n" SH(
	 "ip -6 route"),
     0, "default via fd00::1 dev left", NULL},
    {"route_add: onto the link", NET " route_add name=\"left\" prefix=24 destination=\"10.7.7.0\"\n" SH("ip route"), 0,
     "10.7.7.0/24 dev left scope link", NULL},
    {"route_add: the kernel's own words", NET " route_add name=\"left\" prefix=0 gateway=\"10.9.8.1\"\n" SH(""), 1, NULL,
     "(Nexthop has invalid gateway"},
    {"link_enslave",
     NET " hook argv=[\"/bin/busybox\",\"ip\",\"link\",\"add\",\"br9\",\"type\",\"bridge\"] env=[]\n link_enslave name=\"left\" "
         "master=\"br9\"\n" SH("ip link show left"),
     0, "master br9", NULL},
    {"link_enslave: no such bridge", NET " link_enslave name=\"left\" master=\"br9\"\n" SH(""), 1, NULL, "find br9"},
    {"link_up: no such link", "plan run\n" SPAWN "net\n" CHILD " link_up name=\"none\"\n" SH(""), 1, NULL, "bring up none"},
    {"sysctl_write: of the container's namespace alone",
     "plan run\n" SPAWN "net\n" CHILD " sysctl_write path=\"net/ipv4/ip_default_ttl\" value=\"77\"\nsegment parent\n hook "
     "argv=[\"/bin/busybox\",\"sh\",\"-c\",\"busybox grep -c 77 /proc/sys/net/ipv4/ip_default_ttl; true\"] env=[]\n" CHILD SH(
	 "cat /proc/sys/net/ipv4/ip_default_ttl"),
     0, "77\n", NULL},
    {"sysctl_write: not out of /proc/sys",
     "plan run\n" SPAWN "net\n" CHILD " sysctl_write path=\"../../tmp/x\" value=\"77\"\n" SH(""), 1, NULL,
     "openat2 /proc/sys/../../tmp/x"},
    {"sysctl_write: a guest's /proc is nothing to it",
     "plan run\n" SPAWN "mnt,net\n" CHILD
     " propagation path=\"/\" propagation=rec,private\n fs_mount type=\"tmpfs\" options=[] path=\"/proc\" make=no "
     "attributes=none optional=no\n sysctl_write path=\"net/ipv4/ip_default_ttl\" value=\"77\"\n unmount path=\"/proc\"\n" SH(
	 "cat /proc/sys/net/ipv4/ip_default_ttl"),
     0, "77\n", NULL},
};

void tests_of_links(void)
{
	TEST_CASES(cases);
}
