#include "socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "descriptor.h"
#include "error.h"

namespace tslxc
{
namespace
{

constexpr size_t kMostDescriptors = 16;
using ControlBuffer = char[CMSG_SPACE(sizeof(int) * kMostDescriptors)];

void AttachDescriptors(struct msghdr *header, char *control, const std::vector<int> &descriptors)
{
	size_t size = sizeof(int) * descriptors.size();
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(size);
	struct cmsghdr *message = CMSG_FIRSTHDR(header);
	message->cmsg_level = SOL_SOCKET;
	message->cmsg_type = SCM_RIGHTS;
	message->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(message), descriptors.data(), size);
}

void TakeDescriptors(struct msghdr *header, std::vector<int> *into)
{
	for (struct cmsghdr *m = CMSG_FIRSTHDR(header); m != nullptr; m = CMSG_NXTHDR(header, m)) {
		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(m) + i * sizeof fd, sizeof fd);
			into->push_back(fd);
		}
	}
}

} // namespace

int ConnectUnix(int directory, const std::string &name)
{
	std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
	struct sockaddr_un address = {};
	address.sun_family = AF_UNIX;
	if (path.size() >= sizeof address.sun_path)
		FailWith(ENAMETOOLONG, "connect", name);
	memcpy(address.sun_path, path.c_str(), path.size() + 1);

	Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (fd.get() < 0)
		Fail("socket", name);
	if (connect(fd.get(), reinterpret_cast<struct sockaddr *>(&address), sizeof address) < 0)
		Fail("connect", name);
	return fd.release();
}

std::pair<int, int> SocketPair()
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		Fail("socketpair");
	return {ends[0], ends[1]};
}

PeerCredentials GetPeerCredentials(int socket)
{
	struct ucred peer = {};
	socklen_t size = sizeof peer;
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		Fail("getsockopt");
	return {peer.pid, peer.uid, peer.gid};
}

void SendMessage(int socket, const void *bytes, size_t size, const std::vector<int> &descriptors)
{
	if (descriptors.size() > kMostDescriptors)
		FailWith(E2BIG, "sendmsg");
	if (size == 0)
		FailWith(EINVAL, "sendmsg"); // descriptors travel with a byte
	const char *from = static_cast<const char *>(bytes);
	alignas(struct cmsghdr) ControlBuffer control = {};
	for (size_t done = 0; done < size;) {
		struct iovec part = {const_cast<char *>(from) + done, size - done};
		struct msghdr header = {};
		header.msg_iov = &part;
		header.msg_iovlen = 1;
		if (done == 0 && !descriptors.empty())
			AttachDescriptors(&header, control, descriptors);
		ssize_t n = sendmsg(socket, &header, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			Fail("sendmsg");
		done += static_cast<size_t>(n);
	}
}

Message ReceiveMessage(int socket, size_t maxBytes)
{
	Message message;
	message.bytes.resize(maxBytes);
	alignas(struct cmsghdr) ControlBuffer control = {};
	struct iovec part = {message.bytes.data(), maxBytes};
	struct msghdr header = {};
	header.msg_iov = &part;
	header.msg_iovlen = 1;
	header.msg_control = control;
	header.msg_controllen = sizeof control;
	ssize_t n;
	do {
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		Fail("recvmsg");
	message.bytes.resize(static_cast<size_t>(n));
	TakeDescriptors(&header, &message.descriptors);
	if (header.msg_flags & MSG_CTRUNC) {
		for (int fd : message.descriptors)
			close(fd);
		FailWith(E2BIG, "recvmsg");
	}
	return message;
}

} // namespace tslxc
