/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of protocols without ports that are translated (nat.protocols), by addresses alone:
 * (inside address, protocol, remote address) ↔ (outside address, protocol, remote address). The
 * entries are those of table.h, with all that goes with it; here is how packets find them, in a
 * hash of its own that no packet of TCP, UDP or ICMP touches.
 *
 * A mapping of a call (m->call, made by alg.pptp) is GRE that has call ids too: from outside
 * (outside address, remote, outside port), from inside (inside address, remote, the remote side's
 * call id), which is known later. Its inside and outside ports are the call ids of the inside end,
 * as that has it and as the remote side sees it.
 *
 * Life of an entry, threads and the
 * grace period are as in table.h: publish and unlink are called by control/publish.c, reclaim by
 * control/reclaim.c.
 */
#pragma once

#include <stdint.h>

#include "key.h"
#include "mapping.h"

struct rte_hash;

/* Two for each mapping. */
struct cgn_other_key {
	uint32_t end; /* inside index (IN2OUT), pool index (OUT2IN) */
	rte_be32_t remote;
	uint8_t ip_proto;
	uint8_t dir;     /* enum cgn_dir, 2 more for a call */
	rte_be16_t call; /* its id, or zero */
};
static_assert(sizeof(struct cgn_other_key) == 12, "no padding in a hashed key");

struct cgn_others {
	/* Fixed after init. */
	struct rte_hash *hash; /* NULL: room for none */
	struct cgn_map_secret secret;
	uint32_t capacity;
	/* Control only. */
	uint32_t n;       /* until they are reclaimed */
	uint16_t *counts; /* [n_inside] by holder, reserved by its owner: published ones */
};

/* name: as for cgn_table_create. 0 or -ENOMEM; counts is the caller's. fini accepts a zeroed
 * struct. Main thread. */
int cgn_others_init(struct cgn_others *o, const char *name, uint32_t capacity,
	struct cgn_rand *rand, int socket);
void cgn_others_fini(struct cgn_others *o);

/* Mapping index or CGN_MAPPING_NONE. Workers, online at control's RCU variable; control. */
uint32_t cgn_others_find(const struct cgn_others *o, enum cgn_dir dir, uint32_t end,
	rte_be32_t remote, uint8_t ip_proto);

/* The same for the call that a packet of PPTP names; ip_proto is GRE. */
uint32_t cgn_others_find_call(const struct cgn_others *o, enum cgn_dir dir, uint32_t end,
	rte_be32_t remote, rte_be16_t call);

/* i: the index of m, which is filled; holder: of its inside index (cgn_directory_holder). 0, or
 * -ENOSPC and nothing has changed. Control. */
int cgn_others_publish(
	struct cgn_others *o, uint32_t i, const struct cgn_mapping *m, uint32_t holder);

/*
 * The remote side's id of a published call is known: packets from inside find it from now on. 0, or
 * -EEXIST: another mapping has it (cgn_others_find_call), or this one has another id already.
 */
int cgn_others_connect(struct cgn_others *o, uint32_t i, struct cgn_mapping *m, rte_be16_t call);
bool cgn_others_is_connected(const struct cgn_others *o, uint32_t i, const struct cgn_mapping *m);
void cgn_others_unlink(struct cgn_others *o, struct cgn_mapping *m, uint32_t holder);
void cgn_others_reclaim(struct cgn_others *o, const struct cgn_mapping *m);

/* Mappings that a holder has now. Control. */
static inline uint32_t
cgn_others_of(const struct cgn_others *o, uint32_t holder)
{
	return o->counts[holder];
}
