/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/tcp_end for connections between two subscribers (lib/datapath/hairpin.c). */
#include <criterion/criterion.h>

#include "tcp_rig.h"

TestSuite(tcp_end_hairpin, .fini = finish);

enum { A2_PORT = 7000 };

static uint32_t peer_addr; /* A2's outside end */
static uint16_t peer_port;

static void
a2_sends(uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
	segment(SIM_ACCESS, packet_tcp(SIM_A2, A2_PORT, out_addr, out_port, flags), seq, ack, len);
}

static void
a1_sends(uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
	segment(SIM_ACCESS, packet_tcp(SIM_A1, PORT, peer_addr, peer_port, flags), seq, ack, len);
}

/* A2 connects to A1's port, and both say something. */
static void
connect_a2(void)
{
	const struct cgn_mapping *m;

	a2_sends(SYN, ISN_PEER, 0, 0);
	m = cgn_sim_mapping(sim, "a", 6, SIM_A2, A2_PORT);
	cr_assert_not_null(m);
	peer_addr = rte_be_to_cpu_32(m->outside_addr);
	peer_port = rte_be_to_cpu_16(m->outside_port);
	a1_sends(SYN | ACK, ISN_INSIDE, ISN_PEER + 1, 0);
	a2_sends(ACK, ISN_PEER + 1, ISN_INSIDE + 1, 100);
	a1_sends(ACK, ISN_INSIDE + 1, ISN_PEER + 101, 300);
	a2_sends(ACK, ISN_PEER + 101, ISN_INSIDE + 301, 0);
	cr_assert_eq(cgn_sim_tenant_fate(sim, "a", "hairpin"), 5);
	flush();
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The next frame of the access port; ports and numbers as in the header. */
static void
expect_reset(uint32_t src, uint32_t dst, uint32_t ports, uint32_t seq, uint32_t ack)
{
	struct cgn_sim_frame f;
	const uint8_t *ip = f.bytes + 14, *tcp = ip + 20;

	cr_assert(cgn_sim_receive(sim, SIM_ACCESS, &f));
	cr_assert_eq(get32(ip + 12), src);
	cr_assert_eq(get32(ip + 16), dst);
	cr_assert_eq(get32(tcp), ports);
	cr_assert_eq(tcp[13], RST | ACK);
	cr_assert_eq(get32(tcp + 4), seq);
	cr_assert_eq(get32(tcp + 8), ack);
	cr_assert(packet_l4_csum_is_right(ip));
}

Test(tcp_end_hairpin, delete_resets_both_subscribers)
{
	start(NULL, NULL);
	map(3600);
	connect_a2();
	unmap();
	expect_reset(peer_addr, SIM_A1, (uint32_t)peer_port << 16 | PORT, ISN_PEER + 101,
		ISN_INSIDE + 301);
	expect_reset(out_addr, SIM_A2, (uint32_t)out_port << 16 | A2_PORT, ISN_INSIDE + 301,
		ISN_PEER + 101);
	expect_silence();
	cr_assert_eq(n_resets(), 2);
}

/* A reset that does not fit the connection does not shorten the life of A1's mapping. */
Test(tcp_end_hairpin, forged_reset_of_another_subscriber_changes_nothing)
{
	const struct cgn_mapping *m;
	uint32_t tcp;

	start(NULL, NULL);
	map(3600);
	connect_a2();
	m = cgn_sim_mapping(sim, "a", 6, SIM_A1, PORT);
	tcp = atomic_load(&m->tcp);
	a2_sends(RST, (uint32_t)ISN_PEER + 0x20000000, 0, 0);
	cr_assert_eq(atomic_load(&m->tcp), tcp);
	flush();
	unmap();
	cr_assert_eq(n_resets(), 2);
	flush();
}

/* Whose mapping has ended is not told any more: nobody has his port, or somebody else. */
Test(tcp_end_hairpin, subscriber_without_a_mapping_is_not_reset)
{
	struct cgn_mapping *m;
	uint32_t i;

	start(NULL, NULL);
	map(36000);
	connect_a2();
	m = (struct cgn_mapping *)(uintptr_t)cgn_sim_mapping(sim, "a", 6, SIM_A2, A2_PORT);
	i = (uint32_t)(m - cgn_table_at(c->table, 0));
	cgn_unlink(c, i);
	unmap();
	expect_reset(peer_addr, SIM_A1, (uint32_t)peer_port << 16 | PORT, ISN_PEER + 101,
		ISN_INSIDE + 301);
	expect_silence();
	cr_assert_eq(n_resets(), 1);
}
