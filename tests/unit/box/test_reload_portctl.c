/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit mappings under a reload: what NAT-PMP, PCP and the operator had asked for moves, stays
 * or ends, and its clients are told (RFC 6886 section 3.2.1, RFC 6887 sections 8.5 and 14.2).
 */
#include <string.h>

#include <criterion/criterion.h>

#include "control.h"
#include "sim.h"

#define ON "portctl: {natpmp: true, pcp: true}\n"
#define MOVED_POOL "pool: [203.0.113.64/28]\n"
enum { MOVED_POOL_FIRST = 0xcb007140, OPCODE_AT = 1, CLIENT_PORT = 40000 };

static struct cgn_sim *sim;
static struct cgn_control *c;

static void
start_with(const struct cgn_sim_params *params)
{
	cgn_sim_eal();
	sim = cgn_sim_create(params);
	c = sim->box->control;
	cgn_sim_run(sim);
}

static void
flush_inside(void)
{
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
}

/* The announcements of the start are over. */
static void
settle(void)
{
	cgn_sim_elapse_s(sim, 200);
	flush_inside();
}

static void
reload(const struct cgn_sim_params *params)
{
	struct cgn_errmsg err;

	cr_assert_eq(cgn_sim_reload(sim, params, &err), 0, "%s", err.text);
}

static void
finish(void)
{
	cr_expect(cgn_sim_is_sound(sim));
	cgn_sim_elapse_s(sim, 8000);
	cr_expect_eq(c->explicits.n_used, 0);
	cr_expect_eq(c->filters.n_used, 0);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	cgn_sim_destroy(sim);
}

TestSuite(reload_portctl, .fini = finish);

static struct cgn_explicit_ask
ask_of(enum cgn_explicit_origin origin, uint32_t inside, uint16_t port)
{
	return (struct cgn_explicit_ask){.origin = origin,
		.inside = cgn_directory_inside_find(c->dp->dir, 0, inside),
		.proto = CGN_UDP,
		.inside_port = port,
		.lifetime_s = 3600,
		.nonce = {7, 7},
		.client_addr = inside,
		.client_port = CLIENT_PORT,
		.n_ports = 1};
}

static struct cgn_explicit_answer
grant(const struct cgn_explicit_ask *ask)
{
	struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];
	uint32_t n;

	cr_assert_eq(cgn_explicit_ops.ask(c, ask, answers, &n), CGN_EXPLICIT_OK);
	cgn_sim_run(sim);
	return answers[0];
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The next UDP datagram from the service port on the access link, as its IPv4 header; NULL: none.
 */
static const uint8_t *
next_datagram(void)
{
	static struct cgn_sim_frame f;

	while (cgn_sim_receive(sim, SIM_ACCESS, &f))
		if (f.bytes[12] == 8 && f.bytes[13] == 0 && f.bytes[23] == 17 &&
			get16(f.bytes + 34) == 5351)
			return f.bytes + 14;
	return NULL;
}

/* Datagrams to the client among those that wait; *last: payload of the last one. */
static uint32_t
n_updates(uint8_t last[256])
{
	const uint8_t *ip;
	uint32_t n = 0;

	while ((ip = next_datagram()) != NULL) {
		if (get16(ip + 22) != CLIENT_PORT)
			continue;
		memcpy(last, ip + 28, get16(ip + 24) - 8u);
		n++;
	}
	return n;
}

/* Payload version (0 or 2) of announcements to all hosts that wait on the access link. */
static uint32_t
n_announced(uint8_t version, uint32_t *addr)
{
	const uint8_t *ip;
	uint32_t n = 0;

	while ((ip = next_datagram()) != NULL) {
		if (get32(ip + 16) != 0xe0000001 || ip[28] != version)
			continue;
		*addr = get32(ip + 28 + 8);
		n++;
	}
	return n;
}

/* The box learns where the client is. */
static void
greet(void)
{
	struct packet_spec s = packet_udp(SIM_A1, 4000, SIM_PEER, 53);

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
}

