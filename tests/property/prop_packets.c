/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random packets both ways through a whole box while time moves: every packet has one fate, none
 * shows an inside address outside, what comes in goes to whom the mapping says, and after all is
 * over the box is as it was made.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "sim.h"

enum { N_BURSTS = 16000, BURST = 16, AUDIT_EVERY = 500, N_HOSTS = 40 };

static struct cgn_sim *sim;
static struct cgn_rand prng;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "prop_packets: %s\n", what);
	cgn_sim_dump(sim, stderr);
	exit(1);
}

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

static uint8_t
random_flags(void)
{
	static const uint8_t flags[] = {0x02, 0x02, 0x02, 0x12, 0x10, 0x10, 0x11, 0x04, 0x14, 0x18};

	return flags[below(sizeof(flags))];
}

/* Of a protocol without ports; in fragments at times. */
static struct packet_spec
other_flow(uint32_t src, uint32_t dst)
{
	static const uint8_t protos[] = {47, 50, 50, 132, 4};
	struct packet_spec s = packet_udp(src, 0, dst, 0);

	s.proto = protos[below(sizeof(protos))];
	s.frag = below(4) == 0 ? (uint16_t)(PACKET_MF | below(3)) : 0;
	return s;
}

static struct packet_spec
random_flow(uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport)
{
	if (below(10) == 0)
		return other_flow(src, dst);
	switch (below(3)) {
	case 0:
		return packet_udp(src, sport, dst, dport);
	case 1:
		return packet_tcp(src, sport, dst, dport, random_flags());
	default:
		return packet_echo(src, dst, below(8) != 0, sport);
	}
}

/* Something is broken or odd in one frame of ten. */
static void
spoil(struct packet_spec *s)
{
	switch (below(60)) {
	case 0:
		s->ttl = (uint8_t)below(3);
		break;
	case 1:
		s->frag = (uint16_t)below(65536);
		break;
	case 2:
		s->cut_to = (uint16_t)(1 + below(60));
		break;
	case 3:
		s->ip_csum_xor = 1;
		break;
	case 4:
		s->src += 0x01000000;
		break;
	case 5:
		s->ip_len_add = (int16_t)(below(200) - 100);
		break;
	default:
		break;
	}
}

/* A mapping that lives or that did; or, when a few tries find none, an empty entry. */
static const struct cgn_mapping *
random_mapping(void)
{
	const struct cgn_table *t = sim->box->dp.table;
	const struct cgn_mapping *m = cgn_table_at(t, 1 + below(t->capacity));

	for (int i = 0; i < 8 && m->outside_addr == 0; i++)
		m = cgn_table_at(t, 1 + below(t->capacity));
	return m;
}

static void
send_inside(void)
{
	uint32_t host = SIM_A1 + below(N_HOSTS);
	struct packet_spec s = random_flow(host, (uint32_t)SIM_PEER + below(3),
		(uint16_t)(2000 + below(60)), (uint16_t)below(100));
	const struct cgn_mapping *m = random_mapping();
	bool tagged = below(3) == 0;

	if (below(4) == 0 && m->outside_addr != 0) { /* a hairpin */
		s.dst = rte_be_to_cpu_32(m->outside_addr);
		s.dport = rte_be_to_cpu_16(m->outside_port);
	}
	if (tagged) {
		s.n_tags = 1;
		s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	}
	spoil(&s);
	cgn_sim_send_spec(sim, tagged ? SIM_TRUNK : SIM_ACCESS, &s);
}

/* To a live mapping mostly, else to any pool port. */
static void
send_outside(void)
{
	const struct cgn_mapping *m = random_mapping();
	uint32_t dst = (uint32_t)SIM_POOL_A + below(40);
	uint16_t port = (uint16_t)below(65536);
	struct packet_spec s;

	if (m->outside_addr != 0) {
		dst = rte_be_to_cpu_32(m->outside_addr);
		port = rte_be_to_cpu_16(m->outside_port);
	}
	s = random_flow((uint32_t)SIM_PEER + below(3), dst, (uint16_t)below(100), port);
	if (s.proto == 1)
		s = packet_echo((uint32_t)SIM_PEER, dst, false, port);
	if (m->proto == CGN_OTHER && below(2) != 0)
		s = other_flow(rte_be_to_cpu_32(m->remote), dst);
	spoil(&s);
	cgn_sim_send_spec(sim, SIM_WAN, &s);
}

static struct packet_spec
flow_of(uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	if (proto == CGN_TCP)
		return packet_tcp(src, sport, dst, dport, random_flags());
	if (proto == CGN_UDP)
		return packet_udp(src, sport, dst, dport);
	if (proto == CGN_OTHER)
		return other_flow(src, dst);
	return packet_echo(src, dst, below(2) != 0, sport);
}

