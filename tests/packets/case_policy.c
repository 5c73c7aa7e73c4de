/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a tenant wants done to IPv4 headers: DSCP and options, in every direction and for everything
 * that is forwarded (nat.dscp_out, nat.dscp_in, nat.ip_options; ICM-13, RFC 7126). Header checksums
 * and lengths of all that leaves are checked by the simulator.
 */
#include <string.h>

#include "case.h"
#include "datagram.h"
#include "icmp_bed.h"

enum { IP = 14, TOS = IP + 1, OPTIONS = IP + 20, EF_ECT = 46 << 2 | 2, UNIT = 1480 };

static const uint8_t timestamp[] = {68, 8, 5, 0, 0, 0, 0, 0}, router_alert[] = {148, 4, 0, 0},
		     source_route[] = {131, 7, 4, 100, 64, 0, 9, 0};
static struct datagram sent;

static struct packet_spec
with_options(struct packet_spec s, const uint8_t *opts, uint8_t len)
{
	s.opts = opts;
	s.opts_len = len;
	return s;
}

static struct packet_spec
marked(struct packet_spec s)
{
	s.tos = EF_ECT;
	return s;
}

/* The only frame that comes out; false when there is none or another. */
static bool
comes(struct cgn_sim *sim, uint16_t in, const struct packet_spec *s, uint16_t out,
	struct cgn_sim_frame *f)
{
	cgn_sim_send_spec(sim, in, s);
	cgn_sim_run(sim);
	return CHECK(cgn_sim_receive(sim, out, f)) && CHECK(cgn_sim_n_waiting(sim, out) == 0) &&
		CHECK(packet_l4_csum_is_right(f->bytes + IP));
}

static bool
ends(struct cgn_sim *sim, uint16_t in, const struct packet_spec *s, const char *fate)
{
	uint64_t before = cgn_sim_tenant_fate(sim, "a", fate);

	cgn_sim_send_spec(sim, in, s);
	cgn_sim_run(sim);
	return CHECK(cgn_sim_tenant_fate(sim, "a", fate) == before + 1) &&
		CHECK(cgn_sim_n_waiting(sim, SIM_WAN) + cgn_sim_n_waiting(sim, SIM_ACCESS) == 0);
}

/* From outside to the mapping of an inside end. */
static struct packet_spec
answer(const struct cgn_sim *sim, uint32_t addr, uint16_t port)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, addr, port);

	return packet_udp(
		SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port));
}

/* The type of service of one packet each way and of a hairpin; all are sent as EF with ECT(0). */
static bool
tos_of(struct cgn_sim *sim, uint8_t out, uint8_t in, uint8_t hairpin)
{
	struct packet_spec s = marked(packet_udp(SIM_A1, 5000, SIM_PEER, 53));
	struct cgn_sim_frame f;
	bool ok = comes(sim, SIM_ACCESS, &s, SIM_WAN, &f) && CHECK(f.bytes[TOS] == out);

	s = marked(answer(sim, SIM_A1, 5000));
	ok = ok && comes(sim, SIM_WAN, &s, SIM_ACCESS, &f) && CHECK(f.bytes[TOS] == in);
	s.src = SIM_A2;
	s.sport = 6000;
	return ok && comes(sim, SIM_ACCESS, &s, SIM_ACCESS, &f) && CHECK(f.bytes[TOS] == hairpin);
}

/* As it came, or set for one direction, for both; ECN is nobody's business but the ends'. */
static bool
dscp_each_way(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct cgn_errmsg err;
	bool ok = tos_of(sim, EF_ECT, EF_ECT, EF_ECT);

	ok = ok &&
		CHECK(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = "nat: {dscp_out: 0}\n"},
			      &err) == 0) &&
		tos_of(sim, 2, EF_ECT, 2);
	ok = ok &&
		CHECK(cgn_sim_reload(sim, &(struct cgn_sim_params){.a = "nat: {dscp_in: 63}\n"},
			      &err) == 0) &&
		tos_of(sim, EF_ECT, 63 << 2 | 2, 63 << 2 | 2);
	ok = ok &&
		CHECK(cgn_sim_reload(sim,
			      &(struct cgn_sim_params){.a = "nat: {dscp_out: 10, dscp_in: 12}\n"},
			      &err) == 0) &&
		tos_of(sim, 10 << 2 | 2, 12 << 2 | 2, 12 << 2 | 2);
	return end(sim, ok);
}

/* What is translated by addresses alone is marked like the rest. */
static bool
dscp_without_ports(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "pool: [203.0.113.16/32]\n"
		     "nat: {protocols: [gre], dscp_out: 10, dscp_in: 12, ip_options: clear}\n"});
	struct packet_spec s = marked(packet_udp(SIM_A1, 1, SIM_PEER, 1));
	struct cgn_sim_frame f;
	bool ok;

	s.proto = 47;
	s = with_options(s, timestamp, sizeof(timestamp));
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_receive(sim, SIM_WAN, &f)) && CHECK(f.bytes[TOS] == (10 << 2 | 2)) &&
		CHECK(f.bytes[OPTIONS] == 1 && f.bytes[OPTIONS + 7] == 1);
	s.src = SIM_PEER;
	s.dst = SIM_POOL_A;
	cgn_sim_send_spec(sim, SIM_WAN, &s);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_receive(sim, SIM_ACCESS, &f)) && CHECK(f.bytes[TOS] == (12 << 2 | 2)) &&
		CHECK(f.bytes[OPTIONS] == 1);
	return end(sim, ok);
}

