/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors through the box (ICM-03 to ICM-09, ICM-12, UDP-13, TCP-09, PCP-30, ADV-18, ADV-23):
 * outwards, inwards and as hairpins, in every shape that a quote can have, compared byte by byte
 * with the error about the packet that the receiver knows. What is refused is in
 * case_icmp_refused.c.
 */
#include <netinet/in.h>
#include <string.h>

#include "icmp_bed.h"

enum way { OUT2IN, IN2OUT, HAIRPIN, N_WAYS };

/* As it goes in and as it must come out. */
struct pair {
	struct icmp_error in, out;
	uint16_t in_port, out_port;
};

static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

/* A router speaks about a packet of A1 to W1; A1 about one of W1; A2 about one of A1. */
static struct pair
pair_of(const struct icmp_bed *bed, enum way way)
{
	struct icmp_end a1 = icmp_inside(bed->a1), x1 = icmp_outside(bed->a1);
	struct icmp_end a2 = icmp_inside(bed->a2), x2 = icmp_outside(bed->a2), w = icmp_peer();
	struct pair p = {.in_port = SIM_ACCESS, .out_port = SIM_ACCESS};
	uint8_t proto = bed->proto;

	switch (way) {
	case OUT2IN:
		p.in_port = SIM_WAN;
		p.in.outer = packet_icmp(ICMP_ROUTER, x1.addr, 3, 1);
		p.out.outer = packet_icmp(ICMP_ROUTER, a1.addr, 3, 1);
		p.in.quoted = icmp_quoted(proto, x1, w, false);
		p.out.quoted = icmp_quoted(proto, a1, w, false);
		break;
	case IN2OUT:
		p.out_port = SIM_WAN;
		p.in.outer = packet_icmp(a1.addr, w.addr, 3, 3);
		p.out.outer = packet_icmp(x1.addr, w.addr, 3, 3);
		p.in.quoted = icmp_quoted(proto, w, a1, true);
		p.out.quoted = icmp_quoted(proto, w, x1, true);
		break;
	default:
		p.in.outer = packet_icmp(a2.addr, x1.addr, 3, 3);
		p.out.outer = packet_icmp(x2.addr, a1.addr, 3, 3);
		p.in.quoted = icmp_quoted(proto, x1, a2, false);
		p.out.quoted = icmp_quoted(proto, a1, x2, false);
		break;
	}
	return p;
}

/* Runs a change of the error over all protocols and ways. */
static bool
for_all(void (*change)(struct icmp_error *e, int number), int n)
{
	bool ok = true;

	for (int k = 0; k < 3 && ok; k++) {
		struct icmp_bed bed = icmp_bed_create(protos[k], &(struct cgn_sim_params){0});

		for (int way = 0; way < N_WAYS && ok; way++) {
			/* A query has one identifier: between two subscribers there is none. */
			if (protos[k] == IPPROTO_ICMP && way == HAIRPIN)
				continue;
			for (int i = 0; i < n && ok; i++) {
				struct pair p = pair_of(&bed, (enum way)way);

				change(&p.in, i);
				change(&p.out, i);
				icmp_error_send(&bed, p.in_port, &p.in);
				ok = icmp_error_came(&bed, p.out_port, &p.out);
				if (!ok)
					printf("# protocol %u, way %d, number %d\n", protos[k], way,
						i);
			}
		}
		ok = icmp_bed_end(&bed, ok);
	}
	return ok;
}

static void
change_type(struct icmp_error *e, int i)
{
	static const uint8_t types[][2] = {{3, 0}, {3, 1}, {3, 2}, {3, 3}, {3, 4}, {3, 5}, {3, 6},
		{3, 7}, {3, 8}, {3, 9}, {3, 10}, {3, 11}, {3, 12}, {3, 13}, {3, 14}, {3, 15},
		{11, 0}, {11, 1}, {12, 0}, {12, 1}, {12, 2}};

	e->outer.icmp_type = types[i][0];
	e->outer.icmp_code = types[i][1];
	if (types[i][0] == 3 && types[i][1] == 4)
		e->outer.icmp_rest = 1280;
	if (types[i][0] == 12)
		e->outer.icmp_rest = UINT32_C(0x14000000);
}

