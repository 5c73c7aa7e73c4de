/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is connected to the telemetry socket, as the kernel says (SO_PEERCRED: the credentials at
 * connect). DPDK's library does not tell a handler whose connection it serves, but that one is open
 * for as long as the handler runs. So when all open ones are of one user, it is his (decision
 * 0015). Telemetry threads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgn_peers {
	uint32_t n;        /* open connections; 0: not known */
	uint32_t uid, pid; /* of one of them */
	bool differ;       /* they are not all of that uid */
};

/* Those of this process' telemetry socket. */
void cgn_peers_look(struct cgn_peers *peers);

/* The same of any socket of this process that listens at path, for tests. */
void cgn_peers_look_at(struct cgn_peers *peers, const char *path);
