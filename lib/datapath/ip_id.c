/* SPDX-License-Identifier: BSD-3-Clause */
/* The identifiers; called by fragment.c on worker threads. */
#include "ip_id.h"

/* Four rounds over two halves of 8 bits; a permutation whatever the key. */
static uint16_t
permute(uint16_t x, uint32_t key)
{
	uint8_t left = (uint8_t)(x >> 8), right = (uint8_t)x;

	for (int round = 0; round < 4; round++) {
		uint32_t f = (right + (uint8_t)(key >> (8 * round)) + 1u) * UINT32_C(0x9e3779b1);
		uint8_t next = left ^ (uint8_t)(f >> 24);

		left = right;
		right = next;
	}
	return (uint16_t)(left << 8 | right);
}

rte_be16_t
cgn_ip_id_next(struct cgn_ip_ids *ids, const struct cgn_fragment_secret *secret, rte_be32_t src,
	rte_be32_t dst, uint8_t ip_proto)
{
	uint32_t hash = cgn_fragment_hash(secret, src, dst, ip_proto);
	uint16_t count = ids->next[hash % CGN_IP_ID_SEQUENCES]++;

	return permute((uint16_t)(count << ids->bits | ids->worker), hash);
}
