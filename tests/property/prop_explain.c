/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `explain` cannot disagree with the data path, and changes nothing: each of many random packets is
 * explained first and then sent, and must end as foretold; a twin box gets the same packets without
 * a question asked, and must send the same frames.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "sim.h"

enum { N_PACKETS = 12000, N_HOSTS = 6 };

static struct cgn_sim *sim, *twin;
static struct cgn_rand prng;
static uint32_t n_foretold[CGN_N_FATES];

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

static void
fail(const char *what, const struct cgn_explain *e)
{
	char src[CGN_IP4_STRLEN], dst[CGN_IP4_STRLEN];

	fprintf(stderr,
		"prop_explain: %s: port %u tags %u proto %u %s:%u -> %s:%u ttl %u len %u "
		"flags %#x, foretold %s\n",
		what, e->port, e->tags.n, e->proto, cgn_ip4_str(e->src, src), e->sport,
		cgn_ip4_str(e->dst, dst), e->dport, e->ttl, e->ip_len, e->tcp_flags,
		e->fate < CGN_N_FATES ? cgn_fates[e->fate].name : "request");
	cgn_sim_dump(sim, stderr);
	exit(1);
}

/* An outside end that is in use, or a random one. */
static void
random_outside(uint32_t *addr, uint16_t *port)
{
	const struct cgn_table *t = sim->box->control->table;
	const struct cgn_mapping *m = cgn_table_at(t, 1 + below(60));

	*addr = SIM_POOL_A + below(34);
	*port = (uint16_t)(below(10) == 0 ? 5350 + below(2) : 1000 + below(60000));
	if (m->inside_addr == 0 || below(5) == 0)
		return;
	*addr = rte_be_to_cpu_32(m->outside_addr);
	*port = rte_be_to_cpu_16(m->outside_port);
}

static uint32_t
random_peer(void)
{
	static const uint32_t odd[] = {SIM_GATEWAY, SIM_UPLINK, SIM_NEXT_HOP, 0xe0000001,
		0x7f000001, SIM_A2, 0x64420005, 0x0a000001};

	return below(8) == 0 ? odd[below(sizeof(odd) / sizeof(odd[0]))] : SIM_PEER + below(3);
}

static void
random_inside(struct cgn_explain *e)
{
	static const struct cgn_tags trunk[] = {{.n = 1, .outer = 101}, {.n = 1, .outer = 102},
		{.n = 2, .outer = 200, .inner = 7, .outer_tpid = 0x88a8}, {.n = 1, .outer = 5},
		{0}};

	e->port = below(2) ? SIM_ACCESS : SIM_TRUNK;
	if (e->port == SIM_TRUNK)
		e->tags = trunk[below(5)];
	e->src = SIM_A1 + below(N_HOSTS);
	if (e->tags.n == 2)
		e->src = 0x64420005 + below(4);
	else if (e->tags.outer == 101 && below(4) != 0)
		e->src = 0x64410005;
	if (below(40) == 0)
		e->src = 0x0a090909;
	e->sport = (uint16_t)(below(20) == 0 ? 0 : 5000 + below(12));
	e->dst = random_peer();
	e->dport = below(8) == 0 ? 5351 : below(8) == 0 ? 21 : (uint16_t)(53 + below(3));
	if (below(4) == 0)
		random_outside(&e->dst, &e->dport);
	e->icmp_type = 8;
}

static struct cgn_explain
random_packet(void)
{
	static const uint8_t flags[] = {0x02, 0x02, 0x02, 0x12, 0x10, 0x11, 0x04};
	static const uint8_t others[] = {47, 47, 50, 132};
	struct cgn_explain e = {.proto = (uint8_t)below(CGN_N_PROTOS + 1),
		.ip_proto = others[below(sizeof(others))],
		.ttl = (uint8_t)(below(12) == 0 ? below(2) : 64),
		.tcp_flags = flags[below(sizeof(flags))],
		.ip_len = (uint16_t)(below(12) == 0 ? 1400 + below(200) : 60)};

	if (below(3) != 0) {
		random_inside(&e);
	} else {
		e.port = SIM_WAN;
		e.src = random_peer();
		e.sport = (uint16_t)(53 + below(3));
		random_outside(&e.dst, &e.dport);
		if (below(10) == 0)
			e.dst = random_peer();
		if (below(20) == 0) { /* tenant c's, which knows it by its inside address */
			e.src = SIM_PEER2;
			e.dst = 0x64420005 + below(4);
		}
		if (e.proto == CGN_ICMP)
			e.sport = e.dport;
		e.icmp_type = below(4) == 0 ? 8 : 0;
	}
	return e;
}

