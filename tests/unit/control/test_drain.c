/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/drain: addresses, tenants and the box that the operator drains. */
#include <string.h>

#include <criterion/criterion.h>

#include "control.h"
#include "sim.h"

#define TWO "pool: [203.0.113.16/31]\n"
#define ON "portctl: {natpmp: true, pcp: true}\n"

static struct cgn_sim *sim;
static struct cgn_control *c;
static uint32_t open_left;

static void
start(const char *a)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = a});
	c = sim->box->control;
	cgn_sim_elapse_s(sim, 200); /* the announcements of the start are over */
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
	cgn_sim_flush(sim, SIM_WAN);
}

static void
finish(void)
{
	cr_expect(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(drain, .fini = finish);

/* A packet of a flow gets out. */
static bool
passes(uint32_t inside, uint16_t port)
{
	struct packet_spec spec = packet_udp(inside, port, SIM_PEER, 53);
	uint32_t n;

	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_send_spec(sim, SIM_ACCESS, &spec);
	cgn_sim_run(sim);
	n = cgn_sim_n_waiting(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_WAN);
	return n == 1;
}

static uint32_t
pool_of(uint32_t inside, uint16_t port)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, inside, port);

	return m != NULL ? m->pool : CGN_NONE;
}

static bool
has_event(enum cgn_event_id id, const char *details)
{
	char text[CGN_EVENT_STRLEN];

	for (const struct cgn_event *ev = cgn_event_find(&c->events, UINT64_MAX); ev != NULL;
		ev = cgn_event_find(&c->events, ev->number - 1))
		if (ev->id == id && strstr(cgn_event_values_str(ev, text), details) != NULL)
			return true;
	return false;
}

static void
reload(const char *a)
{
	struct cgn_errmsg err;

	cr_assert_eq(
		cgn_sim_reload(sim, &(struct cgn_sim_params){.a = a}, &err), 0, "%s", err.text);
}

/* NAT-PMP's request for a UDP port, and the result of its answer; 0xffff: none. *port: outside. */
static uint16_t
natpmp(uint32_t inside, uint16_t port, uint16_t *outside)
{
	uint8_t payload[12] = {0, 1};
	struct packet_spec spec = packet_udp(inside, 40000, SIM_GATEWAY, 5351);
	struct cgn_sim_frame f;

	payload[4] = (uint8_t)(port >> 8);
	payload[5] = (uint8_t)port;
	payload[10] = 0x0e; /* 3 584 s */
	spec.payload = payload;
	spec.payload_len = sizeof(payload);
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_send_spec(sim, SIM_ACCESS, &spec);
	cgn_sim_run(sim);
	while (cgn_sim_receive(sim, SIM_ACCESS, &f)) {
		const uint8_t *p = f.bytes + 42;

		if (f.len < 58 || f.bytes[23] != 17 || p[0] != 0 || p[1] != 129)
			continue;
		*outside = (uint16_t)(p[10] << 8 | p[11]);
		return (uint16_t)(p[2] << 8 | p[3]);
	}
	return 0xffff;
}

/* PCP's MAP: result, with the lifetime that the answer says. */
static int
pcp(uint32_t inside, uint16_t port, uint32_t *lifetime)
{
	uint8_t payload[60] = {2, 1, 0, 0, 0, 0, 0x0e, 0};
	struct packet_spec spec = packet_udp(inside, 40001, SIM_GATEWAY, 5351);
	struct cgn_sim_frame f;

	payload[18] = payload[19] = 0xff;
	for (int i = 0; i < 4; i++)
		payload[20 + i] = (uint8_t)(inside >> (24 - 8 * i));
	payload[24] = 9; /* nonce */
	payload[36] = 17;
	payload[40] = (uint8_t)(port >> 8);
	payload[41] = (uint8_t)port;
	payload[54] = payload[55] = 0xff;
	spec.payload = payload;
	spec.payload_len = sizeof(payload);
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_send_spec(sim, SIM_ACCESS, &spec);
	cgn_sim_run(sim);
	while (cgn_sim_receive(sim, SIM_ACCESS, &f)) {
		const uint8_t *p = f.bytes + 42;

		if (f.len < 102 || f.bytes[23] != 17 || p[0] != 2 || p[1] != 0x81)
			continue;
		*lifetime = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 |
			p[7];
		return p[3];
	}
	return -1;
}

