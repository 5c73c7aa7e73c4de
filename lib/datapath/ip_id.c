/* SPDX-License-Identifier: BSD-3-Clause */
/* The identifiers; called by fragment.c on worker threads. */
#include "ip_id.h"

/*
 * A permutation of the 16 bits for each key: each step can be undone. The multipliers and shifts
 * are those of a finalizer that was searched for (hash-prospector, hash16_xm2), so that no key is a
 * weak one.
 */
static uint16_t
permute(uint16_t x, uint32_t key)
{
	uint32_t y = (x + key) & 0xffff;

	y = ((y ^ y >> 8) * UINT32_C(0x88b5)) & 0xffff;
	y ^= key >> 16;
	y = ((y ^ y >> 7) * UINT32_C(0xdb2d)) & 0xffff;
	return (uint16_t)(y ^ y >> 9);
}

rte_be16_t
cgn_ip_id_next(struct cgn_ip_ids *ids, const struct cgn_fragment_secret *secret, rte_be32_t src,
	rte_be32_t dst, uint8_t ip_proto)
{
	uint32_t hash = cgn_fragment_hash(secret, src, dst, ip_proto);
	uint16_t count = ids->next[hash % CGN_IP_ID_SEQUENCES]++;

	return permute((uint16_t)(count << ids->bits | ids->worker), hash);
}
