/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mappings of one remote end that share an outside port (UPD-04): ICMP errors both ways and as
 * hairpins (ICM-06, ICM-07, ICM-09) find the one of the packet that they quote; fragments
 * (UDP-15); packets that have crossed a reload.
 */
#include <netinet/in.h>

#include "box.h"
#include "datagram.h"
#include "icmp_bed.h"

enum { UNIT = 1480 };

static const char box[] = "table: {mappings: 16384, shards: 2, dependent: 100}\n";
static const char rules[] =
	"nat: {rules: [{name: u, protocol: udp, ports: [1-65535], mapping: "
	"address_and_port_dependent}, {name: t, protocol: tcp, ports: [1-65535], mapping: "
	"address_and_port_dependent}]}\n";

static struct icmp_bed
create(uint8_t proto)
{
	return (struct icmp_bed){
		.sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = rules}),
		.proto = proto};
}

/* The mapping of an inside port that was made last. */
static const struct cgn_mapping *
mapping_of(const struct icmp_bed *bed, uint32_t addr, uint16_t port)
{
	const struct cgn_control *c = bed->sim->box->control;
	const struct cgn_mapping *found = NULL;

	for (uint32_t i = 1; i <= c->table->last; i++) {
		const struct cgn_mapping *m = cgn_table_at(c->table, i);

		if (cgn_is_published(c, i) && m->inside_addr == rte_cpu_to_be_32(addr) &&
			m->inside_port == rte_cpu_to_be_16(port))
			found = m;
	}
	return found;
}

static const struct cgn_mapping *
open_flow(struct icmp_bed *bed, struct icmp_end from, struct icmp_end to)
{
	struct packet_spec s = icmp_quoted(bed->proto, from, to, false);

	cgn_sim_send_spec(bed->sim, SIM_ACCESS, &s);
	cgn_sim_run(bed->sim);
	cgn_sim_flush(bed->sim, SIM_WAN);
	cgn_sim_flush(bed->sim, SIM_ACCESS);
	return mapping_of(bed, from.addr, from.port);
}

/* From outside, about a packet that `at` has sent to a peer, as the subscriber knows it. */
static bool
comes_in(struct icmp_bed *bed, const struct cgn_mapping *at, struct icmp_end peer)
{
	struct icmp_end inside = icmp_inside(at), outside = icmp_outside(at);
	struct icmp_error in = {.outer = packet_icmp(ICMP_ROUTER, outside.addr, 3, 1),
		.quoted = icmp_quoted(bed->proto, outside, peer, false)};
	struct icmp_error out = {.outer = packet_icmp(ICMP_ROUTER, inside.addr, 3, 1),
		.quoted = icmp_quoted(bed->proto, inside, peer, false)};

	icmp_error_send(bed, SIM_WAN, &in);
	return icmp_error_came(bed, SIM_ACCESS, &out);
}

/* From the subscriber, about a packet of the peer. */
static bool
goes_out(struct icmp_bed *bed, const struct cgn_mapping *at, struct icmp_end peer)
{
	struct icmp_end inside = icmp_inside(at), outside = icmp_outside(at);
	struct icmp_error in = {.outer = packet_icmp(inside.addr, peer.addr, 3, 3),
		.quoted = icmp_quoted(bed->proto, peer, inside, true)};
	struct icmp_error out = {.outer = packet_icmp(outside.addr, peer.addr, 3, 3),
		.quoted = icmp_quoted(bed->proto, peer, outside, true)};

	icmp_error_send(bed, SIM_ACCESS, &in);
	return icmp_error_came(bed, SIM_WAN, &out);
}

/* Nobody has sent to that peer by this port. */
static bool
ends_as_foreign(struct icmp_bed *bed, const struct cgn_mapping *at, struct icmp_end peer)
{
	struct icmp_end inside = icmp_inside(at), outside = icmp_outside(at);
	struct icmp_error in = {.outer = packet_icmp(ICMP_ROUTER, outside.addr, 3, 1),
		.quoted = icmp_quoted(bed->proto, outside, peer, false)};
	struct icmp_error out = {.outer = packet_icmp(inside.addr, peer.addr, 3, 3),
		.quoted = icmp_quoted(bed->proto, peer, inside, true)};

	return icmp_error_ends(bed, SIM_WAN, &in, "icmp_no_mapping") &&
		icmp_error_ends(bed, SIM_ACCESS, &out, "icmp_no_mapping");
}