static bool
every_type_and_code(void)
{
	return for_all(change_type, 21);
}

static void
change_transport(struct icmp_error *e, int i)
{
	e->transport = (uint16_t)(8 + i);
	/* Half a TCP checksum stays as it is, which is no translation to compare with. */
	if (e->transport == 17)
		e->transport = 16;
}

static bool
every_cut(void)
{
	return for_all(change_transport, 40);
}

static void
change_options(struct icmp_error *e, int i)
{
	static const uint8_t nops[40] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

	e->quoted.opts = nops;
	e->quoted.opts_len = (uint8_t)(4 * (i % 11));
	e->outer.opts = nops;
	e->outer.opts_len = (uint8_t)(4 * (i / 11 % 11));
	e->transport = i % 2 ? 8 : 0;
}

static bool
every_length_of_options(void)
{
	return for_all(change_options, 121);
}

static void
change_extension(struct icmp_error *e, int i)
{
	e->outer.icmp_type = 11;
	e->outer.icmp_code = 0;
	e->extended = true;
	e->quoted.payload_len = (uint16_t)(4 * i);
}

static bool
extensions(void)
{
	return for_all(change_extension, 20);
}

static void
change_rest(struct icmp_error *e, int i)
{
	static const uint8_t mss[] = {2, 4, 5, 0xb4};

	switch (i) {
	case 0:
		e->quoted.udp_no_csum = true;
		break;
	case 1:
		e->quoted.frag = PACKET_MF;
		break;
	case 2:
		e->quoted.payload_len = 501;
		break;
	case 3:
		e->outer.tos = 0xb8;
		e->outer.id = 0x1234;
		e->outer.frag = 0;
		break;
	case 4:
		e->outer.ttl = 2;
		break;
	case 5:
		e->quoted.ttl = 0;
		break;
	case 6:
		e->outer.pad_to = 120;
		break;
	default:
		e->quoted.tcp_opts = mss;
		e->quoted.tcp_opts_len = 4;
		break;
	}
}

static bool
odd_quotes(void)
{
	return for_all(change_rest, 8);
}

/* The quoted checksum errs as much behind the box as before it; the others are right. */
static bool
bad_quoted_checksum(void)
{
	bool ok = true;

	for (int k = 0; k < 3 && ok; k++) {
		struct icmp_bed bed = icmp_bed_create(protos[k], &(struct cgn_sim_params){0});
		struct pair p = pair_of(&bed, OUT2IN);
		struct cgn_sim_frame f;
		const uint8_t *quote = f.bytes + 42;

		p.in.quoted.l4_csum_xor = 0x0400;
		icmp_error_send(&bed, SIM_WAN, &p.in);
		ok = CHECK(cgn_sim_receive(bed.sim, SIM_ACCESS, &f)) &&
			CHECK(packet_ip_csum_is_right(f.bytes + 14)) &&
			CHECK(packet_l4_csum_is_right(f.bytes + 14)) &&
			CHECK(packet_ip_csum_is_right(quote)) &&
			CHECK(!packet_l4_csum_is_right(quote));
		ok = icmp_bed_end(&bed, ok);
	}
	return ok;
}

/* Each split of the first 120 bytes over two buffers, and one of many pieces. */
static bool
chained(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_TCP, &(struct cgn_sim_params){0});
	static struct cgn_sim_frame frame;
	bool ok = true;

	for (uint16_t at = 1; at < 120 && ok; at++) {
		struct pair p = pair_of(&bed, OUT2IN);
		const uint16_t lens[] = {at, at % 2 ? 1 : 7};

		p.in.quoted.payload_len = p.out.quoted.payload_len = 301;
		memcpy(p.in.outer.dst_mac, cgn_sim_port_mac(bed.sim, SIM_WAN), 6);
		icmp_error_build(&p.in, &frame);
		cgn_sim_send_chain(bed.sim, SIM_WAN, &frame, lens, 2);
		cgn_sim_run(bed.sim);
		ok = icmp_error_came(&bed, SIM_ACCESS, &p.out);
	}
	return icmp_bed_end(&bed, ok);
}

