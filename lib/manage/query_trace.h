/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `trace` asks of control: who has an outside port, and which outside ports a subscriber has.
 * As query.h.
 */
#pragma once

#include "query.h"

enum cgn_trace_status {
	CGN_TRACE_MAPPED,
	CGN_TRACE_RESTING, /* its subscriber had it */
	CGN_TRACE_LEASED,  /* nobody; but its block is a subscriber's */
	CGN_TRACE_FREE,    /* nobody, in no block */
	CGN_TRACE_NEVER,   /* is not given out */
};

struct cgn_query_trace {
	/* In. */
	struct cgn_port at;
	enum cgn_proto proto;
	/* In and out; zeroed at first. is_searching: ask again, the end of the rest is not found.
	 */
	struct cgn_rest_search search;
	bool is_searching;
	/* Out. */
	enum cgn_trace_status status;
	uint32_t inside;             /* holder of the block, or CGN_NONE */
	char id[CGN_SESSION_ID_LEN]; /* of its session, or "" */
	uint16_t first, last;        /* ports of the block */
	int32_t rests_s;             /* still; -1: does not rest, or it is not known until when */
	struct cgn_mapping_row row;  /* MAPPED; of those that share the port one */
	uint32_t n_mappings;         /* MAPPED */
	int32_t idle_s;              /* MAPPED; -1: no packet yet */
	int8_t origin;               /* MAPPED; enum cgn_explicit_origin, or -1: traffic */
};
void cgn_query_trace(struct cgn_control *c, void *arg);

/* Blocks of a subscriber, and runs of ports in them that rest. */
struct cgn_query_ranges {
	struct cgn_query
		q; /* cursor: place in the chain of blocks × 65536 × 4 + CGN_N_PROTOS ×
		    * port of the block + protocol + 1; 0 mod 65536 × 4: the block itself */
	uint32_t inside;
	struct cgn_range_row {
		uint64_t at;
		uint32_t pool;
		uint16_t first, last; /* ports */
		int8_t proto;         /* enum cgn_proto, or -1: the block */
		uint32_t mapped;      /* of the block: ports of all protocols */
		int32_t rests_s;      /* of the block, since a restart; else 0 */
	} rows[CGN_QUERY_ROWS];
};
void cgn_query_ranges(struct cgn_control *c, void *arg);

static_assert(sizeof(struct cgn_query_trace) <= CGN_REQUEST_ARG_MAX, "fits a request");
static_assert(sizeof(struct cgn_query_ranges) <= CGN_REQUEST_ARG_MAX, "fits a request");
