/* SPDX-License-Identifier: BSD-3-Clause */
/* See tcp_rig.h. */
#include "tcp_rig.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

enum { IP_AT = 14, TCP_AT = IP_AT + 20 };

struct cgn_sim *sim;
struct cgn_control *c;
uint32_t out_addr; /* the mapping's outside end */
uint16_t out_port;

void
start(const char *box, const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = 11});
	c = sim->box->control;
	cgn_sim_run(sim);
}

/* No record is left over. */
void
finish(void)
{
	cgn_sim_elapse_s(sim, 10);
	cr_assert_eq(
		c->tcp_sessions.n_used, c->tcp_sessions.capacity > 0 ? c->explicits.n_used : 0);
	cr_assert_eq(c->tcp_ending.held, 0);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

void
flush(void)
{
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
}

enum cgn_explicit_result
ask(enum cgn_explicit_origin origin, uint32_t subscriber, uint16_t port, uint32_t lifetime_s)
{
	struct cgn_explicit_ask a = {.origin = origin,
		.inside = cgn_directory_inside_find(c->dp->dir, 0, SIM_A1 + subscriber),
		.proto = CGN_TCP,
		.inside_port = port,
		.lifetime_s = lifetime_s,
		.nonce = {1},
		.n_ports = 1};
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	enum cgn_explicit_result result;
	uint32_t n;

	result = cgn_explicit_ops.ask(c, &a, answers, &n);
	if (lifetime_s > 0) {
		out_addr = answers[0].addr;
		out_port = answers[0].port;
	}
	return result;
}

void
map(uint32_t lifetime_s)
{
	cr_assert_eq(ask(CGN_EXPLICIT_NATPMP, 0, PORT, lifetime_s), CGN_EXPLICIT_OK);
}

/* NAT-PMP's delete, and all that follows from it. */
void
unmap(void)
{
	cr_assert_eq(ask(CGN_EXPLICIT_NATPMP, 0, PORT, 0), CGN_EXPLICIT_OK);
	cgn_sim_run(sim);
}

void
segment(uint16_t port, struct packet_spec s, uint32_t seq, uint32_t ack, uint16_t len)
{
	s.tcp_seq = seq;
	s.tcp_ack = ack;
	s.payload_len = len;
	cr_assert(cgn_sim_send_spec(sim, port, &s));
	cgn_sim_run(sim);
}

void
peer_sends(uint32_t peer, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
	segment(SIM_WAN, packet_tcp(peer, WEB, out_addr, out_port, flags), seq, ack, len);
}

void
inside_sends(uint32_t peer, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len)
{
	segment(SIM_ACCESS, packet_tcp(SIM_A1, PORT, peer, WEB, flags), seq, ack, len);
}

/* The peer connects; each side then has one byte's room of sequence numbers used. */
void
handshake(uint32_t peer)
{
	peer_sends(peer, SYN, ISN_PEER, 0, 0);
	inside_sends(peer, SYN | ACK, ISN_INSIDE, ISN_PEER + 1, 0);
	peer_sends(peer, ACK, ISN_PEER + 1, ISN_INSIDE + 1, 0);
}

/* And sends 100 bytes, answered with 300, each acknowledged: across the wrap of both numbers. */
void
talk(uint32_t peer)
{
	handshake(peer);
	peer_sends(peer, ACK, ISN_PEER + 1, ISN_INSIDE + 1, 100);
	inside_sends(peer, ACK, ISN_INSIDE + 1, ISN_PEER + 101, 300);
	peer_sends(peer, ACK, ISN_PEER + 101, ISN_INSIDE + 301, 0);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The next frame of the port is a reset with these numbers, whole and with right checksums. */
static void
expect_reset(uint16_t port, uint32_t src, uint32_t dst, uint32_t ports, uint32_t seq, uint32_t ack)
{
	struct cgn_sim_frame f;
	uint8_t mac[6];

	cr_assert(cgn_sim_receive(sim, port, &f));
	cgn_sim_host_mac(sim, port == SIM_WAN ? SIM_NEXT_HOP : SIM_A1, mac);
	cr_assert_arr_eq(f.bytes, mac, 6);
	cr_assert_arr_eq(f.bytes + 6, cgn_sim_port_mac(sim, port), 6);
	cr_assert_eq(f.bytes[IP_AT + 9], IPPROTO_TCP);
	cr_assert_eq(get32(f.bytes + IP_AT + 12), src);
	cr_assert_eq(get32(f.bytes + IP_AT + 16), dst);
	cr_assert_eq(get32(f.bytes + TCP_AT), ports);
	cr_assert_eq(f.bytes[TCP_AT + 13], RST | ACK);
	cr_assert_eq(get32(f.bytes + TCP_AT + 4), seq);
	cr_assert_eq(get32(f.bytes + TCP_AT + 8), ack);
	cr_assert(packet_ip_csum_is_right(f.bytes + IP_AT));
	cr_assert(packet_l4_csum_is_right(f.bytes + IP_AT));
}

void
expect_reset_inside(uint32_t peer, uint32_t seq, uint32_t ack)
{
	expect_reset(SIM_ACCESS, peer, SIM_A1, (uint32_t)WEB << 16 | PORT, seq, ack);
}

void
expect_reset_peer(uint32_t peer, uint32_t seq, uint32_t ack)
{
	expect_reset(SIM_WAN, out_addr, peer, (uint32_t)out_port << 16 | WEB, seq, ack);
}

void
expect_silence(void)
{
	cr_assert_eq(cgn_sim_n_waiting(sim, SIM_ACCESS), 0);
	cr_assert_eq(cgn_sim_n_waiting(sim, SIM_WAN), 0);
}

void
expect_both_resets_of_talk(void)
{
	expect_reset_inside(SIM_PEER, ISN_PEER + 101, ISN_INSIDE + 301);
	expect_reset_peer(SIM_PEER, ISN_INSIDE + 301, ISN_PEER + 101);
	expect_silence();
}

uint64_t
n_resets(void)
{
	return cgn_counter_read(&sim->box->workers[0].counters.originated[CGN_ORIG_TCP_RESET]);
}