static bool
errors_of(uint8_t proto)
{
	struct icmp_bed bed = create(proto);
	const struct icmp_end w1 = {SIM_PEER, 53}, w2 = {SIM_PEER2, 53}, w3 = {SIM_PEER, 54};
	const struct cgn_mapping *a = open_flow(&bed, (struct icmp_end){SIM_A1, 5000}, w1);
	const struct cgn_mapping *b = open_flow(&bed, (struct icmp_end){SIM_A1, 5001}, w2);
	bool ok = CHECK(a != NULL && b != NULL && a != b && a->dependent && b->dependent);

	ok = ok && CHECK(a->outside_port == b->outside_port);
	ok = ok && CHECK(comes_in(&bed, a, w1)) && CHECK(comes_in(&bed, b, w2));
	ok = ok && CHECK(goes_out(&bed, a, w1)) && CHECK(goes_out(&bed, b, w2));
	ok = ok && CHECK(ends_as_foreign(&bed, a, w3)) && CHECK(ends_as_foreign(&bed, b, w3));
	return icmp_bed_end(&bed, ok);
}

static bool
errors(void)
{
	return errors_of(IPPROTO_UDP) && errors_of(IPPROTO_TCP);
}

/* An inside end has a mapping for all others beside one for W1. */
static bool
errors_beside(void)
{
	struct icmp_bed bed = {
		.sim = cgn_sim_create(&(struct cgn_sim_params){.box = box,
			.a = "nat: {rules: [{name: u, protocol: udp, ports: [53], mapping: "
			     "address_and_port_dependent}]}\n"}),
		.proto = IPPROTO_UDP};
	const struct icmp_end from = {SIM_A1, 5000}, w1 = {SIM_PEER, 53}, w2 = {SIM_PEER2, 9},
			      w3 = {SIM_PEER2, 10};
	const struct cgn_mapping *a = open_flow(&bed, from, w1), *b = open_flow(&bed, from, w2);
	bool ok = CHECK(a != NULL && b != NULL && a->dependent && b->beside);

	ok = ok && CHECK(comes_in(&bed, a, w1)) && CHECK(comes_in(&bed, b, w2));
	ok = ok && CHECK(comes_in(&bed, b, w3)); /* endpoint-independent: whoever it was */
	ok = ok && CHECK(goes_out(&bed, a, w1)) && CHECK(goes_out(&bed, b, w3));
	return icmp_bed_end(&bed, ok);
}

/* A2 says that it has no such port to A1, who has sent to A2's outside end. */
static bool
errors_hairpinned(void)
{
	struct icmp_bed bed = create(IPPROTO_UDP);
	const struct icmp_end w1 = {SIM_PEER, 53};
	const struct cgn_mapping *a1 = open_flow(&bed, (struct icmp_end){SIM_A1, 5000}, w1);
	const struct cgn_mapping *a2 = open_flow(&bed, (struct icmp_end){SIM_A2, 6000}, w1);
	struct icmp_end in1 = icmp_inside(a1), in2 = icmp_inside(a2), x1 = icmp_outside(a1),
			x2 = icmp_outside(a2);
	struct icmp_error in = {.outer = packet_icmp(in2.addr, x1.addr, 3, 3),
		.quoted = icmp_quoted(IPPROTO_UDP, x1, in2, false)};
	struct icmp_error out = {.outer = packet_icmp(x2.addr, in1.addr, 3, 3),
		.quoted = icmp_quoted(IPPROTO_UDP, in1, x2, false)};
	bool ok = CHECK(icmp_error_ends(&bed, SIM_ACCESS, &in, "icmp_no_mapping"));

	open_flow(&bed, in1, x2);
	open_flow(&bed, in2, x1);
	icmp_error_send(&bed, SIM_ACCESS, &in);
	ok = ok && CHECK(icmp_error_came(&bed, SIM_ACCESS, &out));
	return icmp_bed_end(&bed, ok);
}

