/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/nat/tcp_session: which sessions have a slot, and which numbers count. What is sent
 * from them is in tests/unit/control/test_tcp_end.c.
 */
#include "tcp_session.h"

#include <criterion/criterion.h>
#include <rte_tcp.h>

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10, L3 = 14, L4 = L3 + 20, N_SLOTS = 16 };

static struct cgn_tcp_session_pool pool;
static struct cgn_mapping m;
static uint32_t now_s;

static void
start(void)
{
	cr_assert_eq(cgn_tcp_sessions_init(&pool, 2, N_SLOTS, 0), 0);
	m = (struct cgn_mapping){.proto = CGN_TCP, .sessions = cgn_tcp_sessions_take(&pool, 0)};
	now_s = 1000;
}

static void
finish(void)
{
	cgn_tcp_sessions_fini(&pool);
}

TestSuite(tcp_session, .init = start, .fini = finish);

static bool
note(enum cgn_dir dir, uint32_t peer, uint8_t flags, uint32_t seq, uint32_t ack)
{
	uint8_t frame[L4 + sizeof(struct rte_tcp_hdr)] = {0};
	struct rte_tcp_hdr tcp = {.sent_seq = rte_cpu_to_be_32(seq),
		.recv_ack = rte_cpu_to_be_32(ack),
		.data_off = 0x50,
		.tcp_flags = flags};
	struct cgn_pkt pkt = {.l3_off = L3, .l4_off = L4, .ip_len = 40, .tcp_flags = flags};

	if (dir == CGN_IN2OUT)
		pkt.dst = rte_cpu_to_be_32(peer), pkt.dport = RTE_BE16(443);
	else
		pkt.src = rte_cpu_to_be_32(peer), pkt.sport = RTE_BE16(443);
	memcpy(frame + L4, &tcp, sizeof(tcp));
	return cgn_tcp_sessions_note(&pool, &m, &pkt, frame, dir, now_s);
}

/* The peer connects; numbers are 100 and 200 after it. */
static void
connect_peer(uint32_t peer)
{
	note(CGN_OUT2IN, peer, SYN, 199, 0);
	note(CGN_IN2OUT, peer, SYN | ACK, 99, 200);
	note(CGN_OUT2IN, peer, ACK, 200, 100);
}

static struct cgn_tcp_sessions
record(void)
{
	return cgn_tcp_sessions_at(&pool, m.sessions);
}

static uint32_t
n_live(void)
{
	const struct cgn_tcp_sessions t = record();

	return cgn_tcp_sessions_n_live(&t);
}

static bool
is_live(uint32_t peer)
{
	struct cgn_tcp_live live;

	for (uint32_t k = 0; k < N_SLOTS; k++)
		if (cgn_tcp_session_is_live(&record().at[k], &live) &&
			live.peer == rte_cpu_to_be_32(peer) && live.port == RTE_BE16(443))
			return true;
	return false;
}

static uint32_t
n_slots(void)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < N_SLOTS; k++)
		n += record().at[k].who != 0;
	return n;
}

Test(tcp_session, records_run_out_and_come_back_empty)
{
	uint32_t other = cgn_tcp_sessions_take(&pool, 0);

	cr_assert_neq(other, 0);
	cr_assert_neq(other, m.sessions);
	cr_assert_eq(cgn_tcp_sessions_take(&pool, 0), 0);
	connect_peer(1);
	cr_assert_eq(n_live(), 1);
	cgn_tcp_sessions_free(&pool, m.sessions);
	cr_assert_eq(cgn_tcp_sessions_take(&pool, 0), m.sessions);
	cr_assert_eq(n_slots(), 0);
	cr_assert_eq(pool.n_used, 2);
}

Test(tcp_session, pool_of_none_gives_none)
{
	struct cgn_tcp_session_pool none;

	memset(&none, 0, sizeof(none));
	cr_assert_eq(cgn_tcp_sessions_init(&none, 0, N_SLOTS, 0), 0);
	cr_assert_eq(cgn_tcp_sessions_take(&none, 0), 0);
	cgn_tcp_sessions_fini(&none);
}

Test(tcp_session, mapping_without_a_record_accepts_everything)
{
	m.sessions = 0;
	cr_assert(note(CGN_OUT2IN, 1, RST, 5, 0));
	cr_assert(note(CGN_IN2OUT, 1, SYN, 5, 0));
}

Test(tcp_session, segments_from_outside_take_no_slot)
{
	static const uint8_t flags[] = {SYN, ACK, SYN | ACK, FIN | ACK, RST, RST | ACK};

	for (uint32_t k = 0; k < 1000; k++)
		cr_assert(note(CGN_OUT2IN, k, flags[k % sizeof(flags)], k, k));
	cr_assert_eq(n_slots(), 0);
}

