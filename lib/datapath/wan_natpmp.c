/* SPDX-License-Identifier: BSD-3-Clause */
/* NAT-PMP and PCP from an uplink (seed rule 1): their end, before anything else is asked. */
#include "classify.h"
#include "free.h"
#include "parse.h"
#include "verdict.h"

/* The decision is made; the destination only tells whose counter moves, and that the rest of the
 * datagram ends like this too. */
static void
refuse_natpmp(struct cgn_worker *w, struct rte_mbuf *m)
{
	struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_directory *dir = w->dir;
	uint32_t dst = rte_be_to_cpu_32(pkt->dst);
	const struct cgn_range *to = cgn_range_map_find(&dir->outside_dst, dst);

	pkt->tenant = cgn_classify_pool_tenant(dir, to, dst);
	if (to != NULL && cgn_dst_class_of(to->value) == CGN_DST_POOL) {
		pkt->dir = CGN_OUT2IN;
		pkt->neigh = cgn_dst_number(to->value) + (dst - to->origin);
		if (unlikely(pkt->kind == CGN_PKT_FRAGMENT))
			cgn_fragment_refuse(w, m, CGN_FATE_WAN_NATPMP);
	}
	cgn_end(w, m, CGN_FATE_WAN_NATPMP);
}

void
cgn_classify_wan_natpmp(struct cgn_worker *w, const struct cgn_lane *lane)
{
	struct rte_mbuf *refused[CGN_BURST];

	for (uint32_t i = 0; i < lane->n; i++) {
		refused[i] = w->burst.mbufs[lane->at[i]];
		refuse_natpmp(w, refused[i]);
	}
	cgn_free_bulk(refused, lane->n);
}

/*
 * Whose pool the plain frame is for, as cgn_classify_pool_tenant. A flood goes to addresses of the
 * pool and to others as they come, so no branch depends on them. Neither map nor pool is empty.
 */
static inline uint16_t
tenant_of(
	const struct rte_mbuf *m, const struct cgn_range_map *outside_dst, const uint16_t *tenants)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, CGN_PARSE_PLAIN_L3);
	const struct cgn_range *to;
	uint32_t dst, is_pool;
	rte_be32_t addr;
	uint16_t tenant;

	memcpy(&addr, ip + 16, sizeof(addr));
	dst = rte_be_to_cpu_32(addr);
	to = cgn_range_map_floor(outside_dst, dst);
	is_pool = -(uint32_t)((dst - to->first <= to->last - to->first) &
		(cgn_dst_class_of(to->value) == CGN_DST_POOL));
	tenant = tenants[(cgn_dst_number(to->value) + (dst - to->origin)) & is_pool];
	return (uint16_t)(CGN_TENANT_BOX ^ ((CGN_TENANT_BOX ^ tenant) & is_pool));
}

/* A bit for each of the 64 that is `tenant`. */
static inline uint64_t
places_of(const uint16_t tenants[CGN_BURST], uint16_t tenant)
{
	const __m128i *at = (const __m128i *)(const void *)tenants;
	const __m128i wanted = _mm_set1_epi16((int16_t)tenant);
	uint64_t places = 0;

	for (uint32_t i = 0; i < CGN_BURST / 16; i++) {
		__m128i low = _mm_cmpeq_epi16(_mm_loadu_si128(at + 2 * i), wanted);
		__m128i high = _mm_cmpeq_epi16(_mm_loadu_si128(at + 2 * i + 1), wanted);

		places |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high))
			<< 16 * i;
	}
	return places;
}

/* Of n packets, at least one; each tenant's are added at one time. */
static void
count(struct cgn_counters *c, const uint16_t tenants[CGN_BURST], uint32_t n)
{
	uint64_t left = UINT64_MAX >> (CGN_BURST - n);

	while (left != 0) {
		uint16_t tenant = tenants[__builtin_ctzll(left)];
		uint64_t places = places_of(tenants, tenant) & left;

		cgn_counters_fates(
			c, tenant, CGN_FATE_WAN_NATPMP, (uint64_t)__builtin_popcountll(places));
		left &= ~places;
	}
}

void
cgn_classify_wan_natpmp_plain(struct cgn_worker *w, struct rte_mbuf **refused, uint32_t n)
{
	const struct cgn_directory *dir = w->dir;
	struct cgn_counters *c = &w->counters;
	uint16_t tenants[CGN_BURST] = {0};

	if (unlikely(dir->n_pool == 0 || dir->outside_dst.n_ranges == 0))
		cgn_counters_fates(c, CGN_TENANT_BOX, CGN_FATE_WAN_NATPMP, n);
	else {
		for (uint32_t i = 0; i < n; i++)
			tenants[i] = tenant_of(refused[i], &dir->outside_dst, dir->pool_tenants);
		count(c, tenants, n);
	}
	cgn_counters_port_fates(c, w->burst.port, CGN_FATE_WAN_NATPMP, n);
	cgn_free_bulk(refused, n);
}