/* 4000 bytes of UDP, the last piece first, out and in. */
static bool
pass_in_pieces(struct icmp_bed *bed, uint16_t in_port, uint16_t out_port, struct packet_spec *s)
{
	static struct datagram sent, got;

	s->frag = 0;
	datagram_make(&sent, bed->sim, in_port, s, 4000);
	for (uint32_t i = 0; i < 3; i++)
		datagram_send(bed->sim, in_port, &sent, (2 - i) * UNIT, UNIT);
	cgn_sim_run(bed->sim);
	return CHECK(datagram_collect(bed->sim, out_port, &got, NULL) == 1) &&
		CHECK(datagram_is_translated(&got, &sent));
}

static bool
fragments(void)
{
	struct icmp_bed bed = create(IPPROTO_UDP);
	const struct icmp_end w1 = {SIM_PEER, 53}, w2 = {SIM_PEER2, 53};
	const struct cgn_mapping *a = open_flow(&bed, (struct icmp_end){SIM_A1, 5000}, w1);
	struct icmp_end x = icmp_outside(a);
	struct packet_spec out = packet_udp(SIM_A1, 5001, w2.addr, w2.port);
	struct packet_spec in = packet_udp(w2.addr, w2.port, x.addr, x.port);
	bool ok = pass_in_pieces(&bed, SIM_ACCESS, SIM_WAN, &out);

	ok = ok && CHECK(mapping_of(&bed, SIM_A1, 5001)->outside_port == a->outside_port);
	ok = ok && pass_in_pieces(&bed, SIM_WAN, SIM_ACCESS, &in);
	return icmp_bed_end(&bed, ok);
}

static bool
is_answered(struct icmp_bed *bed, const struct cgn_mapping *at, struct icmp_end peer)
{
	struct icmp_end x = icmp_outside(at);
	struct packet_spec s = packet_udp(peer.addr, peer.port, x.addr, x.port);
	struct cgn_sim_frame f;

	cgn_sim_send_spec(bed->sim, SIM_WAN, &s);
	cgn_sim_run(bed->sim);
	return cgn_sim_receive(bed->sim, SIM_ACCESS, &f);
}

/* The rule goes: what is there stays, and what is new is endpoint-independent. The address goes:
 * all of it ends. */
static bool
reload(void)
{
	struct icmp_bed bed = create(IPPROTO_UDP);
	const struct icmp_end w1 = {SIM_PEER, 53}, w2 = {SIM_PEER2, 53}, w3 = {SIM_PEER2, 54};
	const struct cgn_mapping *a = open_flow(&bed, (struct icmp_end){SIM_A1, 5000}, w1);
	const struct cgn_mapping *b = open_flow(&bed, (struct icmp_end){SIM_A1, 5001}, w2), *e;
	struct cgn_errmsg err;
	bool ok = CHECK(
		cgn_sim_reload(bed.sim,
			&(struct cgn_sim_params){.box = box, .a = "quota: {dependent: 50}\n"},
			&err) == 0);

	ok = ok && CHECK(is_answered(&bed, a, w1)) && CHECK(is_answered(&bed, b, w2));
	ok = ok && CHECK(!is_answered(&bed, b, w3));
	e = open_flow(&bed, (struct icmp_end){SIM_A1, 5002}, w1);
	ok = ok && CHECK(e != NULL && !e->dependent && is_answered(&bed, e, w3));
	ok = ok &&
		CHECK(cgn_sim_reload(bed.sim,
			      &(struct cgn_sim_params){
				      .box = box, .a = "pool: [203.0.113.64/28]\n"},
			      &err) == 0);
	ok = ok && CHECK(cgn_sim_tenant_n_mappings(bed.sim, "a") == 0);
	return icmp_bed_end(&bed, ok);
}