static void
send_to(struct cgn_sim *to, const struct cgn_explain *e)
{
	struct packet_spec s;
	uint16_t headers = e->proto == CGN_TCP ? 40 : 28;

	if (e->proto == CGN_UDP)
		s = packet_udp(e->src, e->sport, e->dst, e->dport);
	else if (e->proto == CGN_TCP)
		s = packet_tcp(e->src, e->sport, e->dst, e->dport, e->tcp_flags);
	else if (e->proto == CGN_ICMP)
		s = packet_echo(e->src, e->dst, e->icmp_type == 8, e->sport);
	else {
		s = packet_udp(e->src, 0, e->dst, 0);
		s.proto = e->ip_proto;
		headers = 20;
	}
	s.ttl = e->ttl;
	s.payload_len = (uint16_t)(e->ip_len - headers);
	s.n_tags = e->tags.n;
	s.tags[0] = (struct packet_tag){e->tags.n == 2 ? 0x88a8 : 0x8100, e->tags.outer};
	s.tags[1] = (struct packet_tag){0x8100, e->tags.inner};
	if (!cgn_sim_send_spec(to, e->port, &s))
		fail("cannot be sent", e);
	cgn_sim_run(to);
}

static bool
is_of_a_request(enum cgn_fate fate)
{
	return fate == CGN_FATE_PORTCTL_ANSWERED || fate == CGN_FATE_PORTCTL_IGNORED ||
		fate == CGN_FATE_PORTCTL_BAD || fate == CGN_FATE_NATPMP_OFF;
}

/* Ports are drawn at random: of a packet to a free port the own new mapping may have got that. */
static bool
goes_to_itself(const struct cgn_explain *e)
{
	static const uint8_t ip_protos[] = {[CGN_TCP] = 6, [CGN_UDP] = 17, [CGN_ICMP] = 1};
	const struct cgn_mapping *m = e->proto < CGN_N_PROTOS && (e->reached & CGN_EXPLAIN_PORTS)
		? cgn_sim_mapping(sim, cgn_directory_tenant_name(sim->box->dir, e->tenant),
			  ip_protos[e->proto], e->src, e->sport)
		: NULL;

	return m != NULL && m->outside_addr == rte_cpu_to_be_32(e->dst) &&
		m->outside_port == rte_cpu_to_be_16(e->dport);
}

/* The fates of the box before and after the packet. */
static void
check_fate(const struct cgn_explain *e, const uint64_t *before)
{
	for (int f = 0; f < CGN_N_FATES; f++) {
		uint64_t n = cgn_box_fate_sum(sim->box, (enum cgn_fate)f) - before[f];

		if (n == 0 || f == CGN_FATE_CONSUMED_ARP) /* the next hop's answer */
			continue;
		/* The address is drawn at random: a ping of it may hit the pinger's own. */
		if (f == CGN_FATE_HAIRPIN && e->fate == CGN_FATE_NO_MAPPING && n == 1 &&
			e->proto == CGN_ICMP && (e->reached & CGN_EXPLAIN_PORTS) &&
			e->choice.address == CGN_NONE)
			return;
		if (f == CGN_FATE_HAIRPIN && e->fate == CGN_FATE_NO_MAPPING && n == 1 &&
			goes_to_itself(e))
			return;
		/* So is the one that it shares, which the receiver's mapping is of or not. */
		if (e->is_dependent && n == 1 &&
			(f == CGN_FATE_HAIRPIN || f == CGN_FATE_NO_MAPPING) &&
			(e->fate == CGN_FATE_HAIRPIN || e->fate == CGN_FATE_NO_MAPPING))
			return;
		/* Or on it another one has the protocol. */
		if (f == CGN_FATE_OTHER_TAKEN && e->fate == CGN_FATE_IN2OUT && n == 1 &&
			(e->reached & CGN_EXPLAIN_PORTS) && e->choice.address == CGN_NONE)
			return;
		if (n != 1 ||
			(e->fate != (enum cgn_fate)f &&
				!(e->fate == CGN_FATE_NONE && is_of_a_request((enum cgn_fate)f)))) {
			fprintf(stderr, "it became %s\n", cgn_fates[f].name);
			fail("another fate", e);
		}
		n_foretold[f]++;
		return;
	}
	fail("no fate", e);
}

static void
check_frames(const struct cgn_explain *e)
{
	static struct cgn_sim_frame a, b;

	for (uint16_t p = 0; p < 3; p++) {
		while (cgn_sim_receive(sim, p, &a)) {
			if (!cgn_sim_receive(twin, p, &b) || a.len != b.len ||
				memcmp(a.bytes, b.bytes, a.len) != 0)
				fail("the twin sends other frames", e);
		}
		if (cgn_sim_n_waiting(twin, p) != 0)
			fail("the twin sends more", e);
	}
}