/* PCP-61: RFC 6887 section 14.2. */
Test(reload_portctl, client_of_a_renumbered_mapping_is_told_three_times)
{
	struct cgn_explicit_ask ask;
	struct cgn_explicit_answer was;
	uint8_t m[256] = {0};

	start_with(&(struct cgn_sim_params){.a = ON, .seed = 3});
	settle();
	ask = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, 8000);
	ask.n_filters = 1;
	ask.filters[0] = (struct cgn_portctl_filter){.addr = SIM_PEER, .prefix_len = 32};
	was = grant(&ask);
	greet();
	flush_inside();
	reload(&(struct cgn_sim_params){.a = ON MOVED_POOL});
	cgn_sim_elapse_s(sim, 1);
	cr_expect_eq(n_updates(m), 1);
	cr_expect_eq(m[0], 2, "PCP");
	cr_expect_eq(m[OPCODE_AT], 0x81, "an answer to MAP");
	cr_expect_eq(get16(m + 2), 0, "success");
	cr_expect_leq(get32(m + 4), 3600u);
	cr_expect_leq(get32(m + 8), 1u, "of the new epoch");
	cr_expect_eq(m[24], 7, "its nonce");
	cr_expect_eq(m[36], 17);
	cr_expect_eq(get16(m + 40), 8000);
	cr_expect_eq(get16(m + 42), was.port, "the same port, since it is free there");
	cr_expect_eq(get32(m + 56) & ~15u, MOVED_POOL_FIRST, "an address of the new pool");
	cr_expect_eq(m[60], 3, "FILTER");
	cgn_sim_jump_ms(sim, 200);
	cr_expect_eq(n_updates(m), 0, "not within 250 ms");
	cgn_sim_elapse_s(sim, 3);
	cr_expect_eq(n_updates(m), 1);
	cgn_sim_elapse_s(sim, 60);
	cr_expect_eq(n_updates(m), 1, "three of them, and no more");
}

Test(reload_portctl, a_client_that_refreshes_is_told_no_more)
{
	struct cgn_explicit_ask ask;
	uint8_t m[256];

	start_with(&(struct cgn_sim_params){.a = ON, .seed = 3});
	settle();
	ask = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, 8000);
	grant(&ask);
	greet();
	reload(&(struct cgn_sim_params){.a = ON MOVED_POOL});
	cgn_sim_elapse_s(sim, 1);
	cr_expect_eq(n_updates(m), 1);
	cr_expect_geq(grant(&ask).addr, (uint32_t)MOVED_POOL_FIRST);
	cgn_sim_elapse_s(sim, 60);
	cr_expect_eq(n_updates(m), 0);
}

/* The client was silent for long: its MAC has to be asked for first, and no copy is lost by that.
 */
Test(reload_portctl, a_client_without_a_known_mac_gets_all_copies)
{
	struct cgn_explicit_ask ask;
	uint8_t m[256];

	start_with(&(struct cgn_sim_params){.a = ON, .seed = 3});
	settle();
	ask = ask_of(CGN_EXPLICIT_PCP_PEER, SIM_A1, 8000);
	ask.peer_addr = SIM_PEER;
	ask.peer_port = 53;
	grant(&ask);
	cgn_sim_elapse_s(sim, 300);
	flush_inside();
	reload(&(struct cgn_sim_params){.a = ON MOVED_POOL});
	cgn_sim_elapse_s(sim, 60);
	cr_expect_eq(n_updates(m), 3);
	cr_expect_eq(m[OPCODE_AT], 0x82, "an answer to PEER");
}

/* PCP-27: the tenant's epoch begins anew, and no other's. */
Test(reload_portctl, epoch_of_the_tenant_alone_begins_anew)
{
	struct cgn_explicit_ask ask;
	uint32_t addr;

	start_with(&(struct cgn_sim_params){.a = ON, .b = ON, .seed = 3});
	settle();
	ask = ask_of(CGN_EXPLICIT_NATPMP, SIM_A1, 8000);
	grant(&ask);
	reload(&(struct cgn_sim_params){.a = ON MOVED_POOL, .b = ON});
	cr_expect_eq(cgn_epoch_at(&c->epochs[0], c->now), 0);
	cr_expect_geq(cgn_epoch_at(&c->epochs[1], c->now), 200u);
	cgn_sim_elapse_s(sim, 200);
	cr_expect_eq(n_announced(2, &addr), 10, "one train");
}

/* PMP-36: it is told its new address, though it has asked for no mapping. */
Test(reload_portctl, one_subscriber_of_an_attachment_is_told_its_new_address)
{
#define ONE                                                                                        \
	ON "attachments: [{port: access, address: 100.64.0.1/30, subscribers: [{prefix: "          \
	   "100.64.0.2/32}]}]\n"
	uint32_t addr = 0;

	start_with(&(struct cgn_sim_params){.a = ONE, .seed = 3});
	settle();
	reload(&(struct cgn_sim_params){.a = ONE MOVED_POOL});
	cgn_sim_elapse_s(sim, 200);
	cr_expect_eq(n_announced(0, &addr), 10);
	cr_expect_eq(addr & ~15u, MOVED_POOL_FIRST);
}

Test(reload_portctl, an_attachment_that_goes_is_announced_to_no_more)
{
	struct cgn_errmsg err;

	start_with(&(struct cgn_sim_params){.a = ON, .b = ON, .seed = 3});
	cgn_sim_jump_s(sim, 1); /* in the middle of the first trains */
	cr_assert_eq(
		cgn_sim_reload(sim,
			&(struct cgn_sim_params){.box = "tenants: [b]\n", .a = ON, .b = ON}, &err),
		0, "%s", err.text);
	flush_inside();
	cgn_sim_elapse_s(sim, 200);
	cr_expect_eq(cgn_sim_n_waiting(sim, SIM_ACCESS), 0);
	cr_expect_gt(cgn_sim_n_waiting(sim, SIM_TRUNK), 0);
}

