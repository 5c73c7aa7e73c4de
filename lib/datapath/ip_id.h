/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Identifiers for packets that are not atomic (RFC 6864 section 4.3): those of all subscribers
 * behind one outside address must differ for a destination and protocol. Sequences by a keyed hash
 * of the three; each worker counts in a part of the 16 bits of its own, and a permutation keyed by
 * the hash spreads what is counted, so that who sees its own sequence does not know that of another
 * destination (RFC 7739 section 5.3). An identifier comes again after 65536 / workers packets of
 * the sequence, a power of two. Sequences whose hashes are the same count together. Worker threads.
 */
#pragma once

#include <stdint.h>

#include <rte_byteorder.h>

#include "fragment_table.h"

enum { CGN_IP_ID_SEQUENCES = 2048 };

struct cgn_ip_ids {
	uint16_t worker, bits; /* low bits of the count are the worker's number */
	uint16_t next[CGN_IP_ID_SEQUENCES];
};

/* Bits for the numbers of n workers; n ≥ 1. */
static inline uint16_t
cgn_ip_id_bits(uint16_t n)
{
	return n > 1 ? (uint16_t)(32 - __builtin_clz(n - 1u)) : 0;
}

/* The next identifier from src to dst. */
rte_be16_t cgn_ip_id_next(struct cgn_ip_ids *ids, const struct cgn_fragment_secret *secret,
	rte_be32_t src, rte_be32_t dst, uint8_t ip_proto);
