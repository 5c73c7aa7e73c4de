/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/refuse: who can use up the ICMP errors of the box, and for whom. */
#include <criterion/criterion.h>

#include "sim.h"

static struct cgn_sim *sim;

static void
finish(void)
{
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(refuse, .fini = finish);

static void
start(const char *box)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .seed = 3});
	cgn_sim_run(sim);
}

static const char few[] = "icmp: {errors_per_s: 20, burst: 20}\n"
			  "punt: {local_per_s: 1000, local_burst: 200}\n";

/* ICMP errors that came out of a port after n copies of a packet into it; time stands still. */
static uint32_t
errors_for(uint16_t port, const struct packet_spec *spec, uint32_t n)
{
	struct cgn_sim_frame f;
	uint32_t errors = 0;

	for (uint32_t i = 0; i < n; i++) {
		cgn_sim_send_spec(sim, port, spec);
		if (i % 32 == 31)
			cgn_sim_run(sim);
	}
	cgn_sim_run(sim);
	while (cgn_sim_receive(sim, port, &f)) {
		uint32_t off = 14 + 4u * spec->n_tags;

		errors += f.len > off + 28 && f.bytes[off + 9] == 1 && f.bytes[off + 20] == 11;
	}
	return errors;
}

static struct packet_spec
with_tag(struct packet_spec s, uint16_t vid)
{
	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = vid};
	return s;
}

/* From inside, without a hop left. */
static struct packet_spec
expiring(uint32_t src)
{
	struct packet_spec s = packet_udp(src, 5000, SIM_PEER, 53);

	s.ttl = 1;
	return s;
}

/* From outside to the mapping of an inside host, without a hop left. */
static struct packet_spec
expiring_to(const char *tenant, uint16_t port, const struct packet_spec *opens)
{
	const struct cgn_mapping *m;
	struct packet_spec s;

	cgn_sim_send_spec(sim, port, opens);
	cgn_sim_run(sim);
	m = cgn_sim_mapping(sim, tenant, 17, opens->src, opens->sport);
	cr_assert_not_null(m);
	s = packet_udp(
		SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port));
	s.ttl = 1;
	cgn_sim_flush(sim, SIM_WAN);
	return s;
}

Test(refuse, a_tenant_cannot_use_up_anothers_errors)
{
	struct packet_spec a = expiring(SIM_A1), b = with_tag(expiring(SIM_B1), 102);

	start(few);
	cr_assert_leq(errors_for(SIM_ACCESS, &a, 200), 11);
	cr_assert_eq(errors_for(SIM_TRUNK, &b, 1), 1);
}

Test(refuse, an_attachment_cannot_use_up_anothers_errors)
{
	struct packet_spec a = expiring(SIM_A1), other = with_tag(expiring(0x6441000a), 101);

	start(few);
	cr_assert_leq(errors_for(SIM_ACCESS, &a, 200), 11);
	cr_assert_eq(errors_for(SIM_TRUNK, &other, 1), 1);
}

Test(refuse, the_outside_cannot_use_up_the_errors_of_subscribers)
{
	struct packet_spec a = packet_udp(SIM_A1, 5000, SIM_PEER, 53), in, out = expiring(SIM_A1);

	start(few);
	in = expiring_to("a", SIM_ACCESS, &a);
	cr_assert_leq(errors_for(SIM_WAN, &in, 200), 11);
	cr_assert_eq(errors_for(SIM_ACCESS, &out, 1), 1);
}

/* On the uplink they share the way to control as well. */
Test(refuse, packets_to_one_tenant_do_not_use_up_the_errors_about_anothers)
{
	struct packet_spec a = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct packet_spec b = with_tag(packet_udp(SIM_B1, 5000, SIM_PEER, 53), 102), to_a, to_b;

	start("icmp: {errors_per_s: 20, burst: 20}\npunt: {local_per_s: 10, local_burst: 20}\n");
	to_a = expiring_to("a", SIM_ACCESS, &a);
	to_b = expiring_to("b", SIM_TRUNK, &b);
	cr_assert_leq(errors_for(SIM_WAN, &to_a, 200), 11);
	cr_assert_eq(errors_for(SIM_WAN, &to_b, 1), 1);
}

/* Half of the rate is common, the rest is divided: by three attachments of a, one of b, one of c
 * there are eight shares. */
Test(refuse, the_box_as_a_whole_keeps_its_rate)
{
	struct packet_spec a = expiring(SIM_A1), b = with_tag(expiring(SIM_B1), 102);
	struct packet_spec other = with_tag(expiring(0x6441000a), 101);
	uint32_t n = 0;

	start("icmp: {errors_per_s: 160, burst: 16}\n");
	for (int ms = 0; ms < 10000; ms += 10) {
		n += errors_for(SIM_ACCESS, &a, 8);
		n += errors_for(SIM_TRUNK, &b, 8);
		n += errors_for(SIM_TRUNK, &other, 8);
		cgn_sim_jump_ms(sim, 10);
	}
	cr_assert_leq(n, 160 * 10 + 16);
	/* Three of eight shares of one half, and the other half. */
	cr_assert_geq(n, 80 * 10 + 3 * 10 * 10 - 10);
}

Test(refuse, a_single_tenant_has_more_than_its_share)
{
	struct packet_spec a = expiring(SIM_A1);
	uint32_t n = 0;

	start("icmp: {errors_per_s: 160, burst: 16}\n");
	for (int ms = 0; ms < 10000; ms += 10) {
		n += errors_for(SIM_ACCESS, &a, 8);
		cgn_sim_jump_ms(sim, 10);
	}
	cr_assert_geq(n, 80 * 10);
	cr_assert_leq(n, 90 * 10 + 16);
}