/* Frames to the port of PCP's client, updates, and to all hosts, announcements, that wait. */
static void
count_told(uint32_t *n_updates, uint32_t *n_announced)
{
	struct cgn_sim_frame f;

	*n_updates = *n_announced = 0;
	while (cgn_sim_receive(sim, SIM_ACCESS, &f)) {
		if (f.bytes[12] != 8 || f.bytes[13] != 0 || f.bytes[23] != 17)
			continue;
		*n_announced += f.bytes[30] == 224;
		*n_updates += f.bytes[30] == 100 && f.bytes[36] == 40001 >> 8 &&
			f.bytes[37] == (40001 & 0xff);
	}
}

Test(drain, an_address_takes_nothing_new_and_its_flows_live_on)
{
	uint32_t pool;

	start(TWO);
	cr_assert(passes(SIM_A1, 5000));
	pool = pool_of(SIM_A1, 5000);
	cr_expect_null(cgn_drain_pool(c, pool, 0, &open_left));
	cr_expect_eq(open_left, 1);
	cr_expect(passes(SIM_A1, 5000), "the old flow");
	cr_expect_eq(pool_of(SIM_A1, 5000), pool);
	cr_expect(passes(SIM_A1, 5001), "a new one");
	cr_expect_neq(pool_of(SIM_A1, 5001), pool);
	for (uint16_t i = 0; i < 20; i++) {
		cr_expect(passes(SIM_A2 + i, 6000));
		cr_expect_neq(pool_of(SIM_A2 + i, 6000), pool);
	}
	cgn_sim_elapse_s(sim, 100);
	cr_expect_eq(pool_of(SIM_A1, 5000), pool, "without an end nothing ends");
	cr_expect_eq(c->pool->addrs[pool].mapped, 1);
	cgn_sim_elapse_s(sim, 600);
	cr_expect(has_event(CGN_EVENT_ADDRESS_DRAINED, "tenant=a"));
	cr_expect_null(cgn_undrain_pool(c, pool, &open_left));
	cr_expect_eq(open_left, 2);
	cr_expect_not_null(cgn_undrain_pool(c, pool, &open_left), "it does not drain any more");
	cr_expect_eq(c->drains.n_on, 0);
	cr_expect_null(cgn_drain_pool(c, pool ^ 1, 0, &open_left));
	cr_expect(passes(SIM_A1, 5002));
	cr_expect_eq(pool_of(SIM_A1, 5002), pool, "and takes new ones");
}

Test(drain, at_the_end_of_its_time_flows_end_and_clients_move_and_are_told)
{
	uint32_t pool, epoch, lifetime, n_updates, n_announced;
	uint16_t other;

	start(TWO ON);
	cr_assert_eq(pcp(SIM_A1, 7000, &lifetime), 0);
	pool = pool_of(SIM_A1, 7000);
	cr_assert(passes(SIM_A1, 5000));
	cr_assert_eq(pool_of(SIM_A1, 5000), pool);
	cr_expect_null(cgn_drain_pool(c, pool, 30, &open_left));
	cgn_sim_elapse_s(sim, 29);
	cr_expect_eq(pool_of(SIM_A1, 5000), pool);
	cr_expect_eq(pool_of(SIM_A1, 7000), pool);
	epoch = cgn_epoch_at(&c->epochs[0], c->now);
	cr_expect_gt(epoch, 100);
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_elapse_s(sim, 3);
	cr_expect_eq(pool_of(SIM_A1, 5000), CGN_NONE, "the flow has ended");
	cr_expect_neq(pool_of(SIM_A1, 7000), CGN_NONE, "what was asked for is there");
	cr_expect_neq(pool_of(SIM_A1, 7000), pool, "on the other address");
	cr_expect_lt(cgn_epoch_at(&c->epochs[0], c->now), 10);
	count_told(&n_updates, &n_announced);
	cr_expect_gt(n_updates, 0, "Mapping Update");
	cr_expect_gt(n_announced, 0);
	cr_expect(has_event(CGN_EVENT_DRAIN_OVER, "mappings=1 moved=1"));
	cr_expect(has_event(CGN_EVENT_EPOCH_RESET, "tenant=a"));
	cr_expect_eq(natpmp(SIM_A1, 7001, &other), 0);
	cr_expect(passes(SIM_A1, 5000), "the host goes on by the other address");
	cgn_sim_elapse_s(sim, 300);
	cr_expect(has_event(CGN_EVENT_ADDRESS_DRAINED, "tenant=a"));
	cr_expect_eq(c->drains.n_on, 1, "it drains until it is undone");
}

Test(drain, a_later_word_changes_the_end)
{
	uint32_t pool;

	start(TWO);
	cr_assert(passes(SIM_A1, 5000));
	pool = pool_of(SIM_A1, 5000);
	cr_expect_null(cgn_drain_pool(c, pool, 10, &open_left));
	cr_expect_null(cgn_drain_pool(c, pool, 0, &open_left));
	cr_expect_eq(c->drains.n_on, 1);
	cgn_sim_elapse_s(sim, 60);
	cr_expect_eq(pool_of(SIM_A1, 5000), pool);
	cr_expect_null(cgn_drain_pool(c, pool, 1, &open_left));
	cgn_sim_elapse_s(sim, 3);
	cr_expect_eq(pool_of(SIM_A1, 5000), CGN_NONE);
}

