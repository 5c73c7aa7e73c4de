/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The HTTP server: /metrics and a page that points to it. libmicrohttpd's threads serve several
 * clients at a time; the daemon is asked by one of them at a time, and not again while the last
 * answer is young, so that no number of collectors can ask it for more.
 */
#pragma once

#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "snapshot.h"

struct cgn_server {
	struct cgn_client_where where;
	unsigned int max_age_ms; /* of an answer that is given again; 0: never */
	struct MHD_Daemon *http;
	pthread_mutex_t lock; /* of what follows */
	struct cgn_snapshot last;
	uint64_t last_ms; /* when it was taken; 0: never */
	bool told;        /* the state of the daemon is in the log */
};

/* where and max_age_ms are set. 0, or -errno with nothing started. Main thread. */
int cgn_server_start(struct cgn_server *server, const struct addrinfo *listen);
void cgn_server_stop(struct cgn_server *server);

/* The port that it listens on: of use when it was asked to listen on any (0). */
uint16_t cgn_server_port(const struct cgn_server *server);
