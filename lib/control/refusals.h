/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The last NAT-PMP and PCP requests that were refused, with the reason, for the operator. Bounded:
 * CGN_REFUSALS of the box, of these CGN_REFUSALS_EACH of one subscriber, so that one that floods
 * washes out its own and nobody else's. A refusal that equals one of the subscriber's is counted
 * there. Nothing about destinations of traffic is kept. Control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cgn_subscriber;

/* Their numbers fit 16 bits (struct cgn_subscriber). */
enum { CGN_REFUSALS = 4096, CGN_REFUSALS_EACH = 16 };

/* A plain sentence, static text; with limit: what was used of it at that moment. */
struct cgn_why {
	const char *text; /* NULL: nothing is known */
	uint32_t used, limit;
};

/* What was refused: two requests alike in all of it but `why.used` are the same refusal. */
struct cgn_refused {
	uint32_t tenant, inside; /* who asked */
	uint32_t holder;         /* of inside (cgn_directory_holder) */
	uint8_t version;         /* 0: NAT-PMP, else PCP */
	uint8_t opcode, result;
	bool silent;      /* not answered */
	uint8_t ip_proto; /* 0: the request had no ports, or was not read so far */
	uint16_t inside_port, suggested_port;
	uint32_t suggested_addr; /* 0: none */
	struct cgn_why why;
};

struct cgn_refusal {
	struct cgn_refused what;
	uint64_t seq; /* above that of every other when it was noted last */
	uint64_t first_utc_s, last_utc_s;
	uint32_t n;
	uint32_t newer, older;           /* of all; 0: none */
	uint32_t same_newer, same_older; /* of the same subscriber */
};

struct cgn_refusals {
	struct cgn_refusal *records; /* [CGN_REFUSALS + 1]; record 0 unused */
	uint32_t n_used;
	uint32_t newest, oldest;
	uint64_t seq; /* of the newest; refusals noted since start */
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_refusals_init(struct cgn_refusals *r, int socket);
void cgn_refusals_fini(struct cgn_refusals *r);

/* The subscriber's refusals are nobody's from now on: holder and inside are CGN_NONE. */
void cgn_refusals_disown(
	struct cgn_refusals *r, struct cgn_subscriber *subscribers, uint32_t holder);

/* subscribers: by holder; their newest_refusal is kept here. */
void cgn_refusals_note(struct cgn_refusals *r, struct cgn_subscriber *subscribers,
	const struct cgn_refused *what, uint64_t utc_s);
