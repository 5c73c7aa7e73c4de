/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYNs from outside that no mapping has let in, of tenants that want their senders told
 * (nat.unsolicited_syn). RFC 5382 REQ-4: not before 6 s, and not at all if the inside has opened
 * the connection meanwhile, which then is a simultaneous open. The packet itself has ended; its
 * head waits in a ring, of which a tenant has half at most: what outsiders send takes no more than
 * that, and the rest is silence. Control thread.
 */
#pragma once

#include <stdint.h>

#include "clock.h"
#include "pkt.h"

struct cgn_control;
struct rte_mbuf;

enum { CGN_UNSOLICITED_SYNS = 1024, CGN_UNSOLICITED_HEAD = 128 };

struct cgn_unsolicited_syns {
	struct cgn_unsolicited_syn {
		cgn_ns_t due;
		struct cgn_pkt pkt;
		uint32_t len;
		uint8_t head[CGN_UNSOLICITED_HEAD]; /* the frame as it came in */
	} * ring;                                   /* [CGN_UNSOLICITED_SYNS], in order of due */
	uint16_t *of_tenant;                        /* [CGN_MAX_TENANTS] that wait */
	uint32_t first, n;
};

/* 0 or -ENOMEM; fini accepts a zeroed struct. Main thread. */
int cgn_unsolicited_init(struct cgn_unsolicited_syns *s, int socket);
void cgn_unsolicited_fini(struct cgn_unsolicited_syns *s);

/* Notes a SYN and ends it with pkt->fate. */
void cgn_unsolicited_note(struct cgn_control *c, struct rte_mbuf *m);

/* Tells the senders whose time it is, a slice of them. Returns work done. */
uint32_t cgn_unsolicited_turn(struct cgn_control *c);
