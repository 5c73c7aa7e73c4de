/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/net/arp: the input is an ARP body, and what lies behind it chooses tags. What
 * is read is written back and must be the same bytes; a frame around it must be read as ARP.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arp.h"
#include "fuzz.h"
#include "parse.h"

static void
frame_around(const struct cgn_arp *arp, const struct cgn_tags *tags)
{
	uint32_t l2_len = cgn_l2_len(tags), len = l2_len + CGN_ARP_LEN;
	uint8_t *frame = malloc(len); /* exact: the sanitizer watches both writers */
	struct cgn_arp again;
	struct cgn_pkt pkt;

	CHECK(frame != NULL);
	cgn_l2_write(frame, &arp->target_mac, &arp->sender_mac, tags, RTE_ETHER_TYPE_ARP);
	cgn_arp_write(frame + l2_len, arp);
	cgn_parse(frame, len, len, false, &pkt);
	CHECK(pkt.kind == CGN_PKT_ARP);
	CHECK(pkt.l3_off == l2_len && pkt.n_tags == tags->n);
	CHECK(pkt.outer == (tags->n >= 1 ? tags->outer & 0xfff : 0));
	CHECK(pkt.inner == (tags->n == 2 ? tags->inner & 0xfff : 0));
	CHECK(cgn_arp_parse(frame + pkt.l3_off, len - pkt.l3_off, &again));
	CHECK(again.op == arp->op && again.sender_ip == arp->sender_ip &&
		again.target_ip == arp->target_ip);
	free(frame);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t tpids[] = {0x8100, 0x88a8, 0x9100};
	uint8_t *out;
	struct cgn_tags tags = {.outer_tpid = 0x8100};
	struct cgn_arp arp;

	if (size > UINT32_MAX || !cgn_arp_parse(data, (uint32_t)size, &arp))
		return 0;
	CHECK(size >= CGN_ARP_LEN);
	CHECK((arp.sender_mac.addr_bytes[0] & 1) == 0);
	out = malloc(CGN_ARP_LEN);
	CHECK(out != NULL);
	cgn_arp_write(out, &arp);
	CHECK(memcmp(out, data, CGN_ARP_LEN) == 0);
	free(out);
	if (size >= CGN_ARP_LEN + 6) {
		const uint8_t *t = data + CGN_ARP_LEN;

		tags = (struct cgn_tags){.n = t[0] % 3,
			.outer_tpid = tpids[t[1] % 3],
			.outer = (uint16_t)(t[2] << 8 | t[3]),
			.inner = (uint16_t)(t[4] << 8 | t[5])};
	}
	frame_around(&arp, &tags);
	return 0;
}
