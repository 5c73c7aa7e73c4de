/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/net/icmp_quote: the input is a frame. If it is an ICMP error about a flow, it
 * is translated in both directions: the sums of both headers must stay what they were, right or
 * wrong, and nothing outside the datagram may change. Memory is exact, so that the sanitizer
 * watches every read and write.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "icmp_quote.h"
#include "parse.h"

/* Modulo 65535, in which both forms of zero are the same. */
static uint32_t
sum_of(const uint8_t *p, uint32_t len)
{
	return cgn_csum_fold(cgn_csum_words(p, len)) % 0xffff;
}

static void
check_quote(const struct cgn_pkt *pkt, const struct cgn_icmp_quote *q, uint32_t len)
{
	uint32_t end = (uint32_t)pkt->l3_off + pkt->ip_len;

	CHECK(end <= len);
	CHECK(q->l3_off == pkt->l4_off + 8);
	CHECK(q->l4_off >= q->l3_off + 20 && q->l4_off + 8u <= end);
	CHECK(q->l4_csum_off == 0 || (q->l4_csum_off >= q->l4_off && q->l4_csum_off + 2u <= end));
	CHECK(q->proto < CGN_N_PROTOS);
}

static void
translate(uint8_t *frame, uint32_t len, enum cgn_dir dir, rte_be32_t addr, rte_be16_t port)
{
	struct cgn_rewrite rw = {.addr = addr, .port = port};
	struct cgn_icmp_quote q, again;
	struct cgn_pkt pkt;
	uint32_t icmp_sum, ip_sum;

	cgn_parse(frame, len, len, true, &pkt);
	cgn_icmp_quote_parse(frame, len, &pkt, &q);
	CHECK(q.kind == CGN_QUOTE_FLOW);
	check_quote(&pkt, &q, len);
	ip_sum = sum_of(frame + pkt.l3_off, (uint32_t)(pkt.l4_off - pkt.l3_off));
	icmp_sum = sum_of(frame + pkt.l4_off, (uint32_t)(pkt.l3_off + pkt.ip_len - pkt.l4_off));
	cgn_icmp_quote_rewrite(frame, &pkt, &q, dir, &rw);
	CHECK(ip_sum == sum_of(frame + pkt.l3_off, (uint32_t)(pkt.l4_off - pkt.l3_off)));
	CHECK(icmp_sum ==
		sum_of(frame + pkt.l4_off, (uint32_t)(pkt.l3_off + pkt.ip_len - pkt.l4_off)));
	cgn_icmp_quote_parse(frame, len, &pkt, &again);
	CHECK(again.kind == CGN_QUOTE_FLOW && again.proto == q.proto);
	CHECK(again.src == q.src && again.dst == q.dst);
	CHECK(again.sport == q.sport && again.dport == q.dport);
	CHECK(dir == CGN_IN2OUT ? q.dst == addr && q.dport == port
				: q.src == addr && q.sport == port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgn_icmp_quote q;
	struct cgn_pkt pkt;
	uint8_t *frame;

	if (size == 0 || size > 4096)
		return 0;
	frame = malloc(size);
	CHECK(frame != NULL);
	memcpy(frame, data, size);
	cgn_parse(frame, (uint32_t)size, (uint32_t)size, true, &pkt);
	if (pkt.kind == CGN_PKT_ICMP_ERROR) {
		cgn_icmp_quote_parse(frame, (uint32_t)size, &pkt, &q);
		CHECK(memcmp(frame, data, size) == 0);
		if (q.kind == CGN_QUOTE_FLOW) {
			rte_be32_t dst = pkt.dst;

			translate(frame, (uint32_t)size, CGN_OUT2IN, RTE_BE32(0x6440000a), 0x1388);
			translate(frame, (uint32_t)size, CGN_OUT2IN, dst, q.sport);
			translate(frame, (uint32_t)size, CGN_IN2OUT, RTE_BE32(0xcb007111), 0xffff);
			for (size_t i = 0; i < pkt.l3_off; i++)
				CHECK(frame[i] == data[i]);
			for (size_t i = (size_t)pkt.l3_off + pkt.ip_len; i < size; i++)
				CHECK(frame[i] == data[i]);
		}
	}
	free(frame);
	return 0;
}