Test(tcp_session, session_is_live_once_both_have_confirmed)
{
	note(CGN_OUT2IN, 1, SYN, 199, 0);
	note(CGN_IN2OUT, 1, SYN | ACK, 99, 200);
	cr_assert_eq(n_live(), 0);
	note(CGN_OUT2IN, 1, ACK, 200, 99 - 70000); /* confirms nothing that was sent */
	note(CGN_OUT2IN, 1, ACK, 200, 101);
	cr_assert_eq(n_live(), 0);
	note(CGN_OUT2IN, 1, ACK, 200, 100);
	cr_assert_eq(n_live(), 1);
}

/* A mapping that was there before it was asked for: its connections show themselves by traffic. */
Test(tcp_session, session_is_picked_up_in_the_middle)
{
	note(CGN_OUT2IN, 1, ACK, 7000, 3000);
	note(CGN_IN2OUT, 1, ACK, 3000, 7000);
	cr_assert_eq(n_live(), 0);
	note(CGN_OUT2IN, 1, ACK, 7000, 3000);
	cr_assert_eq(n_live(), 1);
}

Test(tcp_session, ended_gives_way_before_half_open_before_idle)
{
	for (uint32_t p = 0; p < N_SLOTS - 2; p++)
		connect_peer(p);
	note(CGN_IN2OUT, 100, SYN | ACK, 1, 1);
	connect_peer(101);
	note(CGN_IN2OUT, 101, RST, 100, 0);
	now_s += CGN_TCP_SESSION_YIELD_S;
	connect_peer(1);
	connect_peer(200); /* in the place of 101 */
	cr_assert_eq(n_slots(), N_SLOTS);
	cr_assert_eq(n_live(), N_SLOTS - 1);
	connect_peer(201); /* in the place of 100 */
	cr_assert_eq(n_live(), N_SLOTS);
	connect_peer(202); /* a SYN displaces nobody */
	cr_assert_not(is_live(202));
	note(CGN_IN2OUT, 202, ACK, 100, 200); /* data does */
	note(CGN_OUT2IN, 202, ACK, 200, 100);
	cr_assert(is_live(202));
	cr_assert_not(is_live(0));
	cr_assert(is_live(1));
}

/* quota.tcp_sessions: fewer slots than there is room for, and never more. */
Test(tcp_session, limit_of_sessions_holds)
{
	m.sessions = cgn_tcp_sessions_take(&pool, 2);
	cr_assert_eq(record().n, 2);
	for (uint32_t p = 0; p < N_SLOTS; p++)
		connect_peer(p);
	cr_assert_eq(n_slots(), 2);
	cr_assert_eq(n_live(), 2);
	cr_assert(is_live(0));
	cgn_tcp_sessions_free(&pool, m.sessions);
	m.sessions = cgn_tcp_sessions_take(&pool, N_SLOTS + 1);
	cr_assert_eq(record().n, N_SLOTS);
	cr_assert_eq(cgn_tcp_sessions_bytes(&pool), 3 * (N_SLOTS * 32 + 24));
}

Test(tcp_session, busy_sessions_do_not_give_way)
{
	for (uint32_t p = 0; p < N_SLOTS; p++)
		connect_peer(p);
	now_s += CGN_TCP_SESSION_YIELD_S - 1;
	note(CGN_IN2OUT, 99, ACK, 100, 200);
	note(CGN_OUT2IN, 99, ACK, 200, 100);
	cr_assert_not(is_live(99));
	cr_assert_eq(n_live(), N_SLOTS);
}

/* RFC 9293 section 3.10.7.3: before it is established, a RST proves itself by what it confirms. */
Test(tcp_session, refusal_of_a_syn_ends_the_session)
{
	note(CGN_IN2OUT, 1, SYN, 99, 0);
	cr_assert_not(note(CGN_OUT2IN, 1, RST | ACK, 0, 5000000));
	cr_assert_not(note(CGN_OUT2IN, 1, RST, 0, 0));
	cr_assert(note(CGN_OUT2IN, 1, RST | ACK, 0, 100));
}

Test(tcp_session, rst_and_fin_count_within_the_window_only)
{
	connect_peer(1);
	cr_assert_not(note(CGN_OUT2IN, 1, RST, 199, 0));
	cr_assert_not(note(CGN_OUT2IN, 1, RST, 200 + CGN_TCP_SESSION_WINDOW, 0));
	cr_assert_not(note(CGN_OUT2IN, 1, FIN | ACK, 200 + CGN_TCP_SESSION_WINDOW, 100));
	cr_assert_eq(n_live(), 1);
	cr_assert(note(CGN_OUT2IN, 1, RST, 200 + CGN_TCP_SESSION_WINDOW - 1, 0));
	cr_assert_eq(n_live(), 0);
}
