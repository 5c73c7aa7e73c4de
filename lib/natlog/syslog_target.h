/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A syslog server: over UDP (RFC 5426), over TCP (RFC 6587 3.4.1) or TLS (RFC 5425) with octet
 * counting, or the machine's own at a local datagram socket. Messages wait in a queue while it is
 * away; when that is full they are lost, and a gap record says how many as soon as there is room.
 * Never blocks; log thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "link.h"
#include "syslog_text.h"

enum {
	CGN_SYSLOG_QUEUE = 4 << 20, /* bytes: some 20 000 records */
	CGN_SYSLOG_RETRY_MS = 2000,
	CGN_SYSLOG_STALL_MS = 10000,
	CGN_SYSLOG_BATCH = 64, /* datagrams of one system call */
};

struct cgn_syslog_target {
	struct cgn_link link;
	bool complained, has_tried;
	uint64_t tried_ms, progress_ms;
	/* A ring of bytes: messages as a stream has them, each behind its length and a space. */
	uint8_t *queue;
	uint32_t first, used;
	uint32_t sent; /* a stream: bytes of the first message, with its count, that it has */
	uint64_t n_sent, n_lost, n_lost_told, n_failures;
};

/* path: of a local socket. 0 or -ENOMEM. Nothing is opened yet. */
int cgn_syslog_init_at(struct cgn_syslog_target *at, const struct cgn_conf_collector *conf);
int cgn_syslog_init_local(struct cgn_syslog_target *at, const char *path);
void cgn_syslog_fini(struct cgn_syslog_target *at);

/* A copy of a message of 1 to CGN_SYSLOG_MAX bytes waits to be sent, or is counted as lost. */
void cgn_syslog_put(struct cgn_syslog_target *at, const char *text, size_t len);

/* Records that were lost since it was asked last, if the queue has room to say so; else 0. */
uint64_t cgn_syslog_lost(struct cgn_syslog_target *at);

/* Opens what is closed, sends what can be sent. now_ms: a clock that only goes forward. */
void cgn_syslog_turn(struct cgn_syslog_target *at, uint64_t now_ms);
