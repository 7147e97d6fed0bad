/* Network links of the actor's own namespace, and sysctls. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "netlink.h"
#include "ops.h"
#include "resolve.h"
#include "syscalls.h"

enum { OP_VETH_MAKE = 120 };

static int sent(struct run *run, struct netlink_request *request, const char *what, const char *name)
{
	int error = netlink_send(request);
	if (error == 0)
		return 0;
	if (request->said[0])
		return fail(run, error, "%s %s (%s)", what, name, request->said);
	return fail(run, error, "%s %s", what, name);
}

static int parse_mac(struct run *run, const char *text, unsigned char mac[6])
{
	unsigned int part[6];
	char rest = 0;
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &part[0], &part[1], &part[2], &part[3], &part[4], &part[5], &rest) != 6)
		return fail(run, EINVAL, "hardware address %s", text);
	for (int n = 0; n < 6; n++)
		mac[n] = (unsigned char)part[n];
	return 0;
}

static int add_name(struct run *run, struct netlink_request *request, const char *name)
{
	if (strlen(name) >= IFNAMSIZ)
		return fail(run, ENAMETOOLONG, "link name %s", name);
	netlink_add_text(request, IFLA_IFNAME, name);
	return 0;
}

static int add_end(struct run *run, struct netlink_request *request, const char *name, const char *mac, int64_t mtu)
{
	unsigned char address[6];
	uint32_t size = (uint32_t)mtu;
	int error = add_name(run, request, name);
	if (error == 0 && mac)
		error = parse_mac(run, mac, address);
	if (error < 0)
		return error;
	if (mac)
		netlink_add(request, IFLA_ADDRESS, address, sizeof address);
	if (mtu > 0)
		netlink_add(request, IFLA_MTU, &size, sizeof size);
	return 0;
}

/* Both ends at once; the peer is born inside the container's namespace with its final name, so nothing is moved or renamed. */
int op_veth_make(struct run *run, const struct veth_make_op *o)
{
	struct netlink_request request;
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	uint32_t netns = (uint32_t)o->netns;
	if (o->netns == EMPTY_FD || o->mtu < 0 || o->mtu > 65535)
		return fail(run, EINVAL, "veth %s", o->name);
	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof link);
	int error = add_end(run, &request, o->name, o->mac, o->mtu);
	if (error < 0)
		return error;
	uint32_t info = netlink_nest(&request, IFLA_LINKINFO, NULL, 0);
	netlink_add_text(&request, IFLA_INFO_KIND, "veth");
	uint32_t data = netlink_nest(&request, IFLA_INFO_DATA, NULL, 0);
	uint32_t peer = netlink_nest(&request, VETH_INFO_PEER, &link, sizeof link);
	error = add_end(run, &request, o->peer, o->peer_mac, o->mtu);
	if (error < 0)
		return error;
	if (o->netns >= 0)
		netlink_add(&request, IFLA_NET_NS_FD, &netns, sizeof netns);
	netlink_unnest(&request, peer);
	netlink_unnest(&request, data);
	netlink_unnest(&request, info);
	return sent(run, &request, "make the veth pair", o->name);
}

int op_link_up(struct run *run, const struct link_up_op *o)
{
	struct netlink_request request;
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	int error = add_name(run, &request, o->name);
	return error < 0 ? error : sent(run, &request, "bring up", o->name);
}

int op_link_enslave(struct run *run, const struct link_enslave_op *o)
{
	struct netlink_request request;
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	uint32_t master = if_nametoindex(o->master);
	if (master == 0)
		return fail(run, ENODEV, "find %s", o->master);
	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	int error = add_name(run, &request, o->name);
	if (error < 0)
		return error;
	netlink_add(&request, IFLA_MASTER, &master, sizeof master);
	return sent(run, &request, "add to the bridge", o->master);
}

struct address {
	unsigned char family;
	uint32_t bytes;
	unsigned char value[16];
};

static int parse_address(struct run *run, const char *text, struct address *address)
{
	*address = (struct address){.family = AF_INET, .bytes = 4};
	if (inet_pton(AF_INET, text, address->value) == 1)
		return 0;
	*address = (struct address){.family = AF_INET6, .bytes = 16};
	return inet_pton(AF_INET6, text, address->value) == 1 ? 0 : fail(run, EINVAL, "address %s", text);
}