Test(drain, undone_in_time_nothing_ends)
{
	uint32_t pool;

	start(TWO);
	cr_assert(passes(SIM_A1, 5000));
	pool = pool_of(SIM_A1, 5000);
	cr_expect_null(cgn_drain_pool(c, pool, 10, &open_left));
	cgn_sim_elapse_s(sim, 9);
	cr_expect_null(cgn_undrain_pool(c, pool, &open_left));
	cgn_sim_elapse_s(sim, 60);
	cr_expect_eq(pool_of(SIM_A1, 5000), pool);
}

Test(drain, a_tenant_gets_nothing_new_and_others_notice_nothing)
{
	struct packet_spec b = packet_udp(SIM_B1, 5000, SIM_PEER, 53);
	uint16_t port, again;
	uint32_t lifetime = 0;

	start(ON);
	b.n_tags = 1;
	b.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	cr_assert(passes(SIM_A1, 5000));
	cr_assert_eq(natpmp(SIM_A1, 7000, &port), 0);
	cr_expect_null(cgn_drain_tenant(c, 0, true));
	cr_expect(passes(SIM_A1, 5000), "the old flow");
	cr_expect_not(passes(SIM_A1, 5001), "a new one");
	cr_expect_eq(cgn_sim_tenant_fate(sim, "a", "draining"), 1);
	cr_expect_eq(natpmp(SIM_A1, 7001, &again), 4, "NAT-PMP: out of resources");
	cr_expect_eq(pcp(SIM_A1, 7002, &lifetime), 8, "PCP: NO_RESOURCES");
	cr_expect_eq(lifetime, 30, "a short-lifetime error (RFC 6887 section 7.4)");
	cr_expect_eq(natpmp(SIM_A1, 5000, &again), 4, "nor does a flow become explicit");
	cr_expect_eq(natpmp(SIM_A1, 7000, &again), 0, "but a renewal is granted");
	cr_expect_eq(again, port);
	cgn_sim_send_spec(sim, SIM_TRUNK, &b);
	cgn_sim_run(sim);
	cr_expect_eq(cgn_sim_n_waiting(sim, SIM_WAN), 1, "tenant b");
	cr_expect_eq(c->tenants[0].refused, 0, "no quota was at its limit");
	cr_expect_null(cgn_drain_tenant(c, 0, false));
	cr_expect(passes(SIM_A1, 5001));
	cr_expect_not_null(cgn_drain_tenant(c, 0, false));
}

Test(drain, the_box_makes_nothing_new_for_anybody)
{
	struct packet_spec b = packet_udp(SIM_B1, 5000, SIM_PEER, 53);

	start("");
	b.n_tags = 1;
	b.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	cr_assert(passes(SIM_A1, 5000));
	cr_expect_null(cgn_drain_box(c, true));
	cr_expect_not(passes(SIM_A1, 5001));
	cgn_sim_send_spec(sim, SIM_TRUNK, &b);
	cgn_sim_run(sim);
	cr_expect_eq(cgn_sim_n_waiting(sim, SIM_WAN), 0);
	cr_expect(passes(SIM_A1, 5000));
	cr_expect_null(cgn_drain_tenant(c, 0, true));
	cr_expect_null(cgn_drain_box(c, false));
	cr_expect_not(passes(SIM_A1, 5001), "its tenant drains still");
	cr_expect_null(cgn_drain_tenant(c, 0, false));
	cr_expect(passes(SIM_A1, 5001));
}

Test(drain, a_reload_keeps_what_the_operator_drains)
{
	const uint32_t first = 0;

	start(TWO);
	cr_expect_null(cgn_drain_pool(c, first, 0, &open_left));
	cr_expect_null(cgn_drain_tenant(c, 0, true));
	reload(TWO "quota: {burst: 700}\n");
	cr_expect_eq(c->drains.n_on, 2);
	cr_expect_not(passes(SIM_A1, 5000));
	cr_expect_null(cgn_drain_tenant(c, 0, false));
	for (uint16_t i = 0; i < 10; i++) {
		cr_expect(passes(SIM_A1 + i, 5000));
		cr_expect_neq(pool_of(SIM_A1 + i, 5000), first);
	}
	/* The file says it too, and then no longer: the operator's word holds. */
	reload(TWO "drain: [203.0.113.16/32]\n");
	reload(TWO);
	cr_expect_eq(c->pool->addrs[first].state, CGN_ADDR_DRAINING);
	cr_expect_null(cgn_undrain_pool(c, first, &open_left));
	cr_expect_eq(c->pool->addrs[first].state, CGN_ADDR_OPEN);
}

