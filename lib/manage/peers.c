/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks through the descriptors of this process; see peers.h. Called by act.c. */
#include "peers.h"

#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <rte_eal.h>

/* Is it a connection that was accepted at path? It has the name of the socket that accepted it. */
static bool
is_connection(int fd, const char *path)
{
	struct sockaddr_un addr = {0};
	socklen_t len = sizeof(addr) - 1, size = sizeof(int);
	int listens = 1;

	return getsockname(fd, (struct sockaddr *)&addr, &len) == 0 && addr.sun_family == AF_UNIX &&
		strcmp(addr.sun_path, path) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 0;
}

static void
add(struct cgn_peers *peers, const struct ucred *cred)
{
	if (peers->n++ == 0) {
		peers->uid = cred->uid;
		peers->pid = (uint32_t)cred->pid;
	}
	peers->differ = peers->differ || cred->uid != peers->uid;
}

void
cgn_peers_look_at(struct cgn_peers *peers, const char *path)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	memset(peers, 0, sizeof(*peers));
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		struct ucred cred = {0};
		socklen_t len = sizeof(cred);
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] == '.' || !is_connection(fd, path))
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
			peers->differ = true; /* closed just now, or somebody unknown */
		else
			add(peers, &cred);
	}
	closedir(dir);
}

void
cgn_peers_look(struct cgn_peers *peers)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	if ((size_t)snprintf(path, sizeof(path), "%s/dpdk_telemetry.v2",
		    rte_eal_get_runtime_dir()) < sizeof(path))
		cgn_peers_look_at(peers, path);
	else
		memset(peers, 0, sizeof(*peers));
}
