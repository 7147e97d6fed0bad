// Unix sockets that pass descriptors and say who is at the other end: what node:net cannot do.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace tslxc
{

struct PeerCredentials {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

struct Message {
	std::string bytes;            // empty at end of file
	std::vector<int> descriptors; // close-on-exec
};

// A connected stream socket to `name` in the directory (107 bytes of sun_path are not the limit of a whole path).
int ConnectUnix(int directory, const std::string &name);
std::pair<int, int> SocketPair();
PeerCredentials GetPeerCredentials(int socket);
// Sends all bytes, the descriptors with the first of them.
void SendMessage(int socket, const void *bytes, size_t size, const std::vector<int> &descriptors);
// Waits for and takes one message of at most maxBytes.
Message ReceiveMessage(int socket, size_t maxBytes);

} // namespace tslxc
