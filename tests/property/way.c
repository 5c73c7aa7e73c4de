/* SPDX-License-Identifier: BSD-3-Clause */
/* Ways through the box; see way.h. Called by property tests. */
#include "way.h"

#include <stdio.h>
#include <stdlib.h>

static struct packet_spec
flow(uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	if (proto == 6)
		return packet_tcp(src, sport, dst, dport, 0x02);
	if (proto == 17)
		return packet_udp(src, sport, dst, dport);
	return packet_echo(src, dst, src != SIM_PEER, src != SIM_PEER ? sport : dport);
}

static const struct cgn_mapping *
mapping_of(struct cgn_sim *sim, uint8_t proto)
{
	struct packet_spec s = flow(proto, SIM_A1, 5000, SIM_PEER, 53);
	const struct cgn_mapping *m;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	m = cgn_sim_mapping(sim, "a", proto, SIM_A1, 5000);
	if (m == NULL) {
		fprintf(stderr, "way: no mapping\n");
		exit(1);
	}
	return m;
}

struct way
way_random(struct cgn_sim *sim, struct cgn_rand *prng, uint8_t proto)
{
	const struct cgn_mapping *m = mapping_of(sim, proto);
	uint32_t x = rte_be_to_cpu_32(m->outside_addr);
	uint16_t port = rte_be_to_cpu_16(m->outside_port);

	switch (cgn_rand_below(prng, 3)) {
	case 0:
		return (struct way){SIM_ACCESS, SIM_WAN, flow(proto, SIM_A1, 5000, SIM_PEER, 53)};
	case 1:
		return (struct way){SIM_WAN, SIM_ACCESS, flow(proto, SIM_PEER, 53, x, port)};
	default: /* a ping comes back to its sender only */
		return (struct way){SIM_ACCESS, SIM_ACCESS,
			flow(proto, proto == 1 ? SIM_A1 : SIM_A2, 5000, x, port)};
	}
}
