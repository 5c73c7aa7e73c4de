/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes IPFIX to standard output: the templates, then a message of one record of each kind, for
 * tshark_agrees. */
#include <stdio.h>

#include "ipfix.h"

static uint32_t sequence;

static void
put(struct cgn_ipfix_message *msg)
{
	cgn_ipfix_seal(msg, 1700000001, sequence, 7);
	sequence += msg->n_records;
	fwrite(msg->bytes, msg->len, 1, stdout);
	cgn_ipfix_begin(msg);
}

int
main(void)
{
	struct cgn_ipfix_message msg;

	cgn_ipfix_begin(&msg);
	cgn_ipfix_add_templates(&msg);
	put(&msg);
	for (int id = 0; id < CGN_N_NATLOGS; id++) {
		struct cgn_natlog_record r = {.id = (uint8_t)id,
			.utc_ms = UINT64_C(1700000000123),
			.value = 1000 + (uint64_t)id,
			.inside_addr = 0x6440000a,
			.outside_addr = 0xcb007111,
			.inside_port = 5000,
			.outside_port = 40000,
			.last_port = 40511,
			.proto = 6,
			.vrf = 22,
			.tenant = "isp"};

		if (cgn_natlogs[id].nat_event == 0 || !cgn_ipfix_add(&msg, &r))
			continue;
		put(&msg);
	}
	return 0;
}
