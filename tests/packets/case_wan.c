/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sweeps over NAT-PMP and PCP from outside (SEED-1 to 5, PMP-19, PCP-01, ADV-02 to 08, ADV-11):
 * every version and opcode, every length, every pair of forged source and destination, every shape.
 * Each frame is dropped as WAN NAT-PMP, nothing is answered, no mapping is made or changed; while
 * both protocols are served to every tenant.
 */
#include <string.h>

#include "case.h"

/* Sends one frame from outside and runs; true when it was dropped for what it is, in silence. */
static bool
is_quiet(struct cgn_sim *sim, const struct packet_spec *s)
{
	uint64_t was = cgn_sim_fate(sim, "wan_natpmp");
	uint32_t n_mappings = cgn_sim_n_mappings(sim), n = 0;

	cgn_sim_send_spec(sim, SIM_WAN, s);
	cgn_sim_run(sim);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		n += cgn_sim_n_waiting(sim, p);
	return CHECK(n == 0) && CHECK(cgn_sim_fate(sim, "wan_natpmp") == was + 1) &&
		CHECK(cgn_sim_n_mappings(sim) == n_mappings);
}

/* The announcements after a start last 128 s; nothing else is to come out of the box. */
static void
forget(struct cgn_sim *sim)
{
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
}

/* A box that serves NAT-PMP and PCP, with a live mapping, so that there is something to hit. */
static struct cgn_sim *
create(void)
{
	static const char on[] = "portctl: {natpmp: true, pcp: true}\n";
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = on, .b = on, .c = on});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	cgn_sim_elapse_s(sim, 130);
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	forget(sim);
	return sim;
}

static bool
every_opcode(void)
{
	struct cgn_sim *sim = create();
	uint8_t request[60] = {0};
	bool ok = true;

	for (unsigned int version = 0; version < 4 && ok; version++)
		for (unsigned int op = 0; op < 256 && ok; op++) {
			struct packet_spec s = packet_udp(SIM_PEER, 5000, SIM_UPLINK, 5351);

			request[0] = (uint8_t)version;
			request[1] = (uint8_t)op;
			s.payload = request;
			s.payload_len = version == 0 ? 12 : sizeof(request);
			ok = is_quiet(sim, &s);
		}
	return end(sim, ok);
}

static bool
every_length(void)
{
	struct cgn_sim *sim = create();
	bool ok = true;

	for (uint16_t len = 0; len <= 1100 && ok; len++) {
		struct packet_spec s = packet_udp(SIM_PEER, 5000, SIM_POOL_A, 5351);

		s.payload_len = len;
		s.pad_to = 60;
		ok = is_quiet(sim, &s);
	}
	return end(sim, ok);
}

/* 1: as is; then tags, options, fragment, broken lengths and checksums, group frames. */
static void
shape(struct packet_spec *s, unsigned int number)
{
	static const uint8_t lsrr[] = {131, 7, 4, 100, 64, 0, 10, 0};
	static const uint8_t group[] = {0x01, 0, 0x5e, 0, 0, 1};

	s->n_tags = (uint8_t)(number % 3);
	s->tags[0] = s->n_tags == 2 ? (struct packet_tag){0x88a8, 200}
				    : (struct packet_tag){0x8100, 102};
	s->tags[1] = (struct packet_tag){0x8100, 7};
	if (number / 3 % 2)
		memcpy(s->dst_mac, group, 6);
	switch (number / 6) {
	case 1:
		s->opts = lsrr;
		s->opts_len = sizeof(lsrr);
		break;
	case 2:
		s->frag = PACKET_MF;
		break;
	case 3:
		s->udp_no_csum = true;
		break;
	case 4:
		s->l4_csum_xor = 0x5a5a;
		break;
	case 5:
		s->udp_len_add = -20;
		break;
	case 6:
		s->ip_len_add = 300;
		break;
	case 7:
		s->ttl = 1;
		break;
	default:
		break;
	}
}

static bool
every_pair_and_shape(void)
{
	static const uint32_t addrs[] = {SIM_PEER, SIM_A1, SIM_GATEWAY, SIM_UPLINK, SIM_NEXT_HOP,
		SIM_POOL_A, SIM_POOL_B, SIM_POOL_C, 0, 0x7f000001, 0xe0000001, 0xffffffff,
		0xc63364ff, 0x6442000a};
	enum { N = sizeof(addrs) / sizeof(addrs[0]), N_SHAPES = 48 };
	struct cgn_sim *sim = create();
	bool ok = true;

	for (unsigned int i = 0; i < N * N * N_SHAPES && ok; i++) {
		struct packet_spec s = packet_udp(addrs[i % N],
			(uint16_t)(i % 7 == 0 ? 5351 : 5000), addrs[i / N % N],
			i % 2 ? 5350 : 5351);

		shape(&s, i / (N * N));
		ok = is_quiet(sim, &s);
	}
	return end(sim, ok);
}

static bool
counted_for_its_tenant(void)
{
	struct cgn_sim *sim = create();
	bool ok = true;

	for (uint32_t i = 0; i < 33 && ok; i++) {
		struct packet_spec s = packet_udp(SIM_PEER, 5000, SIM_POOL_A + i, 5351);

		ok = is_quiet(sim, &s);
	}
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", "wan_natpmp") == 16);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "b", "wan_natpmp") == 16);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "c", "wan_natpmp") == 1);
	return end(sim, ok);
}

/* Every IP protocol and every fragment offset of a datagram that would be a request. */
static bool
no_fragment_gets_in(void)
{
	struct cgn_sim *sim = create();
	bool ok = true;

	for (uint32_t off = 1; off < 0x2000 && ok; off += 7) {
		struct packet_spec s = packet_udp(SIM_A1, 5351, SIM_UPLINK, 5351);

		s.frag = (uint16_t)(off | (off % 2 ? PACKET_MF : 0));
		s.src = off % 3 ? SIM_PEER : SIM_A1;
		s.dst = off % 5 ? SIM_UPLINK : SIM_POOL_A;
		cgn_sim_send_spec(sim, SIM_WAN, &s);
		cgn_sim_run(sim);
		ok = CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) + cgn_sim_n_waiting(sim, SIM_TRUNK) +
				cgn_sim_n_waiting(sim, SIM_WAN) ==
			0);
	}
	ok &= CHECK(cgn_sim_n_mappings(sim) == 1);
	return end(sim, ok);
}

const struct row_case row_cases_wan[] = {
	{"every_version_and_opcode_from_outside_is_quiet", CGN_FATE_WAN_NATPMP, every_opcode},
	{"every_length_from_outside_is_quiet", CGN_FATE_WAN_NATPMP, every_length},
	{"every_forged_pair_in_every_shape_is_quiet", CGN_FATE_WAN_NATPMP, every_pair_and_shape},
	{"request_to_each_pool_address_counts_for_its_tenant", CGN_FATE_WAN_NATPMP,
		counted_for_its_tenant},
	{"no_later_fragment_from_outside_gets_in", CGN_FATE_NONE, no_fragment_gets_in},
};
const uint32_t row_n_cases_wan = sizeof(row_cases_wan) / sizeof(row_cases_wan[0]);