/* An ICMP error about a packet of a mapping, from either side or as a hairpin; often cut. */
static void
send_error(void)
{
	static const uint8_t types[] = {3, 3, 3, 11, 11, 12, 4, 5};
	const struct cgn_mapping *m = random_mapping(), *n = random_mapping();
	uint32_t in = rte_be_to_cpu_32(m->inside_addr), peer = SIM_PEER + below(3);
	uint32_t out = rte_be_to_cpu_32(m->outside_addr);
	uint16_t in_port = rte_be_to_cpu_16(m->inside_port), peer_port = (uint16_t)below(100);
	bool inside = below(2) != 0, tagged = m->tenant == 1;
	uint8_t quoted[PACKET_MAX];
	struct packet_spec s, q;
	uint32_t len;

	if (m->outside_addr == 0)
		return;
	if (inside && n->outside_addr != 0 && below(2) != 0) {
		peer = rte_be_to_cpu_32(n->outside_addr);
		peer_port = rte_be_to_cpu_16(n->outside_port);
	}
	s = packet_icmp(inside ? in : peer + below(4), inside ? peer : out,
		types[below(sizeof(types))], (uint8_t)below(5));
	q = inside
		? flow_of(m->proto, peer, m->proto == CGN_ICMP ? in_port : peer_port, in, in_port)
		: flow_of(m->proto, out, rte_be_to_cpu_16(m->outside_port), peer, peer_port);
	spoil(&q);
	q.cut_to = 0;
	len = packet_build(&q, quoted) - 14;
	if (below(2) != 0)
		len = below(len + 1);
	s.payload = quoted + 14;
	s.payload_len = (uint16_t)len;
	spoil(&s);
	if (inside && tagged) {
		s.n_tags = 1;
		s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	}
	cgn_sim_send_spec(sim, !inside ? SIM_WAN : tagged ? SIM_TRUNK : SIM_ACCESS, &s);
}

/* What went in must come out as the tables say: a subscriber's frame has a subscriber's address. */
static void
check_received(void)
{
	struct cgn_sim_frame f;

	while (cgn_sim_receive(sim, SIM_WAN, &f))
		must(f.len >= 14, "short frame outside");
	for (uint16_t port = SIM_ACCESS; port <= SIM_TRUNK; port++)
		while (cgn_sim_receive(sim, port, &f)) {
			uint32_t off = port == SIM_TRUNK ? 18 : 14, dst;

			if (f.len < off + 20 || f.bytes[off - 2] != 8 || f.bytes[off - 1] != 0)
				continue;
			memcpy(&dst, f.bytes + off + 16, sizeof(dst));
			dst = rte_be_to_cpu_32(dst);
			if (dst == UINT32_C(0xe0000001))
				continue; /* announcement of PCP to all hosts of the link */
			must(dst >> 16 == 0x6440 || dst >> 16 == 0x6441, "frame for nobody inside");
		}
}

int
main(void)
{
	uint64_t seed = audit_seed("prop_packets");

	cgn_rand_init(&prng, seed | 1);
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = seed | 1,
		.n_workers = 2,
		.a = "ports: {first: 4096, last: 6143, block_size: 64, max_blocks: 3}\n"
		     "nat: {tcp_loose: true, protocols: [gre, esp]}\n",
		.box = "table: {mappings: 16384, shards: 2, contacts: 3000}\n",
		.b = "nat: {filtering: address_and_port_dependent, protocols: [sctp, gre], rules: "
		     "[{name: low, protocol: tcp, ports: [1-30, 50], filtering: "
		     "address_dependent}]}\nalg: {ftp: true}\n"
		     "quota: {subscriber: {mapping_contacts: 2, contacts: 200}}\n"
		     "pool: [203.0.113.32/31]\nports: {block_size: 512, max_blocks: 2}\n"});
	for (uint32_t i = 0; i < N_BURSTS; i++) {
		for (int k = 0; k < BURST; k++)
			if (below(8) == 0)
				send_error();
			else if (below(5) < 3)
				send_inside();
			else
				send_outside();
		if (below(400) == 0)
			cgn_sim_jump_s(sim, 1 + below(300));
		else
			cgn_sim_jump_ms(sim, below(200));
		check_received();
		must(cgn_sim_is_sound(sim), "the law is broken");
		if (i % AUDIT_EVERY == 0)
			must(audit_is_sound(sim->box), "the audit failed");
	}
	cgn_sim_dump(sim, stdout);
	must(cgn_sim_fate(sim, "no_contact") > 1000 &&
			cgn_sim_fate(sim, "quota_mapping_contacts") > 100,
		"hardly anything was filtered");
	must(cgn_sim_fate(sim, "out2in") > 1000 && cgn_sim_fate(sim, "in2out") > 10000 &&
			cgn_sim_fate(sim, "hairpin") > 1000 &&
			cgn_sim_fate(sim, "other_taken") > 100,
		"hardly anything was forwarded: the test is too tame");
	cgn_sim_elapse_s(sim, 9000);
	must(audit_is_empty(sim->box), "something is left after everything has expired");
	must(cgn_sim_is_sound(sim), "the law is broken at the end");
	cgn_sim_destroy(sim);
	return 0;
}