/* PMP-42: what a service made ends when the service is switched off; the other's stays. */
Test(reload_portctl, a_service_that_is_switched_off_takes_its_mappings_along)
{
	struct cgn_explicit_ask pmp, pcp;

	start_with(&(struct cgn_sim_params){.a = ON, .seed = 3});
	settle();
	pmp = ask_of(CGN_EXPLICIT_NATPMP, SIM_A1, 8000);
	pcp = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, 9000);
	grant(&pmp);
	grant(&pcp);
	reload(&(struct cgn_sim_params){.a = "portctl: {natpmp: false, pcp: true}\n"});
	cr_expect_null(cgn_sim_mapping(sim, "a", 17, SIM_A1, 8000));
	cr_expect_not_null(cgn_sim_mapping(sim, "a", 17, SIM_A1, 9000));
	cr_expect_eq(c->explicits.n_used, 1);
	reload(&(struct cgn_sim_params){.a = "portctl: {natpmp: false, pcp: false}\n"});
	cr_expect_eq(c->explicits.n_used, 0);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
}

/* PMP-42, also when its address goes at the same time: it is not moved to an entry that the sweep
 * has passed. */
Test(reload_portctl, what_is_served_no_more_is_not_moved_either)
{
	struct cgn_explicit_ask ask;

	start_with(&(struct cgn_sim_params){.a = ON "timeouts: {port_rest_s: 0}\n", .seed = 3});
	settle();
	ask = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, 8000);
	grant(&ask);
	for (uint16_t port = 8001; port < 8004; port++) {
		struct cgn_explicit_ask other = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, port);

		grant(&other);
	}
	ask.lifetime_s = 0;
	grant(&ask); /* the first entry of the table becomes free */
	cgn_sim_elapse_s(sim, 1);
	cr_assert_eq(c->explicits.n_used, 3);
	reload(&(struct cgn_sim_params){.a = "portctl: {pcp: false}\n" MOVED_POOL});
	cr_expect_eq(c->explicits.n_used, 0);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
}

/* Shorter timeouts hold for what is there, from the reload on. */
Test(reload_portctl, timeouts_apply_to_mappings_that_are_there)
{
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	start_with(&(struct cgn_sim_params){.a = "timeouts: {udp_s: 3600}\n", .seed = 3});
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	reload(&(struct cgn_sim_params){.a = "timeouts: {udp_s: 120}\n"});
	cgn_sim_elapse_s(sim, 119);
	cr_expect_eq(cgn_sim_n_mappings(sim), 1);
	cgn_sim_elapse_s(sim, 5);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
}

/* What could not be set stands in the configuration still, so that the next reload sets it. */
Test(reload_portctl, a_port_forward_that_had_no_place_is_set_by_the_next_reload)
{
#define FORWARD                                                                                    \
	"static: [{protocol: udp, inside: 100.64.0.10, inside_port: 5000, outside: 203.0.113.20, " \
	"outside_port: 8080}]\n"
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER, 53);

	start_with(&(struct cgn_sim_params){.seed = 3});
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	reload(&(struct cgn_sim_params){.a = FORWARD});
	cr_expect_eq(c->change.count.statics_failed, 1);
	cgn_sim_elapse_s(sim, 1000);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	reload(&(struct cgn_sim_params){.a = FORWARD "quota: {burst: 99}\n"});
	cr_expect_eq(c->change.count.statics_added, 1);
	cr_expect_eq(c->change.count.statics_failed, 0);
	reload(&(struct cgn_sim_params){.a = FORWARD});
	cr_expect_eq(c->change.count.statics_added, 0, "it is there");
	reload(&(struct cgn_sim_params){0});
	cr_expect_eq(c->change.count.statics_gone, 1);
}

/* RFC 6886 section 3.4: the port of a deleted mapping rests as long as its connection might; its
 * subscriber is served from another address meanwhile, also after port_rest_s. */
Test(reload_portctl, an_address_that_is_lost_gives_no_port_while_its_last_ones_rest)
{
	struct packet_spec s = packet_tcp(SIM_A1, 8000, SIM_PEER, 80, 0x02);
	struct cgn_explicit_ask ask;

	start_with(&(struct cgn_sim_params){.a = ON, .seed = 3});
	ask = ask_of(CGN_EXPLICIT_NATPMP, SIM_A1, 8000);
	ask.proto = CGN_TCP;
	grant(&ask);
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	ask.lifetime_s = 0;
	grant(&ask);
	reload(&(struct cgn_sim_params){.a = ON MOVED_POOL});
	cgn_sim_elapse_s(sim, 130);
	s.sport = 8001;
	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cr_expect_geq(rte_be_to_cpu_32(cgn_sim_mapping(sim, "a", 6, SIM_A1, 8001)->outside_addr),
		(uint32_t)MOVED_POOL_FIRST);
}