/* The operator ends the mappings of a tenant. */
static bool
clear(void)
{
	struct icmp_bed bed = create(IPPROTO_UDP);
	const struct icmp_end w1 = {SIM_PEER, 53}, w2 = {SIM_PEER2, 53};
	const struct cgn_mapping *a = open_flow(&bed, (struct icmp_end){SIM_A1, 5000}, w1);
	struct cgn_clear all = {.tenant = 0, .inside = CGN_NONE};
	bool ok = CHECK(open_flow(&bed, (struct icmp_end){SIM_A1, 5001}, w2) != NULL);

	while (!all.is_over)
		cgn_clear_slice(bed.sim->box->control, &all);
	ok = ok && CHECK(all.n == 2) && CHECK(!is_answered(&bed, a, w1));
	ok = ok && CHECK(cgn_sim_tenant_n_mappings(bed.sim, "a") == 0);
	cgn_sim_elapse_s(bed.sim, 30);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(bed.sim, p);
	return icmp_bed_end(&bed, ok);
}

static uint32_t
n_mappings_of(const struct icmp_bed *bed, uint16_t port)
{
	const struct cgn_control *c = bed->sim->box->control;
	uint32_t n = 0;

	for (uint32_t i = 1; i <= c->table->last; i++)
		n += cgn_is_published(c, i) &&
			cgn_table_at(c->table, i)->inside_port == rte_cpu_to_be_16(port);
	return n;
}

/* More packets of one new flow than control looks ahead at, before it has a turn. */
static bool
many_packets_make_one(const char *conf, bool to_both)
{
	struct icmp_bed bed = {
		.sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = conf}),
		.proto = IPPROTO_UDP};
	struct packet_spec first = packet_udp(SIM_A1, 5000, SIM_PEER, 53),
			   second = packet_udp(SIM_A1, 5000, SIM_PEER2, 9),
			   other = packet_udp(SIM_A1, 5001, SIM_PEER, 53);
	bool ok = true;

	if (to_both) /* the second one's mapping is beside the first one's */
		ok = CHECK(open_flow(&bed, (struct icmp_end){SIM_A1, 5000},
				   (struct icmp_end){SIM_PEER, 53}) != NULL);
	for (uint32_t i = 0; i < 3 * CGN_PUNT_AHEAD; i++) {
		cgn_sim_send_spec(bed.sim, SIM_ACCESS, to_both ? &second : &first);
		if (i % 8 == 0)
			cgn_sim_send_spec(bed.sim, SIM_ACCESS, &other);
	}
	cgn_sim_run(bed.sim);
	ok = ok && CHECK(n_mappings_of(&bed, 5000) == (to_both ? 2 : 1));
	ok = ok && CHECK(n_mappings_of(&bed, 5001) == 1);
	cgn_sim_flush(bed.sim, SIM_WAN);
	cgn_sim_elapse_s(bed.sim, 700);
	ok = ok && CHECK(cgn_sim_n_mappings(bed.sim) == 0);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(bed.sim, p);
	return icmp_bed_end(&bed, ok);
}

/* A flow has one outside port, and nothing of it is counted twice. */
static bool
burst_dependent(void)
{
	return many_packets_make_one(rules, false);
}

static bool
burst_beside(void)
{
	return many_packets_make_one("nat: {rules: [{name: u, protocol: udp, ports: [53], mapping: "
				     "address_and_port_dependent}]}\n",
		true);
}

const struct row_case row_cases_overload[] = {
	{"many_packets_of_a_flow_make_one_mapping", CGN_FATE_NONE, burst_dependent},
	{"many_packets_of_a_flow_make_one_mapping_beside", CGN_FATE_NONE, burst_beside},
	{"errors_find_the_mapping_of_what_they_quote", CGN_FATE_NONE, errors},
	{"errors_find_the_mapping_beside", CGN_FATE_NONE, errors_beside},
	{"hairpinned_errors_find_both_mappings", CGN_FATE_NONE, errors_hairpinned},
	{"fragments_follow_the_first", CGN_FATE_NONE, fragments},
	{"mappings_outlive_their_rule_not_their_address", CGN_FATE_NONE, reload},
	{"clearing_ends_those_that_share_a_port", CGN_FATE_NONE, clear},
};
const uint32_t row_n_cases_overload = sizeof(row_cases_overload) / sizeof(row_cases_overload[0]);
