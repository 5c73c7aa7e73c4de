/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the daemon: finds its telemetry socket, sends one request at a time and returns the
 * answer. For cgnatctl and cgnat-exporter. A client belongs to one thread at a time.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "command_table.h"

enum cgn_exit {
	CGN_EXIT_OK = 0,
	CGN_EXIT_REFUSED = 1,   /* the daemon answered with an error */
	CGN_EXIT_DIFFERENT = 1, /* diff found differences */
	CGN_EXIT_USAGE = 2,     /* also a configuration that diff cannot compare */
	CGN_EXIT_AWAY = 3,      /* no daemon, no permission, no answer */
};

enum { CGN_CLIENT_ANSWER_MAX = 65536 }; /* DPDK's answers have at most 16 384 bytes */

struct cgn_client {
	int fd;
	char path[256];   /* of the socket */
	char version[64]; /* what serves it, from its first message */
	uint32_t next_id;
	char why[512]; /* of the last failure: a sentence for the operator, without final stop */
	char buf[CGN_CLIENT_ANSWER_MAX];
};

struct cgn_client_where {
	const char *socket; /* a path, or NULL: look for it by prefix */
	const char *prefix;
};

/* CGN_EXIT_OK, or CGN_EXIT_AWAY with client->why. */
enum cgn_exit cgn_client_open(struct cgn_client *client, const struct cgn_client_where *where);
void cgn_client_close(struct cgn_client *client);

/*
 * Asks cmd with params ("a=b,c=d" or "") and returns its answer in *answer, the caller's: an
 * object with status ok. Else says in client->why what is wrong.
 */
enum cgn_exit cgn_client_ask(struct cgn_client *client, const struct cgn_command *cmd,
	const char *params, json_t **answer);