/* Another tenant's wish is no business of this one's, but for hairpins to it. */
static bool
dscp_of_another_tenant(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.b = "nat: {dscp_in: 1}\n"});
	struct packet_spec s = packet_udp(SIM_B1, 5000, SIM_PEER, 53);
	const struct cgn_mapping *m;
	struct cgn_sim_frame f;
	bool ok;

	s.n_tags = 1;
	s.tags[0] = (struct packet_tag){0x8100, 102};
	cgn_sim_send_spec(sim, SIM_TRUNK, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	ok = tos_of(sim, EF_ECT, EF_ECT, EF_ECT);
	m = cgn_sim_mapping(sim, "b", 17, SIM_B1, 5000);
	s = marked(packet_udp(SIM_A1, 5000, rte_be_to_cpu_32(m->outside_addr),
		rte_be_to_cpu_16(m->outside_port)));
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ok = ok && CHECK(cgn_sim_receive(sim, SIM_TRUNK, &f)) &&
		CHECK(f.bytes[TOS + 4] == (1 << 2 | 2));
	return end(sim, ok);
}

/* The quoted packet is not marked: the sender has to know it again. */
static bool
dscp_of_icmp_errors(void)
{
	struct icmp_bed bed = icmp_bed_create(
		17, &(struct cgn_sim_params){.a = "nat: {dscp_out: 7, dscp_in: 9}\n"});
	struct icmp_error e = {.outer = packet_icmp(ICMP_ROUTER, icmp_outside(bed.a1).addr, 11, 0),
		.quoted = icmp_quoted(17, icmp_outside(bed.a1), icmp_peer(), false)};
	bool ok;

	icmp_error_send(&bed, SIM_WAN, &e);
	e.outer.dst = icmp_inside(bed.a1).addr;
	e.outer.tos = 9 << 2;
	e.quoted = icmp_quoted(17, icmp_inside(bed.a1), icmp_peer(), false);
	ok = icmp_error_came(&bed, SIM_ACCESS, &e);
	e = (struct icmp_error){.outer = packet_icmp(icmp_inside(bed.a1).addr, SIM_PEER, 3, 3),
		.quoted = icmp_quoted(17, icmp_peer(), icmp_inside(bed.a1), false)};
	icmp_error_send(&bed, SIM_ACCESS, &e);
	e.outer.src = icmp_outside(bed.a1).addr;
	e.outer.tos = 7 << 2;
	e.quoted = icmp_quoted(17, icmp_peer(), icmp_outside(bed.a1), false);
	ok = ok && icmp_error_came(&bed, SIM_WAN, &e);
	return icmp_bed_end(&bed, ok);
}

/* First and later ones, held or not, and the pieces of what is cut. */
static bool
dscp_of_fragments(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "nat: {dscp_out: 33, ip_options: clear}\n"});
	struct packet_spec s = with_options(
		packet_udp(SIM_A1, 5000, SIM_PEER, 53), router_alert, sizeof(router_alert));
	static const uint32_t order[] = {2, 0, 1};
	struct cgn_sim_frame f;
	bool ok = true;
	uint32_t n = 0;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	for (uint32_t i = 0; i < 3; i++)
		datagram_send(sim, SIM_ACCESS, &sent, order[i] * 1472, 1472);
	cgn_sim_run(sim);
	for (; cgn_sim_receive(sim, SIM_WAN, &f); n++)
		ok &= CHECK(f.bytes[TOS] == 33 << 2) &&
			CHECK(memcmp(f.bytes + OPTIONS, "\1\1\1\1", 4) == 0);
	return end(sim, ok && CHECK(n == 3));
}

static bool
options_pass(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct packet_spec s = with_options(
		packet_udp(SIM_A1, 5000, SIM_PEER, 53), timestamp, sizeof(timestamp));
	struct cgn_sim_frame f;
	bool ok = comes(sim, SIM_ACCESS, &s, SIM_WAN, &f) &&
		CHECK(memcmp(f.bytes + OPTIONS, timestamp, sizeof(timestamp)) == 0);

	s = with_options(answer(sim, SIM_A1, 5000), router_alert, sizeof(router_alert));
	ok = ok && comes(sim, SIM_WAN, &s, SIM_ACCESS, &f) &&
		CHECK(memcmp(f.bytes + OPTIONS, router_alert, sizeof(router_alert)) == 0);
	return end(sim, ok);
}