/* ICM-08, UDP-13, TCP-09: hard errors of all kinds end nothing and renew nothing. */
static bool
mappings_are_left_alone(void)
{
	bool ok = true;

	for (int k = 0; k < 3 && ok; k++) {
		struct icmp_bed bed = icmp_bed_create(protos[k], &(struct cgn_sim_params){0});
		uint32_t used = atomic_load(&bed.a1->last_use_s), tcp = atomic_load(&bed.a1->tcp);

		cgn_sim_elapse_s(bed.sim, 5);
		for (int way = 0; way < 2 && ok; way++)
			for (int i = 0; i < 21 && ok; i++) {
				struct pair p = pair_of(&bed, (enum way)way);

				change_type(&p.in, i);
				change_type(&p.out, i);
				icmp_error_send(&bed, p.in_port, &p.in);
				ok = icmp_error_came(&bed, p.out_port, &p.out);
			}
		ok &= CHECK(atomic_load(&bed.a1->last_use_s) == used);
		ok &= CHECK(atomic_load(&bed.a1->tcp) == tcp);
		ok &= CHECK(cgn_sim_n_mappings(bed.sim) == 2);
		ok = icmp_bed_end(&bed, ok);
	}
	return ok;
}

/* ICM-08: errors every 20 s do not keep a query alive, nor end it early. */
static bool
query_expires_at_its_time(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_ICMP, &(struct cgn_sim_params){0});
	struct pair p = pair_of(&bed, OUT2IN);
	bool ok = true;

	for (int s = 20; s < 60 && ok; s += 20) {
		cgn_sim_elapse_s(bed.sim, 20);
		icmp_error_send(&bed, SIM_WAN, &p.in);
		ok = icmp_error_came(&bed, SIM_ACCESS, &p.out);
	}
	cgn_sim_elapse_s(bed.sim, 19);
	icmp_error_send(&bed, SIM_WAN, &p.in);
	ok = ok && icmp_error_came(&bed, SIM_ACCESS, &p.out);
	cgn_sim_elapse_s(bed.sim, 3);
	ok = ok && CHECK(cgn_sim_n_mappings(bed.sim) == 0) &&
		icmp_error_ends(&bed, SIM_WAN, &p.in, "icmp_no_mapping");
	return icmp_bed_end(&bed, ok);
}

/* ICM-07: the router of a routed prefix speaks; its own address is not seen outside. */
static bool
router_behind_a_subscriber(void)
{
	static const char a[] =
		"attachments: [{port: access, address: 100.64.0.1/22, subscribers: [{prefix: "
		"100.64.0.0/22}, {prefix: 10.0.0.0/24, via: 100.64.0.200}]}]\n";
	static const uint32_t routers[] = {0x0a000001, 0x644000c8}; /* 10.0.0.1, 100.64.0.200 */
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){.a = a});
	struct packet_spec s = packet_udp(0x0a000063, 7000, SIM_PEER, 53);
	const struct cgn_mapping *m;
	bool ok = true;

	cgn_sim_send_spec(bed.sim, SIM_ACCESS, &s);
	cgn_sim_run(bed.sim);
	cgn_sim_flush(bed.sim, SIM_WAN);
	m = cgn_sim_mapping(bed.sim, "a", IPPROTO_UDP, 0x0a000063, 7000);
	for (int i = 0; i < 2 && ok; i++) {
		struct icmp_error in = {.outer = packet_icmp(routers[i], SIM_PEER, 11, 0),
			.quoted = icmp_quoted(IPPROTO_UDP, icmp_peer(), icmp_inside(m), false)};
		struct icmp_error out = {
			.outer = packet_icmp(icmp_outside(m).addr, SIM_PEER, 11, 0),
			.quoted = icmp_quoted(IPPROTO_UDP, icmp_peer(), icmp_outside(m), false)};

		icmp_error_send(&bed, SIM_ACCESS, &in);
		ok = icmp_error_came(&bed, SIM_WAN, &out);
		/* But it says nothing about a subscriber on the link. */
		in.quoted = icmp_quoted(IPPROTO_UDP, icmp_peer(), icmp_inside(bed.a1), false);
		ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &in, "icmp_foreign");
	}
	return icmp_bed_end(&bed, ok);
}

