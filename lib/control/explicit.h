/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit mappings: one set of rules for all that is asked for by NAT-PMP, PCP and the operator. A
 * record stands beside a mapping and keeps it up to the end of its lifetime, whatever the traffic;
 * when the record goes, what traffic alone would have made stays. Control thread.
 *
 * Who may change what (AMB-05, RFC 6887 sections 11.3 and 12.3): what MAP was granted belongs to
 * its nonce, what PEER was granted for a remote peer to that request's nonce; NAT-PMP may read both
 * but neither shorten nor delete them; PCP adopts a NAT-PMP record of the same subscriber; the
 * operator's records are read by everybody and changed by nobody else.
 *
 * Files: explicit_record.c (records and what hangs on them), explicit.c (the rules for one port),
 * explicit_peer.c (PEER), explicit_set.c (PORT_SET), explicit_why.c (reasons, for the operator).
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "portctl.h"

struct cgn_control;
struct cgn_mapping;

struct cgn_explicit {
	uint32_t mapping;     /* mapping index; free records: next free record */
	uint32_t ends_s;      /* end of the granted lifetime; OPERATOR: none */
	uint32_t peer_ends_s; /* end of what PEER was granted, for whatever peer */
	uint32_t client_addr; /* who asked, host order */
	uint16_t client_port;
	uint16_t set_first, set_size; /* inside ports that live and die together (RFC 7753) */
	uint8_t origin;               /* enum cgn_explicit_origin */
	uint8_t configured : 1;       /* OPERATOR: from the configuration, not for the journal */
	uint8_t adopted : 1;          /* traffic had made the mapping before it was asked for */
	uint8_t nonce[CGN_PCP_NONCE_LEN]; /* PCP_MAP's */
	/* Granted to PEER for one remote peer; others stand in records chained from here. */
	struct {
		uint32_t addr; /* 0: none */
		uint32_t ends_s;
		uint16_t port;
		uint8_t nonce[CGN_PCP_NONCE_LEN];
	} peer;
	uint32_t next_peer; /* record of another peer of the same mapping, 0: none */
};
static_assert(sizeof(struct cgn_explicit) == 64, "a record is one cache line");

struct cgn_explicit_pool {
	struct cgn_explicit *records; /* [capacity + 1]; record 0 unused */
	uint32_t capacity, n_used, first_free;
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_explicit_init(struct cgn_explicit_pool *p, uint32_t capacity, int socket);
void cgn_explicit_fini(struct cgn_explicit_pool *p);

/* The record of a mapping, or NULL. */
struct cgn_explicit *cgn_explicit_of(struct cgn_control *c, const struct cgn_mapping *m);

/*
 * Takes record and filters of a mapping away, if it has any; the mapping stays. rest_s: how long
 * its port will rest if the mapping goes too, for the journal; else 0.
 */
void cgn_explicit_drop(struct cgn_control *c, struct cgn_mapping *m, uint32_t rest_s);

/* Seconds for which a record keeps its mapping from now on; 0 when it has run out. */
uint32_t cgn_explicit_left(const struct cgn_control *c, const struct cgn_explicit *e);

/* The rules as the protocols see them; ctx is the struct cgn_control. */
extern const struct cgn_portctl_ops cgn_explicit_ops;