static bool
options_are_cleared(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "nat: {ip_options: clear}\n"});
	static const uint8_t odd[] = {7, 7, 4, 1, 2, 3, 4}; /* record route; then a zero to 4 */
	struct packet_spec s = with_options(
		packet_tcp(SIM_A1, 5000, SIM_PEER, 80, 0x02), timestamp, sizeof(timestamp));
	struct cgn_sim_frame f;
	bool ok = comes(sim, SIM_ACCESS, &s, SIM_WAN, &f) &&
		CHECK(memcmp(f.bytes + OPTIONS, "\1\1\1\1\1\1\1\1", 8) == 0);

	s = with_options(packet_udp(SIM_A1, 5000, SIM_PEER, 53), odd, sizeof(odd));
	ok = ok && comes(sim, SIM_ACCESS, &s, SIM_WAN, &f) &&
		CHECK(memcmp(f.bytes + OPTIONS, "\1\1\1\1\1\1\1\1", 8) == 0);
	s = with_options(answer(sim, SIM_A1, 5000), odd, sizeof(odd));
	ok = ok && comes(sim, SIM_WAN, &s, SIM_ACCESS, &f) &&
		CHECK(memcmp(f.bytes + OPTIONS, "\1\1\1\1\1\1\1\1", 8) == 0);
	s.src = SIM_A2;
	ok = ok && comes(sim, SIM_ACCESS, &s, SIM_ACCESS, &f) &&
		CHECK(memcmp(f.bytes + OPTIONS, "\1\1\1\1\1\1\1\1", 8) == 0);
	return end(sim, ok);
}

/* Both ways, as a hairpin, and whatever it carries; without options everything goes on. */
static bool
options_are_dropped(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "nat: {ip_options: drop}\n"});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_sim_frame f;
	bool ok = comes(sim, SIM_ACCESS, &s, SIM_WAN, &f);

	s = with_options(s, router_alert, sizeof(router_alert));
	ok = ok && ends(sim, SIM_ACCESS, &s, "ip_options");
	s = with_options(packet_icmp(SIM_A1, SIM_PEER, 3, 3), timestamp, sizeof(timestamp));
	ok = ok && ends(sim, SIM_ACCESS, &s, "ip_options");
	s = with_options(answer(sim, SIM_A1, 5000), router_alert, sizeof(router_alert));
	ok = ok && ends(sim, SIM_WAN, &s, "ip_options");
	s.src = SIM_A2;
	ok = ok && ends(sim, SIM_ACCESS, &s, "ip_options");
	s = answer(sim, SIM_A1, 5000);
	return end(sim, ok && comes(sim, SIM_WAN, &s, SIM_ACCESS, &f));
}

/* Options are in the first fragment, or in all: the datagram ends in any case. */
static bool
options_of_fragments_are_dropped(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "nat: {ip_options: drop}\n"});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	bool ok;

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	datagram_send(sim, SIM_ACCESS, &sent, UNIT, UNIT);
	s = with_options(s, timestamp, sizeof(timestamp));
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	datagram_send(sim, SIM_ACCESS, &sent, 0, UNIT);
	s.opts_len = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	datagram_send(sim, SIM_ACCESS, &sent, 2 * UNIT, UNIT);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", "ip_options") == 3) &&
		CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	return end(sim, ok);
}

/* Whatever is said about options (RFC 5508 section 7.3). */
static bool
source_routes_are_refused(void)
{
	static const char *const says[] = {"nat: {ip_options: pass}\n",
		"nat: {ip_options: clear}\n", "nat: {ip_options: drop}\n"};
	bool ok = true;

	for (int i = 0; i < 3 && ok; i++) {
		struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = says[i]});
		struct packet_spec s = with_options(
			packet_udp(SIM_A1, 5000, SIM_PEER, 53), source_route, sizeof(source_route));

		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		cgn_sim_run(sim);
		ok = CHECK(cgn_sim_fate(sim, "source_route") == 1) &&
			CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
		ok = end(sim, ok);
	}
	return ok;
}

const struct row_case row_cases_policy[] = {
	{"dscp_is_kept_or_set_each_way", CGN_FATE_NONE, dscp_each_way},
	{"dscp_and_options_without_ports", CGN_FATE_IN2OUT, dscp_without_ports},
	{"dscp_of_another_tenant_marks_only_what_goes_there", CGN_FATE_NONE,
		dscp_of_another_tenant},
	{"dscp_of_icmp_errors_is_set_and_their_quotes_are_left", CGN_FATE_NONE,
		dscp_of_icmp_errors},
	{"all_fragments_are_marked_alike", CGN_FATE_NONE, dscp_of_fragments},
	{"options_pass_unless_told_otherwise", CGN_FATE_NONE, options_pass},
	{"options_are_cleared_in_place", CGN_FATE_NONE, options_are_cleared},
	{"packets_with_options_are_dropped", CGN_FATE_IP_OPTIONS, options_are_dropped},
	{"options_of_one_fragment_end_the_datagram", CGN_FATE_IP_OPTIONS,
		options_of_fragments_are_dropped},
	{"source_routes_are_refused_whatever_is_configured", CGN_FATE_SOURCE_ROUTE,
		source_routes_are_refused},
};
const uint32_t row_n_cases_policy = sizeof(row_cases_policy) / sizeof(row_cases_policy[0]);
