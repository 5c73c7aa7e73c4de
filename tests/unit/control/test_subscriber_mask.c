/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Subscribers of several addresses (subscriber_mask): what their addresses have in common, what
 * each has for itself, and what a reload with another mask does (CGN-02, CGN-05). Packets
 * through a whole box.
 */
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "control.h"
#include "lease.h"
#include "pool_fixture.h"
#include "sim.h"

#define ATTACHED(mask)                                                                             \
	"attachments:\n"                                                                           \
	"  - port: access\n"                                                                       \
	"    address: 100.64.0.1/22\n"                                                             \
	"    binding: access\n"                                                                    \
	"    subscribers: [{prefix: 100.64.0.0/24, subscriber_mask: " mask "}, "                   \
	"{prefix: 100.64.1.0/24}]\n"

/* SIM_A1 and SIM_A2 are of one subscriber, 100.64.0.8/29; the last two by themselves. */
enum { LEAST = 0x64400008, NEXT = 0x64400010, ALONE = 0x64400105, ALONE2 = 0x64400106 };

static struct cgn_sim *sim;
static struct cgn_control *c;
static struct cgn_explicit_answer answers[CGN_EXPLICIT_MAX_ANSWERS];

static void
start_with(const char *box, const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = a, .seed = 5});
	c = sim->box->control;
	cgn_sim_run(sim);
}

/* What is in common is counted in one place, so that nothing may be left in another. */
static void
finish(void)
{
	cr_expect(pool_is_consistent(c->pool));
	cr_expect(cgn_sim_is_sound(sim));
	cgn_sim_elapse_s(sim, 9000);
	cr_expect_eq(c->explicits.n_used, 0);
	cr_expect_eq(cgn_sim_n_mappings(sim), 0);
	cr_expect_eq(c->pool->use[0].blocks, 0);
	for (uint32_t i = 0; i < c->dp->dir->n_inside; i++) {
		cr_expect_eq(cgn_use_total(&c->subscribers[i].use), 0);
		cr_expect_eq(c->subscribers[i].use.explicit_mappings, 0);
		cr_expect_eq(c->subscribers[i].n_blocks, 0);
	}
	cr_expect(pool_is_consistent(c->pool));
	cgn_sim_destroy(sim);
}

TestSuite(subscriber_mask, .fini = finish);

static void
send_spec(uint32_t src, uint16_t port)
{
	struct packet_spec s = packet_udp(src, port, SIM_PEER, 53);

	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &s));
	cgn_sim_run(sim);
}

static const struct cgn_mapping *
mapping(uint32_t src, uint16_t port)
{
	return cgn_sim_mapping(sim, "a", 17, src, port);
}

static uint32_t
inside_of(uint32_t addr)
{
	uint32_t inside = cgn_directory_inside_find(c->dp->dir, 0, addr);

	cr_assert_neq(inside, CGN_NONE);
	return inside;
}

static const struct cgn_subscriber *
kept_under(uint32_t addr)
{
	return &c->subscribers[inside_of(addr)];
}

static struct cgn_explicit_ask
ask_of(enum cgn_explicit_origin origin, uint32_t addr, uint16_t port)
{
	return (struct cgn_explicit_ask){.origin = origin,
		.inside = inside_of(addr),
		.proto = CGN_UDP,
		.inside_port = port,
		.lifetime_s = 3600,
		.nonce = {7},
		.client_addr = addr,
		.client_port = 5350,
		.n_ports = 1};
}

static enum cgn_explicit_result
ask(const struct cgn_explicit_ask *q)
{
	uint32_t n;
	enum cgn_explicit_result result = cgn_explicit_ops.ask(c, q, answers, &n);

	cgn_sim_run(sim);
	return result;
}