/* ADV-23: the quoted peer is asked for, whoever sends the error. */
static bool
filters_are_asked(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){0});
	struct cgn_filters *filters = &bed.sim->box->control->filters;
	uint32_t set = cgn_filter_take(filters);
	struct cgn_mapping *m = (struct cgn_mapping *)(uintptr_t)bed.a1;
	struct pair p = pair_of(&bed, OUT2IN);
	bool ok;

	filters->sets[set].n = 1;
	filters->sets[set].rules[0] = (struct cgn_filter_rule){
		.addr = RTE_BE32(SIM_PEER2), .mask = UINT32_MAX, .port = RTE_BE16(53)};
	atomic_store(&m->filter, set);
	ok = icmp_error_ends(&bed, SIM_WAN, &p.in, "filtered");
	filters->sets[set].rules[0].addr = RTE_BE32(SIM_PEER);
	icmp_error_send(&bed, SIM_WAN, &p.in);
	ok = ok && icmp_error_came(&bed, SIM_ACCESS, &p.out);
	filters->sets[set].rules[0].port = RTE_BE16(54);
	ok = ok && icmp_error_ends(&bed, SIM_WAN, &p.in, "filtered");
	atomic_store(&m->filter, 0);
	cgn_filter_free(filters, set);
	return icmp_bed_end(&bed, ok);
}

/* The same of contacts: the quoted packet must have gone to a peer that the mapping has sent to. */
static bool
contacts_are_asked(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP,
		&(struct cgn_sim_params){
			.box = "table: {mappings: 16384, shards: 2, contacts: 10}\n",
			.a = "nat: {filtering: address_and_port_dependent}\n"});
	struct pair p = pair_of(&bed, OUT2IN);
	bool ok;

	icmp_error_send(&bed, SIM_WAN, &p.in);
	ok = icmp_error_came(&bed, SIM_ACCESS, &p.out);
	p.in.quoted.dport++;
	ok = ok && icmp_error_ends(&bed, SIM_WAN, &p.in, "no_contact");
	p = pair_of(&bed, OUT2IN);
	p.in.quoted.dst = SIM_PEER2;
	ok = ok && icmp_error_ends(&bed, SIM_WAN, &p.in, "no_contact");
	return icmp_bed_end(&bed, ok);
}

/* PCP-30: a mapping that was asked for, before any packet has gone out over it, to its last second.
 */
static bool
before_any_traffic(void)
{
	static const char on[] = "portctl: {natpmp: true, pcp: false}\n";
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){.a = on});
	static const uint8_t map[12] = {0, 1, 0, 0, 0x1f, 0x90, 0, 0, 0, 0, 0, 60};
	struct packet_spec s = packet_udp(SIM_A1, 40000, SIM_GATEWAY, 5351);
	bool ok;

	s.payload = map;
	s.payload_len = sizeof(map);
	cgn_sim_send_spec(bed.sim, SIM_ACCESS, &s);
	cgn_sim_run(bed.sim);
	bed.a1 = cgn_sim_mapping(bed.sim, "a", IPPROTO_UDP, SIM_A1, 8080);
	ok = CHECK(bed.a1 != NULL);
	for (int i = 0; i < 2 && ok; i++) {
		struct pair p = pair_of(&bed, OUT2IN);

		cgn_sim_jump_s(bed.sim, i * 59);
		cgn_sim_flush(bed.sim, SIM_ACCESS);
		icmp_error_send(&bed, p.in_port, &p.in);
		ok = icmp_error_came(&bed, p.out_port, &p.out);
	}
	return icmp_bed_end(&bed, ok);
}

