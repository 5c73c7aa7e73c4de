/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/portctl as a PCP server: any datagrams from four clients, with the model NAT
 * behind it. The rules for all answers are checked in exchange_check.c.
 *
 * Input: a byte of policy, then records of a length (two bytes, the higher first, modulo 2048), a
 * byte about the sender, and that many bytes of payload. The sender's byte can ask for the right
 * client address to be written into the header, which chance would never find.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exchange.h"
#include "fuzz.h"

enum { MAX_LEN = 2048 };

static void
set_up(struct bed *bed, uint8_t policy)
{
	bed_init(bed);
	bed->policy.natpmp = policy & 1;
	bed->policy.map = !(policy & 2);
	bed->policy.peer = !(policy & 4);
	bed->policy.prefer_failure = bed->policy.filter = !(policy & 8);
	bed->policy.port_set = !(policy & 16);
	bed->policy.replace_nonce = policy & 32;
	bed->model.quota = policy & 64 ? 2 : 40;
	if (policy & 128) {
		model_put(&bed->model, MODEL_STATIC, CGN_UDP, 80, 5400);
		model_put(&bed->model, MODEL_IMPLICIT, CGN_TCP, 80, 5401);
		model_put(&bed->model, MODEL_NATPMP, CGN_UDP, 81, 5402);
	}
}

static void
set_sender(struct bed *bed, uint8_t sender, uint8_t *payload, size_t len)
{
	bed_client(bed, sender & 3);
	bed->client.tenant = sender >> 2 & 1;
	bed->client.third_party = sender & 8;
	bed->client.port = sender & 16 ? 5351 : 40000;
	if (sender & 32)
		model_elapse(&bed->model, 100);
	if (sender & 64 && len >= 24) {
		memset(payload + 8, 0, 10);
		payload[18] = payload[19] = 0xff;
		put32(payload, 20, bed->client.addr);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bed bed;

	if (size < 1)
		return 0;
	set_up(&bed, data[0]);
	data++;
	size--;
	while (size >= 3) {
		uint8_t payload[MAX_LEN];
		size_t len = at16(data, 0) % MAX_LEN;

		len = len < size - 3 ? len : size - 3;
		memcpy(payload, data + 3, len);
		set_sender(&bed, data[2], payload, len);
		bed_send(&bed, payload, (uint32_t)len);
		data += 3 + len;
		size -= 3 + len;
	}
	return 0;
}