Test(subscriber_mask, addresses_share_the_outside_address_and_its_blocks)
{
	start_with(NULL, ATTACHED("29") "ports: {block_size: 64, max_blocks: 1}\n");
	for (uint16_t p = 0; p < 40; p++)
		send_spec(p % 2 == 0 ? SIM_A1 : SIM_A2, (uint16_t)(5000 + p));
	for (uint16_t p = 0; p < 40; p++) {
		const struct cgn_mapping *m = mapping(
			p % 2 == 0 ? SIM_A1 : SIM_A2, (uint16_t)(5000 + p));

		cr_assert_not_null(m);
		cr_expect_eq(m->outside_addr, mapping(SIM_A1, 5000)->outside_addr);
	}
	cr_expect_eq(kept_under(LEAST)->n_blocks, 1);
	cr_expect_eq(kept_under(LEAST)->use.mappings[CGN_UDP], 40);
	cr_expect_eq(kept_under(SIM_A1)->n_blocks, 0);
	cr_expect_eq(cgn_use_total(&kept_under(SIM_A2)->use), 0);
	for (uint16_t p = 0; p < 40; p++)
		send_spec(SIM_A2, (uint16_t)(6000 + p));
	cr_expect_eq(kept_under(LEAST)->n_blocks, 1, "max_blocks is of both together");
	cr_expect_eq(cgn_sim_tenant_n_mappings(sim, "a"), 64);
	cr_expect_eq(cgn_sim_tenant_fate(sim, "a", "no_ports"), 16);
	send_spec(NEXT, 5000);
	cr_expect_not_null(mapping(NEXT, 5000), "another subscriber has blocks of its own");
}

Test(subscriber_mask, quota_is_hit_by_the_sum)
{
	start_with(NULL, ATTACHED("29") "quota: {subscriber: {udp: 3}}\n");
	send_spec(SIM_A1, 5000);
	send_spec(SIM_A2, 5000);
	send_spec(SIM_A1, 5001);
	send_spec(SIM_A2, 5001);
	cr_expect_eq(cgn_sim_tenant_fate(sim, "a", "quota_subscriber_udp"), 1);
	cr_expect_null(mapping(SIM_A2, 5001));
	cr_expect_neq(kept_under(LEAST)->last_refusal, CGN_FATE_NONE);
	send_spec(ALONE, 5000);
	send_spec(ALONE2, 5000);
	cr_expect_eq(cgn_sim_tenant_n_mappings(sim, "a"), 5);
	cgn_sim_elapse_s(sim, 1000);
	send_spec(SIM_A2, 5001);
	cr_expect_not_null(mapping(SIM_A2, 5001), "what has ended counts no more");
}

Test(subscriber_mask, workers_count_first_packets_and_requests_by_the_subscriber)
{
	struct packet_spec request = packet_udp(SIM_A2, 6000, SIM_GATEWAY, 5351);

	start_with("punt: {subscriber_per_s: 1, subscriber_burst: 2}\n",
		ATTACHED("29") "portctl: {natpmp: true, requests_per_s: 1, burst: 2}\n");
	send_spec(SIM_A1, 5000);
	send_spec(SIM_A1, 5001);
	send_spec(SIM_A2, 5000);
	cr_expect_eq(cgn_sim_tenant_fate(sim, "a", "punt_subscriber_rate"), 1);
	send_spec(NEXT, 5000);
	cr_expect_eq(cgn_sim_tenant_fate(sim, "a", "punt_subscriber_rate"), 1);
	request.payload = (const uint8_t[]){0, 0};
	request.payload_len = 2;
	for (int i = 0; i < 4; i++) {
		request.src = i % 2 == 0 ? SIM_A1 : SIM_A2;
		cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &request));
		cgn_sim_run(sim);
	}
	cr_expect_eq(cgn_sim_tenant_fate(sim, "a", "portctl_rate"), 2);
}

