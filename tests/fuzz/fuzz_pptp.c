/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/net/pptp: the first byte says who speaks, the rest is a segment's text, and
 * the beginning of a data packet. Messages lie in the text one behind the other, and another call
 * id in its place is found there again. Memory is exact, so that the sanitizer watches every read.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pptp.h"

enum { OTHER_ID = 0xa55a };

static void
replace(uint8_t *text, uint32_t len, bool from_pns, uint32_t from,
	const struct cgn_pptp_message *msg)
{
	struct cgn_pptp_message again;

	text[msg->pns_at] = OTHER_ID >> 8;
	text[msg->pns_at + 1] = OTHER_ID & 255;
	CHECK(cgn_pptp_next(text, len, from_pns, &from, &again));
	CHECK(again.type == msg->type && again.pns_at == msg->pns_at && again.pns == OTHER_ID);
	CHECK(again.pac == msg->pac && again.accepts == msg->accepts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgn_pptp_message msg;
	uint32_t len, at = 0, from = 0;
	bool from_pns;
	rte_be16_t call;
	uint8_t *text;

	if (size < 2 || size > 4096)
		return 0;
	from_pns = data[0] & 1;
	len = (uint32_t)size - 1;
	text = malloc(len);
	CHECK(text != NULL);
	memcpy(text, data + 1, len);
	if (cgn_pptp_gre(text, len, &call))
		CHECK(len >= CGN_PPTP_GRE_HEADER && memcmp(&call, text + 6, 2) == 0);
	for (; cgn_pptp_next(text, len, from_pns, &at, &msg); from = at) {
		CHECK(at > from && at <= len && (at - from) % 2 == 0);
		CHECK(msg.pns_at == 0 ||
			(msg.pns_at >= from + 12 && msg.pns_at + 2 <= at && msg.pns_at % 2 == 0));
		if (msg.pns_at != 0)
			replace(text, len, from_pns, from, &msg);
	}
	CHECK(at == from);
	free(text);
	return 0;
}
