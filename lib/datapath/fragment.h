/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fragment: IPv4 fragments by virtual reassembly (RFC 4787 REQ-14, RFC 6888 REQ-1). The first one
 * of a datagram, with its whole transport header, is a flow in every respect. The others, whether
 * they come before it or after, go where it went, changed as it was; until then they are held, and
 * when it ends they end with it. Nothing is put together.
 *
 * All fragments of a datagram must come to one worker (app/cgnatd/ports.c). Where they do not, the
 * later ones wait for a first one that never comes, and end as `fragment_timeout`. Worker threads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fates.h"

struct cgn_worker;
struct rte_mbuf;

/*
 * b->mbufs[at] is of kind FRAGMENT and about to be forwarded: tenant, dir, hairpin, neigh and, from
 * inside, inside are set; out2in: neigh is the pool index. True: it is the first one, of kind FLOW
 * from now on. False: it has been dropped, held, or put into the lane tx.
 */
bool cgn_fragment_enter(struct cgn_worker *w, uint8_t at);

/* What is dropped next is a fragment with ports, or no fragment: the rest of its datagram ends with
 * the same fate. Fields as for cgn_fragment_enter. */
void cgn_fragment_refuse(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate);

/* A packet that is not atomic has been translated, pkt->fate says how (forward.h). */
void cgn_fragment_finish(struct cgn_worker *w, struct rte_mbuf *m);

/* Sends what waited for the first fragments that have been sent (worker.c). */
void cgn_fragment_release(struct cgn_worker *w);

/* Once a turn if there are any: what is too old ends, and, when the directory is another one, what
 * belonged to somebody who is gone. */
void cgn_fragment_turn(struct cgn_worker *w, bool is_switched);

/* Ends what is held as STOPPED. After the loop ended. */
void cgn_fragment_drain(struct cgn_worker *w);