/* What each asks for is its own (SEED rules: a mapping leads to the request's source). */
Test(subscriber_mask, no_address_renews_or_deletes_what_another_has_asked_for)
{
	struct cgn_explicit_ask first, other;
	uint32_t outside;

	start_with(NULL,
		ATTACHED("29") "quota: {subscriber: {explicit: 2}}\n"
			       "portctl: {natpmp: true, pcp: true}\n");
	first = ask_of(CGN_EXPLICIT_NATPMP, SIM_A1, 8080);
	other = ask_of(CGN_EXPLICIT_NATPMP, SIM_A2, 8080);
	cr_assert_eq(ask(&first), CGN_EXPLICIT_OK);
	outside = mapping(SIM_A1, 8080)->outside_port;
	other.lifetime_s = 0;
	ask(&other);
	cr_assert_not_null(mapping(SIM_A1, 8080));
	cr_expect_eq(
		cgn_explicit_ops.delete_all(c, 0, inside_of(SIM_A2), CGN_UDP), CGN_EXPLICIT_OK);
	cr_assert_not_null(mapping(SIM_A1, 8080), "delete-all is of one address");

	other.lifetime_s = 3600;
	cr_assert_eq(ask(&other), CGN_EXPLICIT_OK);
	cr_expect_eq(mapping(SIM_A2, 8080)->outside_addr, mapping(SIM_A1, 8080)->outside_addr);
	cr_expect_neq(mapping(SIM_A2, 8080)->outside_port, outside);
	cr_expect_eq(mapping(SIM_A1, 8080)->outside_port, outside);
	other.inside_port = 8081;
	cr_expect_eq(ask(&other), CGN_EXPLICIT_QUOTA, "the quota is one");
	cr_expect_eq(kept_under(LEAST)->use.explicit_mappings, 2);

	cgn_explicit_ops.delete_all(c, 0, inside_of(SIM_A1), CGN_UDP);
	cr_expect_null(mapping(SIM_A1, 8080));
	cr_expect_not_null(mapping(SIM_A2, 8080));
}

Test(subscriber_mask, a_set_is_not_of_the_mappings_of_another_address)
{
	struct cgn_explicit_ask set;

	start_with(NULL, ATTACHED("29") "portctl: {natpmp: true, pcp: true}\n");
	set = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, 9000);
	cr_assert_eq(ask(&set), CGN_EXPLICIT_OK);
	set = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A2, 8998);
	set.n_ports = 4096; /* more than are looked up one by one */
	cr_assert_eq(ask(&set), CGN_EXPLICIT_OK);
	cr_expect_eq(answers[0].n_ports > 2, true, "9000 is free for this address");
	cr_expect_not_null(mapping(SIM_A2, 9000));
	cr_expect_neq(mapping(SIM_A1, 9000)->outside_port, mapping(SIM_A2, 9000)->outside_port);
}

Test(subscriber_mask, a_port_rests_for_all_addresses_of_the_subscriber)
{
	struct cgn_explicit_ask q;
	rte_be16_t outside;

	start_with(NULL, ATTACHED("29") "portctl: {natpmp: true, pcp: true}\n");
	q = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A1, 8080);
	cr_assert_eq(ask(&q), CGN_EXPLICIT_OK);
	outside = mapping(SIM_A1, 8080)->outside_port;
	q.lifetime_s = 0;
	ask(&q);
	cr_assert_null(mapping(SIM_A1, 8080));

	q = ask_of(CGN_EXPLICIT_PCP_MAP, ALONE, 8080);
	q.suggested_port = rte_be_to_cpu_16(outside);
	q.suggested_addr = c->dp->dir->pool_addrs[kept_under(LEAST)->pool];
	cr_assert_eq(ask(&q), CGN_EXPLICIT_OK);
	cr_expect(mapping(ALONE, 8080)->pool != kept_under(LEAST)->pool ||
		mapping(ALONE, 8080)->outside_port != outside);
	q = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A2, 8081);
	q.suggested_port = rte_be_to_cpu_16(outside);
	cr_assert_eq(ask(&q), CGN_EXPLICIT_OK);
	cr_expect_eq(mapping(SIM_A2, 8081)->outside_port, outside);
}

