/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ALGs: text from inside that names the sender's own address and a port gets the outside ones of a
 * mapping, which is made within the subscriber's quotas as for any flow (alg.ftp of the tenant; off
 * by default: RFC 5382 REQ-6). Only the sender's own address, and no port below 1024: text that
 * names another is left as it is (RFC 2577 section 3). Text must begin in its segment and end in
 * it; what is split over segments is left as it is.
 *
 * Another length moves the connection's numbers, so a connection that was edited has a record until
 * it has ended; all its segments come by control then (datapath/alg.h). So has one with calls of
 * PPTP (alg.pptp, pptp_edit.c). A subscriber has
 * CGN_ALG_OF_SUBSCRIBER of them at most, a tenant half of all, so that nobody takes the others'.
 * Control thread.
 */
#pragma once

#include "alg.h"
#include "stream_edit.h"

struct cgn_control;
struct rte_mbuf;

/* Calls of one PPTP connection. Clients have one; those that act for others have more of them. */
enum { CGN_PPTP_CALLS = 8 };

struct cgn_pptp_calls {
	uint32_t expected; /* number that the inside waits for, host order */
	struct cgn_pptp_call {
		uint32_t mapping; /* of GRE; CGN_MAPPING_NONE: free */
		bool is_cleared;  /* the inside has asked for its end */
	} calls[CGN_PPTP_CALLS];
};

/* A connection whose text was edited. */
struct cgn_alg_flow {
	uint32_t mapping; /* CGN_MAPPING_NONE: a free record */
	uint32_t next;    /* of the same chain, or of the free records */
	uint32_t inside;  /* inside index */
	uint16_t tenant;
	rte_be32_t peer;
	rte_be16_t port;
	bool is_closing; /* FIN or RST was seen */
	bool is_pptp;
	uint32_t last_use_s;
	union {
		struct cgn_edits edits;
		struct cgn_pptp_calls pptp;
	};
};

/* The longest segment that is edited; what is longer is no command. */
enum { CGN_ALG_PAYLOAD = 2048, CGN_ALG_OF_SUBSCRIBER = 64 };

struct cgn_algs {
	struct cgn_alg_flow *flows; /* [capacity + 1]; record 0 unused */
	uint32_t *chains; /* [mask + 1] by inside index: the first of those that share it, or 0 */
	uint16_t *of_tenant; /* [CGN_MAX_TENANTS] records in use */
	uint32_t capacity, mask, n_used, first_free, cursor;
	struct cgn_alg_marks *marks;
	uint8_t payload[CGN_ALG_PAYLOAD]; /* of the segment at hand, edited */
};

/* capacity 0: nothing is edited. 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_algs_init(struct cgn_algs *a, uint32_t capacity, int socket);
void cgn_algs_fini(struct cgn_algs *a);

/* A segment that cgn_alg_takes has sent; sends it back, or ends it. */
void cgn_alg_input(struct cgn_control *c, struct rte_mbuf *m);

/* The mapping ends: so do its records. */
void cgn_alg_end(struct cgn_control *c, uint32_t mapping);

/* The mapping of a call ends: its connection forgets it (pptp_edit.c). */
void cgn_pptp_call_end(struct cgn_control *c, uint32_t mapping);