Test(drain, what_the_file_drains_is_not_undone_by_a_word)
{
	start(TWO "drain: [203.0.113.16/32]\n");
	cr_expect_not_null(cgn_undrain_pool(c, 0, &open_left));
	cr_expect_null(cgn_drain_pool(c, 0, 60, &open_left), "but it may have an end");
	cr_expect_null(cgn_undrain_pool(c, 0, &open_left));
	cr_expect_eq(c->pool->addrs[0].state, CGN_ADDR_DRAINING);
	cr_expect_eq(open_left, 1);
	reload(TWO);
	cr_expect_eq(c->pool->addrs[0].state, CGN_ADDR_OPEN);
}

Test(drain, an_address_that_goes_and_comes_again_does_not_drain)
{
	start(TWO);
	cr_expect_null(cgn_drain_pool(c, 0, 0, &open_left));
	reload("pool: [203.0.113.17/32]\n");
	cr_expect_eq(c->drains.n_on, 0);
	reload(TWO);
	for (uint32_t i = 0; i < c->dp->dir->n_pool; i++)
		if (cgn_directory_pool_live(c->dp->dir, i))
			cr_expect_eq(c->pool->addrs[i].state, CGN_ADDR_OPEN);
}

Test(drain, port_forwards_of_the_file_end_with_the_time_and_come_back)
{
	static const char a[] = TWO
		"static: [{protocol: tcp, inside: 100.64.0.10, inside_port: 443, "
		"outside: 203.0.113.16, outside_port: 8443}]\n";
	const struct cgn_conf_static wish = {.protocol = CGN_STATIC_UDP,
		.inside = SIM_A2,
		.inside_port = 53,
		.outside = SIM_POOL_A,
		.outside_port = 9000};

	start(a);
	cr_assert_not_null(cgn_sim_mapping(sim, "a", 6, SIM_A1, 443));
	cr_expect_null(cgn_drain_pool(c, 0, 5, &open_left));
	cr_expect_not_null(strstr(cgn_static_add(c, 0, &wish), "drains"));
	cgn_sim_elapse_s(sim, 8);
	cr_expect_null(cgn_sim_mapping(sim, "a", 6, SIM_A1, 443));
	cgn_sim_elapse_s(sim, 200);
	cr_expect_null(cgn_undrain_pool(c, 0, &open_left));
	cr_expect_not_null(cgn_sim_mapping(sim, "a", 6, SIM_A1, 443));
	cr_expect_null(cgn_drain_tenant(c, 0, true));
	cr_expect_not_null(strstr(cgn_static_add(c, 0, &wish), "drains"));
}

Test(drain, an_address_of_one_subscriber_is_not_drained)
{
	start("static_addresses: [{inside: 100.64.0.10, outside: 203.0.113.20}]\n");
	cr_expect_not_null(cgn_drain_pool(
		c, cgn_directory_pool_find(c->dp->dir, 0, SIM_POOL_A + 4), 0, &open_left));
	cr_expect_eq(c->drains.n_on, 0);
}

Test(drain, the_most_of_an_address_is_kept_with_its_time)
{
	uint32_t pool;

	start("pool: [203.0.113.16/32]\n");
	for (uint16_t i = 0; i < 5; i++)
		cr_assert(passes(SIM_A1, (uint16_t)(5000 + i)));
	pool = pool_of(SIM_A1, 5000);
	cr_expect_eq(c->pool->addrs[pool].mapped, 5);
	cr_expect_eq(c->pool->addrs[pool].mapped_peak.n, 5);
	cr_expect_eq(c->pool->addrs[pool].mapped_peak.at_s, c->now_s);
	cr_expect_eq(c->pool->use[0].busy_peak.n, 5);
	cgn_sim_elapse_s(sim, 310);
	cr_expect_eq(c->pool->addrs[pool].mapped, 0);
	cr_expect_eq(c->pool->addrs[pool].busy, 5, "they rest");
	cr_assert(passes(SIM_A1, 5000));
	cr_expect_eq(c->pool->addrs[pool].mapped_peak.n, 5);
	cr_expect_eq(c->pool->addrs[pool].busy_peak.n, 6);
	cgn_sim_elapse_s(sim, 900);
	cr_expect_eq(c->pool->addrs[pool].busy, 0);
	cr_expect_eq(c->pool->addrs[pool].blocks_peak.n, 1);
}
