/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors that end at the box (ICM-03, ICM-06, ICM-13, ADV-18): each with its fate, in silence,
 * and with the mappings as they were.
 */
#include <netinet/in.h>
#include <string.h>

#include "icmp_bed.h"

/* From a router about a packet of A1 to W1: right until something is changed. */
static struct icmp_error
from_outside(const struct icmp_bed *bed)
{
	return (struct icmp_error){
		.outer = packet_icmp(ICMP_ROUTER, icmp_outside(bed->a1).addr, 3, 1),
		.quoted = icmp_quoted(bed->proto, icmp_outside(bed->a1), icmp_peer(), false)};
}

/* From A1 about a packet of W1. */
static struct icmp_error
from_inside(const struct icmp_bed *bed)
{
	return (struct icmp_error){.outer = packet_icmp(SIM_A1, SIM_PEER, 3, 3),
		.quoted = icmp_quoted(bed->proto, icmp_peer(), icmp_inside(bed->a1), true)};
}

static void
bad_csum(struct icmp_error *e)
{
	e->outer.l4_csum_xor = 1;
}

static void
bad_quoted_csum(struct icmp_error *e)
{
	e->quoted.ip_csum_xor = 0x8000;
}

static void
cut_short(struct icmp_error *e)
{
	e->transport = 7;
}

static void
not_ip4(struct icmp_error *e)
{
	e->quoted.version = 6;
}

static void
other_protocol(struct icmp_error *e)
{
	e->quoted.proto = 47;
}

static void
error_in_error(struct icmp_error *e)
{
	e->quoted = packet_icmp(e->quoted.src, e->quoted.dst, 3, 1);
}

static void
redirect_in_error(struct icmp_error *e)
{
	e->quoted = packet_icmp(e->quoted.src, e->quoted.dst, 5, 1);
}

static void
timestamp_in_error(struct icmp_error *e)
{
	e->quoted = packet_icmp(e->quoted.src, e->quoted.dst, 13, 0);
}

static void
later_fragment(struct icmp_error *e)
{
	e->quoted.frag = 100;
}

static void
last_hop(struct icmp_error *e)
{
	e->outer.ttl = 1;
}

static void
source_quench(struct icmp_error *e)
{
	e->outer.icmp_type = 4;
	e->outer.icmp_code = 0;
}

static void
redirect(struct icmp_error *e)
{
	e->outer.icmp_type = 5;
}

static void
fragmented(struct icmp_error *e)
{
	e->outer.frag = PACKET_MF;
	e->transport = 20; /* all fragments but the last are multiples of 8 */
}

static void
other_port(struct icmp_error *e)
{
	e->quoted.sport++;
	e->quoted.dport++;
	e->quoted.icmp_rest += 1 << 16;
}

/* What makes an error unfit whichever way it goes. */
static const struct {
	const char *fate;
	void (*change)(struct icmp_error *e);
} changes[] = {{"icmp_bad_csum", bad_csum}, {"icmp_bad_csum", bad_quoted_csum},
	{"icmp_bad_quote", cut_short}, {"icmp_bad_quote", not_ip4},
	{"icmp_bad_quote", other_protocol}, {"icmp_bad_quote", error_in_error},
	{"icmp_bad_quote", redirect_in_error}, {"icmp_bad_quote", timestamp_in_error},
	{"icmp_quote_fragment", later_fragment}, {"ttl_expired", last_hop},
	{"icmp_other", source_quench}, {"icmp_other", redirect}, {"fragment", fragmented},
	{"icmp_no_mapping", other_port}};

static bool
unfit_either_way(void)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
	bool ok = true;

	for (int k = 0; k < 3 && ok; k++) {
		struct icmp_bed bed = icmp_bed_create(protos[k], &(struct cgn_sim_params){0});

		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]) && ok; i++) {
			struct icmp_error out = from_inside(&bed), in = from_outside(&bed);

			changes[i].change(&out);
			changes[i].change(&in);
			ok = icmp_error_ends(&bed, SIM_WAN, &in, changes[i].fate) &&
				icmp_error_ends(&bed, SIM_ACCESS, &out, changes[i].fate);
			if (!ok)
				printf("# protocol %u, %s\n", protos[k], changes[i].fate);
		}
		ok &= CHECK(cgn_sim_n_mappings(bed.sim) == 2);
		ok = icmp_bed_end(&bed, ok);
	}
	return ok;
}

/* Who has nothing to do with the packet is not heard (RFC 6269). */
static bool
foreign_packets(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){0});
	struct icmp_end x1 = icmp_outside(bed.a1), w = icmp_peer();
	struct icmp_error e = from_outside(&bed);
	bool ok;

	e.outer.dst = x1.addr ^ 1; /* another pool address of the tenant */
	ok = icmp_error_ends(&bed, SIM_WAN, &e, "icmp_foreign");
	e.outer.dst = SIM_POOL_B;
	ok = ok && icmp_error_ends(&bed, SIM_WAN, &e, "icmp_foreign");
	e = from_outside(&bed);
	e.quoted = icmp_quoted(IPPROTO_UDP, icmp_inside(bed.a1), w, false);
	ok = ok && icmp_error_ends(&bed, SIM_WAN, &e, "icmp_foreign");
	/* A2 about what A1 gets; A1 about what nobody here gets; to another host than its sender.
	 */
	e = from_inside(&bed);
	e.outer.src = SIM_A2;
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "icmp_foreign");
	e = from_inside(&bed);
	e.quoted.dst = SIM_PEER2;
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "icmp_foreign");
	e = from_inside(&bed);
	e.outer.dst = SIM_PEER2;
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "icmp_foreign");
	/* About what a subscriber has sent, by itself. */
	e = from_inside(&bed);
	e.quoted = icmp_quoted(IPPROTO_UDP, icmp_inside(bed.a1), w, false);
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "icmp_foreign");
	return icmp_bed_end(&bed, ok);
}