static void
explain_and_send(void)
{
	struct cgn_explain e = random_packet();
	uint64_t before[CGN_N_FATES];

	for (int f = 0; f < CGN_N_FATES; f++)
		before[f] = cgn_box_fate_sum(sim->box, (enum cgn_fate)f);
	cgn_explain_run(sim->box->control, &e);
	if (e.is_impossible)
		fail("not explained", &e);
	send_to(sim, &e);
	check_fate(&e, before);
	send_to(twin, &e);
	check_frames(&e);
}

/* A test that meets few fates would prove little. */
static void
check_variety(void)
{
	static const enum cgn_fate wanted[] = {CGN_FATE_IN2OUT, CGN_FATE_OUT2IN, CGN_FATE_HAIRPIN,
		CGN_FATE_ANSWERED_ECHO, CGN_FATE_NO_MAPPING, CGN_FATE_WAN_NATPMP,
		CGN_FATE_NATPMP_EXTERNAL, CGN_FATE_SPOOFED_UNASSIGNED, CGN_FATE_SPOOFED_ATTACHMENT,
		CGN_FATE_TTL_EXPIRED, CGN_FATE_TOO_BIG, CGN_FATE_QUOTA_SUBSCRIBER_UDP,
		CGN_FATE_QUOTA_SUBSCRIBER_RATE, CGN_FATE_PUNT_SUBSCRIBER_RATE, CGN_FATE_NO_ADDRESS,
		CGN_FATE_TCP_NOT_SYN, CGN_FATE_UNKNOWN_TAGS, CGN_FATE_MARTIAN_DESTINATION,
		CGN_FATE_INSIDE_SERVICE, CGN_FATE_INSIDE_TO_INSIDE, CGN_FATE_OUTSIDE_SERVICE,
		CGN_FATE_BYPASS_OUT, CGN_FATE_BYPASS_IN, CGN_FATE_OTHER_TAKEN,
		CGN_FATE_OTHER_PROTO};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (n_foretold[wanted[i]] == 0) {
			fprintf(stderr, "prop_explain: never met %s\n", cgn_fates[wanted[i]].name);
			exit(1);
		}
}

int
main(void)
{
	static const struct cgn_sim_params params = {
		.box = "punt: {subscriber_per_s: 1, subscriber_burst: 4}\n"
		       "table: {mappings: 16384, shards: 2, contacts: 500, dependent: 500}\n",
		.a = "attachments:\n"
		     "  - {port: access, address: 100.64.0.1/22, binding: access, subscribers: "
		     "[{prefix: 100.64.0.0/22, subscriber_mask: 31}]}\n"
		     "  - {port: trunk, vlan: 101, address: 100.65.0.1/24, binding: access, "
		     "subscribers: [{prefix: 100.65.0.0/24}]}\n"
		     "quota: {subscriber: {udp: 4, new_per_s: 1, burst: 3}}\n"
		     "nat: {tcp_loose: false, protocols: [gre, esp], rules: [{name: some, "
		     "protocol: udp, ports: [1-65535], "
		     "filtering: address_and_port_dependent}, {name: shared, protocol: tcp, ports: "
		     "[1-65535], mapping: address_and_port_dependent}]}\n"
		     "alg: {ftp: true}\n"
		     "portctl: {pcp: false}\n",
		.b = "ports: {block_size: 64, max_blocks: 1}\n"
		     "nat: {filtering: address_dependent}\n"
		     "quota: {subscriber: {mapping_contacts: 2, contacts: 8}}\n"
		     "static_addresses:\n  - {inside: 100.64.0.12, outside: 203.0.113.40}\n",
		.c = "ports: {first: 1024, last: 1151, block_size: 64, max_blocks: 1}\n"
		     "nat: {protocols: [gre], bypass: [192.0.2.2/32], overload_when_full: 62}\n"};
	const char *env = getenv("CGN_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 10) : 1;

	printf("CGN_SEED=%llu\n", (unsigned long long)seed);
	cgn_sim_eal();
	cgn_rand_init(&prng, seed + 1);
	sim = cgn_sim_create(&params);
	twin = cgn_sim_create(&params);
	for (uint32_t i = 0; i < N_PACKETS; i++) {
		explain_and_send();
		if (below(12) == 0) {
			uint32_t s = below(60) == 0 ? 300 : below(2);

			cgn_sim_jump_s(sim, s);
			cgn_sim_jump_s(twin, s);
		}
	}
	for (int f = 0; f < CGN_N_FATES; f++)
		if (n_foretold[f] > 0)
			printf("%6u %s\n", n_foretold[f], cgn_fates[f].name);
	check_variety();
	cgn_sim_destroy(sim);
	cgn_sim_destroy(twin);
	return 0;
}
