/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of MSS clamping in the data path: which packets, whose limit. */
#include <criterion/criterion.h>

#include "sim.h"

#define MAX_1360 "nat: {mss_max: 1360}\n"
enum { SYN = 0x02, ACK = 0x10, UNTAGGED = 14 };

static const uint8_t mss_1460[] = {2, 4, 5, 0xb4};
static struct cgn_sim *sim;

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(mss, .fini = finish);

static void
start_with(const struct cgn_sim_params *params)
{
	cgn_sim_eal();
	sim = cgn_sim_create(params);
	cgn_sim_run(sim);
}

static struct packet_spec
segment(uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport, uint8_t flags)
{
	struct packet_spec s = packet_tcp(src, sport, dst, dport, flags);

	s.tcp_opts = mss_1460;
	s.tcp_opts_len = sizeof(mss_1460);
	return s;
}

/* Sends s and returns the MSS in the TCP segment that leaves by a port, with a right checksum; 0:
 * none leaves. off: where its IPv4 header starts. */
static uint32_t
mss_after(uint16_t in, const struct packet_spec *s, uint16_t out, uint32_t off)
{
	struct cgn_sim_frame f;

	cgn_sim_flush(sim, out);
	cgn_sim_send_spec(sim, in, s);
	cgn_sim_run(sim);
	while (cgn_sim_receive(sim, out, &f))
		if (f.bytes[off - 2] == 8 && f.bytes[off - 1] == 0 && f.bytes[off + 9] == 6) {
			cr_expect(packet_l4_csum_is_right(f.bytes + off));
			cr_assert_eq(f.bytes[off + 40], 2);
			return f.bytes[off + 42] * 256u + f.bytes[off + 43];
		}
	return 0;
}

/* From an outside host, or a subscriber, to the mapping of tenant a's A1. */
static struct packet_spec
to_a1(uint32_t src, uint16_t inside_port, uint8_t flags)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 6, SIM_A1, inside_port);

	cr_assert_not_null(m);
	return segment(src, 80, rte_be_to_cpu_32(m->outside_addr),
		rte_be_to_cpu_16(m->outside_port), flags);
}

Test(mss, syn_and_its_answer_are_clamped_in_both_directions)
{
	struct packet_spec out = segment(SIM_A1, 5000, (uint32_t)SIM_PEER, 80, SYN), in;

	start_with(&(struct cgn_sim_params){.a = MAX_1360, .seed = 3});
	cr_expect_eq(mss_after(SIM_ACCESS, &out, SIM_WAN, UNTAGGED), 1360, "also the first packet");
	cr_expect_eq(
		mss_after(SIM_ACCESS, &out, SIM_WAN, UNTAGGED), 1360, "and when it is repeated");
	in = to_a1((uint32_t)SIM_PEER, 5000, SYN | ACK);
	cr_expect_eq(mss_after(SIM_WAN, &in, SIM_ACCESS, UNTAGGED), 1360);
}

Test(mss, other_segments_are_left_alone)
{
	struct packet_spec syn = segment(SIM_A1, 5000, (uint32_t)SIM_PEER, 80, SYN), out = syn;

	start_with(&(struct cgn_sim_params){.a = MAX_1360, .seed = 3});
	cr_assert_eq(mss_after(SIM_ACCESS, &syn, SIM_WAN, UNTAGGED), 1360);
	out.tcp_flags = ACK;
	cr_expect_eq(mss_after(SIM_ACCESS, &out, SIM_WAN, UNTAGGED), 1460);
}

Test(mss, only_the_tenant_that_asks_for_it_has_it)
{
	struct packet_spec a = segment(SIM_A1, 5000, (uint32_t)SIM_PEER, 80, SYN), b = a;

	b.n_tags = 1;
	b.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	start_with(&(struct cgn_sim_params){.b = MAX_1360, .seed = 3});
	cr_expect_eq(mss_after(SIM_ACCESS, &a, SIM_WAN, UNTAGGED), 1460, "off by default");
	cr_expect_eq(mss_after(SIM_TRUNK, &b, SIM_WAN, UNTAGGED), 1360);
}

/* A hairpinned SYN is both tenants' affair: the smaller limit holds. */
Test(mss, hairpins_get_the_limits_of_both_tenants)
{
	struct packet_spec open = segment(SIM_A1, 5000, (uint32_t)SIM_PEER, 80, SYN), hairpin;

	start_with(
		&(struct cgn_sim_params){.a = MAX_1360, .b = "nat: {mss_max: 1240}\n", .seed = 3});
	cr_assert_eq(mss_after(SIM_ACCESS, &open, SIM_WAN, UNTAGGED), 1360);
	hairpin = to_a1(SIM_A2, 5000, SYN);
	cr_expect_eq(mss_after(SIM_ACCESS, &hairpin, SIM_ACCESS, UNTAGGED), 1360);
	hairpin.n_tags = 1;
	hairpin.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	hairpin.src = SIM_B1;
	cr_expect_eq(mss_after(SIM_TRUNK, &hairpin, SIM_ACCESS, UNTAGGED), 1240);
}

Test(mss, reload_changes_it_for_connections_from_then_on)
{
	struct packet_spec out = segment(SIM_A1, 5000, (uint32_t)SIM_PEER, 80, SYN);
	struct cgn_errmsg err;

	start_with(&(struct cgn_sim_params){.seed = 3});
	cr_assert_eq(mss_after(SIM_ACCESS, &out, SIM_WAN, UNTAGGED), 1460);
	cr_assert_eq(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = MAX_1360}, &err), 0);
	cr_expect_eq(mss_after(SIM_ACCESS, &out, SIM_WAN, UNTAGGED), 1360);
}