Test(subscriber_mask, clearing_is_of_the_subscriber)
{
	struct cgn_clear clear = {.tenant = 0};

	start_with(NULL, ATTACHED("29"));
	send_spec(SIM_A1, 5000);
	send_spec(SIM_A2, 5000);
	send_spec(NEXT, 5000);
	clear.inside = inside_of(SIM_A2);
	while (!clear.is_over) {
		cgn_clear_slice(c, &clear);
		cgn_sim_run(sim);
	}
	cr_expect_eq(clear.n, 2);
	cr_expect_null(mapping(SIM_A1, 5000));
	cr_expect_not_null(mapping(NEXT, 5000));
}

/* In the journal a block is of an address; which of them was the least may have changed. */
Test(subscriber_mask, a_block_of_the_journal_is_of_the_subscriber_of_its_address)
{
	struct cgn_journal_record r = {.type = CGN_JOURNAL_LEASE,
		.tenant = "a",
		.inside_addr = SIM_A2,
		.outside_addr = SIM_POOL_A + 3,
		.outside_port = 8192,
		.set_size = 512,
		.at_utc_s = (uint64_t)time(NULL)};

	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = ATTACHED("29") "ports: {block_size: 512}\n", .seed = 5});
	c = sim->box->control;
	cr_assert(cgn_state_restore_lease(c, &r));
	cr_expect_eq(kept_under(LEAST)->n_blocks, 1);
	cr_expect_eq(kept_under(SIM_A2)->n_blocks, 0);
	cgn_sim_run(sim);
	send_spec(SIM_A1, 5000);
	cr_expect_eq(rte_be_to_cpu_32(mapping(SIM_A1, 5000)->outside_addr), SIM_POOL_A + 3);
}

static void
reload(const char *a)
{
	struct cgn_errmsg err = {""};

	cr_assert_eq(
		cgn_sim_reload(sim, &(struct cgn_sim_params){.a = a}, &err), 0, "%s", err.text);
	cr_expect(pool_is_consistent(c->pool));
}

Test(subscriber_mask, another_mask_ends_what_is_there_and_tells_clients)
{
	uint32_t was, epoch;
	struct cgn_explicit_ask q;

	start_with(NULL, ATTACHED("32") "portctl: {natpmp: true, pcp: true}\n");
	q = ask_of(CGN_EXPLICIT_PCP_MAP, SIM_A2, 8080);
	cr_assert_eq(ask(&q), CGN_EXPLICIT_OK);
	send_spec(SIM_A1, 5000);
	send_spec(ALONE, 5000);
	cgn_sim_elapse_s(sim, 20);
	was = inside_of(SIM_A1);
	epoch = cgn_explicit_ops.epoch(c, 0);
	reload(ATTACHED("29") "portctl: {natpmp: true, pcp: true}\n");
	cr_expect_null(mapping(SIM_A1, 5000));
	cr_expect_null(mapping(SIM_A2, 8080));
	cr_expect_not_null(mapping(ALONE, 5000), "its mask is as it was");
	cr_expect_eq(cgn_use_total(&c->subscribers[was].use), 0);
	cr_expect_eq(c->explicits.n_used, 0);
	cr_expect_lt(cgn_explicit_ops.epoch(c, 0), epoch);

	send_spec(SIM_A1, 5000);
	send_spec(SIM_A2, 5000);
	cr_expect_eq(mapping(SIM_A1, 5000)->outside_addr, mapping(SIM_A2, 5000)->outside_addr);
	cr_expect_eq(kept_under(LEAST)->use.mappings[CGN_UDP], 2);
	epoch = cgn_explicit_ops.epoch(c, 0);
	reload(ATTACHED("29") "portctl: {natpmp: true, pcp: true}\n"
			      "quota: {subscriber: {udp: 7}}\n");
	cr_expect_not_null(mapping(SIM_A1, 5000));
	cr_expect_geq(cgn_explicit_ops.epoch(c, 0), epoch, "nobody has lost anything");
	reload(ATTACHED("32"));
	cr_expect_null(mapping(SIM_A1, 5000));
	cr_expect_null(mapping(SIM_A2, 5000));
	cr_expect_not_null(mapping(ALONE, 5000));
}