/* On an address of its own a subscriber is asked and answers too: errors about that get through. */
static bool
queries_of_an_own_address(void)
{
	static const char a[] =
		"static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.20}]\n";
	struct icmp_bed bed = icmp_bed_create(IPPROTO_ICMP, &(struct cgn_sim_params){.a = a});
	struct icmp_end a1 = icmp_inside(bed.a1), x1 = icmp_outside(bed.a1), w = icmp_peer();
	struct pair out2in = pair_of(&bed, OUT2IN), in2out = pair_of(&bed, IN2OUT);
	struct packet_spec asks = packet_echo(w.addr, x1.addr, true, x1.port);
	bool ok;

	cgn_sim_send_spec(bed.sim, SIM_WAN, &asks);
	cgn_sim_run(bed.sim);
	ok = CHECK(cgn_sim_n_waiting(bed.sim, SIM_ACCESS) == 1);
	cgn_sim_flush(bed.sim, SIM_ACCESS);
	for (int i = 0; i < 2 && ok; i++) {
		icmp_error_send(&bed, SIM_WAN, &out2in.in);
		ok = icmp_error_came(&bed, SIM_ACCESS, &out2in.out);
		icmp_error_send(&bed, SIM_ACCESS, &in2out.in);
		ok = ok && icmp_error_came(&bed, SIM_WAN, &in2out.out);
		out2in.in.quoted = packet_echo(x1.addr, w.addr, false, x1.port);
		out2in.out.quoted = packet_echo(a1.addr, w.addr, false, a1.port);
		in2out.in.quoted = packet_echo(w.addr, a1.addr, true, a1.port);
		in2out.out.quoted = packet_echo(w.addr, x1.addr, true, x1.port);
	}
	return icmp_bed_end(&bed, ok);
}

/* What a tenant's counters say: errors are packets like others, hairpins count on both sides. */
static bool
counted_like_other_packets(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){0});
	uint64_t in2out = cgn_sim_tenant_fate(bed.sim, "a", "in2out");
	bool ok = true;

	for (int way = 0; way < N_WAYS && ok; way++) {
		struct pair p = pair_of(&bed, (enum way)way);

		icmp_error_send(&bed, p.in_port, &p.in);
		ok = icmp_error_came(&bed, p.out_port, &p.out);
	}
	ok = ok && CHECK(cgn_sim_tenant_fate(bed.sim, "a", "in2out") == in2out + 1) &&
		CHECK(cgn_sim_tenant_fate(bed.sim, "a", "out2in") == 1) &&
		CHECK(cgn_sim_tenant_fate(bed.sim, "a", "hairpin") == 1) &&
		CHECK(bed.sim->box->workers[0].counters.hairpin_pkts[0] == 1);
	return icmp_bed_end(&bed, ok);
}

const struct row_case row_cases_icmp[] = {
	{"errors_of_every_type_and_code_are_translated", CGN_FATE_HAIRPIN, every_type_and_code},
	{"quotes_cut_anywhere_are_translated", CGN_FATE_NONE, every_cut},
	{"options_of_both_headers_are_skipped", CGN_FATE_NONE, every_length_of_options},
	{"extensions_arrive_intact", CGN_FATE_NONE, extensions},
	{"quotes_without_checksum_fragments_and_odd_lengths_are_translated", CGN_FATE_NONE,
		odd_quotes},
	{"a_bad_quoted_transport_checksum_stays_bad", CGN_FATE_NONE, bad_quoted_checksum},
	{"errors_in_chained_buffers_are_translated", CGN_FATE_NONE, chained},
	{"errors_neither_renew_nor_end_a_mapping", CGN_FATE_NONE, mappings_are_left_alone},
	{"errors_about_a_query_do_not_keep_it", CGN_FATE_NONE, query_expires_at_its_time},
	{"a_router_behind_a_subscriber_is_heard", CGN_FATE_ICMP_FOREIGN,
		router_behind_a_subscriber},
	{"the_filter_is_asked_about_the_quoted_peer", CGN_FATE_FILTERED, filters_are_asked},
	{"the_contacts_are_asked_about_the_quoted_peer", CGN_FATE_NO_CONTACT, contacts_are_asked},
	{"errors_about_a_requested_mapping_pass_before_its_first_packet", CGN_FATE_NONE,
		before_any_traffic},
	{"errors_about_queries_of_an_own_address_go_both_ways", CGN_FATE_NONE,
		queries_of_an_own_address},
	{"errors_are_counted_like_other_packets", CGN_FATE_NONE, counted_like_other_packets},
};
const uint32_t row_n_cases_icmp = sizeof(row_cases_icmp) / sizeof(row_cases_icmp[0]);