/* The outer source is judged like that of every packet, before the error is looked at. */
static bool
forged_sources(void)
{
	static const struct {
		uint32_t src;
		const char *fate;
	} outside[] = {{SIM_A1, "outside_inside_source"}, {0x64500001, "outside_inside_source"},
		{SIM_POOL_A, "outside_own_source"}, {SIM_UPLINK, "outside_own_source"},
		{0x7f000001, "martian_source"}, {0xe0000001, "martian_source"}};
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){0});
	struct icmp_error e;
	bool ok = true;

	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]) && ok; i++) {
		e = from_outside(&bed);
		e.outer.src = outside[i].src;
		ok = icmp_error_ends(&bed, SIM_WAN, &e, outside[i].fate);
	}
	e = from_inside(&bed);
	e.outer.src = 0x0a000001; /* a router inside whose address is not assigned */
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "spoofed_unassigned");
	e.outer.src = 0x6441000a; /* assigned on the other attachment */
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "spoofed_attachment");
	return icmp_bed_end(&bed, ok);
}

/* To the box itself, and about packets that would be its own. */
static bool
own_addresses(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){0});
	struct icmp_error e = from_outside(&bed);
	bool ok;

	e.outer.dst = SIM_UPLINK;
	ok = icmp_error_ends(&bed, SIM_WAN, &e, "outside_service");
	e = from_inside(&bed);
	e.outer.dst = SIM_GATEWAY;
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "inside_service");
	e = from_outside(&bed);
	e.quoted.src = SIM_UPLINK;
	ok = ok && icmp_error_ends(&bed, SIM_WAN, &e, "icmp_foreign");
	e = from_inside(&bed);
	e.quoted.dst = SIM_GATEWAY;
	ok = ok && icmp_error_ends(&bed, SIM_ACCESS, &e, "icmp_foreign");
	return icmp_bed_end(&bed, ok);
}

/* What a subscriber sends are requests and what it gets are answers, never the other way. */
static bool
turned_queries(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_ICMP, &(struct cgn_sim_params){0});
	struct icmp_error in = from_outside(&bed), out = from_inside(&bed);
	bool ok;

	in.quoted.icmp_type = 0;
	out.quoted.icmp_type = 8;
	ok = icmp_error_ends(&bed, SIM_WAN, &in, "icmp_no_mapping") &&
		icmp_error_ends(&bed, SIM_ACCESS, &out, "icmp_no_mapping");
	return icmp_bed_end(&bed, ok);
}

/* Too long for the next link: an error is not answered by "too big". */
static bool
too_long(void)
{
	static const char ports[] = "ports: [{name: access, device: r0, role: inside, mtu: 600}, "
				    "{name: trunk, device: r1, role: inside}, "
				    "{name: wan, device: r2, role: outside, mtu: 600}]\n";
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){.box = ports});
	struct icmp_error in = from_outside(&bed), out = from_inside(&bed);
	bool ok;

	in.quoted.payload_len = out.quoted.payload_len = 601 - 28 - 28;
	ok = icmp_error_ends(&bed, SIM_WAN, &in, "too_big") &&
		icmp_error_ends(&bed, SIM_ACCESS, &out, "too_big");
	return icmp_bed_end(&bed, ok);
}

static bool
later_fragments(void)
{
	struct icmp_bed bed = icmp_bed_create(IPPROTO_UDP, &(struct cgn_sim_params){0});
	bool ok = true;

	for (uint16_t off = 1; off < 0x2000 && ok; off = (uint16_t)(off * 2 + 1)) {
		struct icmp_error e = from_outside(&bed);

		e.quoted.frag = off;
		ok = icmp_error_ends(&bed, SIM_WAN, &e, "icmp_quote_fragment");
		e.quoted.frag = off | PACKET_MF;
		ok = ok && icmp_error_ends(&bed, SIM_WAN, &e, "icmp_quote_fragment");
	}
	return icmp_bed_end(&bed, ok);
}

const struct row_case row_cases_icmp_refused[] = {
	{"broken_and_unfit_errors_end_in_silence", CGN_FATE_ICMP_BAD_CSUM, unfit_either_way},
	{"errors_about_packets_of_others_are_foreign", CGN_FATE_ICMP_FOREIGN, foreign_packets},
	{"errors_from_forged_sources_are_dropped", CGN_FATE_OUTSIDE_OWN_SOURCE, forged_sources},
	{"errors_to_and_about_the_box_are_dropped", CGN_FATE_OUTSIDE_SERVICE, own_addresses},
	{"errors_about_turned_queries_have_no_mapping", CGN_FATE_ICMP_NO_MAPPING, turned_queries},
	{"errors_beyond_the_mtu_are_not_told", CGN_FATE_TOO_BIG, too_long},
	{"errors_about_later_fragments_of_any_offset_are_dropped", CGN_FATE_ICMP_QUOTE_FRAGMENT,
		later_fragments},
};
const uint32_t row_n_cases_icmp_refused = sizeof(row_cases_icmp_refused) /
	sizeof(row_cases_icmp_refused[0]);
