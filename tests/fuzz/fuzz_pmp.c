/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of lib/portctl as a NAT-PMP server: any datagrams from four clients, with the model
 * NAT behind it. The rules for all answers are checked in exchange_check.c.
 *
 * Input: a byte of policy, then records of a length, a byte about the sender, and that many bytes
 * of payload; length 255 stands for the rest of the input, stretched with zeros beyond 1100.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exchange.h"
#include "fuzz.h"

enum { STRETCHED = 255, STRETCHED_LEN = 1104 };

static void
set_up(struct bed *bed, uint8_t policy)
{
	bed_init(bed);
	bed->policy.pcp = policy & 1;
	bed->policy.natpmp = !(policy & 2);
	bed->model.has_address = !(policy & 4);
	bed->model.quota = policy & 8 ? 2 : 40;
	if (policy & 16)
		bed->model.last_port = (uint16_t)(bed->model.first_port + 2);
	if (policy & 32)
		model_put(&bed->model, MODEL_STATIC, CGN_UDP, 80, 5400);
	if (policy & 64)
		model_put(&bed->model, MODEL_IMPLICIT, CGN_TCP, 80, 5401);
	if (policy & 128)
		model_put(&bed->model, MODEL_PCP_MAP, CGN_UDP, 81, 5402);
}

static void
set_sender(struct bed *bed, uint8_t sender)
{
	static const uint16_t ports[] = {40000, 0, 5350, 5351};

	bed_client(bed, sender & 3);
	bed->client.tenant = sender >> 2 & 1;
	bed->client.port = ports[sender >> 3 & 3];
	if (sender & 32)
		model_elapse(&bed->model, sender);
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
	while (size >= 2) {
		uint8_t payload[STRETCHED_LEN] = {0};
		size_t len = data[0] < size - 2 ? data[0] : size - 2;
		bool is_long = data[0] == STRETCHED;

		set_sender(&bed, data[1]);
		memcpy(payload, data + 2, len);
		bed_send(&bed, payload, is_long ? STRETCHED_LEN : (uint32_t)len);
		data += 2 + len;
		size -= 2 + len;
	}
	return 0;
}