int op_address_add(struct run *run, const struct address_add_op *o)
{
	struct netlink_request request;
	struct address own;
	struct address broadcast;
	int error = parse_address(run, o->address, &own);
	if (error == 0 && o->broadcast)
		error = parse_address(run, o->broadcast, &broadcast);
	if (error < 0)
		return error;
	struct ifaddrmsg head = {
	    .ifa_family = own.family,
	    .ifa_prefixlen = (unsigned char)o->prefix,
	    .ifa_flags = own.family == AF_INET6 ? IFA_F_NODAD : 0, /* usable at once; the address is ours to give */
	    .ifa_index = if_nametoindex(o->name),
	};
	if (head.ifa_index == 0)
		return fail(run, ENODEV, "find %s", o->name);
	if (o->prefix < 0 || o->prefix > (int64_t)own.bytes * 8)
		return fail(run, EINVAL, "prefix %lld", (long long)o->prefix);
	netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof head);
	netlink_add(&request, IFA_LOCAL, own.value, own.bytes);
	netlink_add(&request, IFA_ADDRESS, own.value, own.bytes);
	if (o->broadcast)
		netlink_add(&request, IFA_BROADCAST, broadcast.value, broadcast.bytes);
	return sent(run, &request, "add the address", o->address);
}

/* destination absent: the default route; gateway absent: straight onto the link. */
int op_route_add(struct run *run, const struct route_add_op *o)
{
	struct netlink_request request;
	struct address destination = {.family = AF_INET};
	struct address gateway = {.family = AF_INET};
	uint32_t index = if_nametoindex(o->name);
	int error = o->gateway ? parse_address(run, o->gateway, &gateway) : 0;
	destination.family = gateway.family;
	if (error == 0 && o->destination)
		error = parse_address(run, o->destination, &destination);
	if (error < 0)
		return error;
	if (index == 0)
		return fail(run, ENODEV, "find %s", o->name);
	if (o->prefix < 0 || o->prefix > (int64_t)destination.bytes * 8 || (o->gateway && gateway.family != destination.family))
		return fail(run, EINVAL, "route to %s/%lld", o->destination ? o->destination : "default", (long long)o->prefix);
	struct rtmsg head = {
	    .rtm_family = destination.family,
	    .rtm_dst_len = (unsigned char)o->prefix,
	    .rtm_table = RT_TABLE_MAIN,
	    .rtm_protocol = RTPROT_BOOT,
	    .rtm_scope = o->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
	    .rtm_type = RTN_UNICAST,
	};
	netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof head);
	if (o->destination)
		netlink_add(&request, RTA_DST, destination.value, destination.bytes);
	if (o->gateway)
		netlink_add(&request, RTA_GATEWAY, gateway.value, gateway.bytes);
	netlink_add(&request, RTA_OIF, &index, sizeof index);
	return sent(run, &request, "add the route to", o->destination ? o->destination : "default");
}

/* Gone already is what was wanted. */
int op_link_delete(struct run *run, const struct link_delete_op *o)
{
	struct netlink_request request;
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
	netlink_begin(&request, RTM_DELLINK, 0, &link, sizeof link);
	int error = add_name(run, &request, o->name);
	if (error < 0 || if_nametoindex(o->name) == 0)
		return error;
	if (run->undoing && !was_performed(run, OP_VETH_MAKE, o->name))
		return 0;
	error = netlink_send(&request);
	return error == 0 || error == -ENODEV ? 0 : fail(run, error, "delete %s", o->name);
}

/* path begins with /proc/sys/, or there. The table looked into is the one of our namespaces, whichever procfs it is reached through. */
int op_sysctl_write(struct run *run, const struct sysctl_write_op *o)
{
	char path[PATH_MAX];
	static const char prefix[] = "/proc/sys/";
	size_t length = strlen(o->value);
	const char *rest = strncmp(o->path, prefix, sizeof prefix - 1) == 0 ? o->path + sizeof prefix - 1 : o->path;
	if (snprintf(path, sizeof path, "sys/%s", rest) >= (int)sizeof path)
		return fail(run, ENAMETOOLONG, "/proc/sys/%s", rest);
	AUTO_CLOSE int fd = resolve_proc(run, path, O_WRONLY);
	if (fd < 0)
		return fd;
	return write(fd, o->value, length) == (ssize_t)length ? 0 : fail(run, errno, "write %s to /proc/sys/%s", o->value, rest);
}
