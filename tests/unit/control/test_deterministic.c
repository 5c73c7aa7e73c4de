/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ports.deterministic over a whole appliance: traffic is where the computation says, blocks beyond
 * it and parameters are recorded, and what a reload, a drain and a new owner do to it.
 */
#include "deterministic.h"

#include <string.h>

#include <criterion/criterion.h>

#include "control.h"
#include "sim.h"

/* 1024 + 256 subscribers on 16 addresses: C 80, D 4, ranges of 768 ports, dynamic from 62464. */
#define SEQUENTIAL "deterministic: {algorithm: sequential, dynamic: 4}"
#define PORTS(keys) "ports: {block_size: 256, max_blocks: 3, " keys "}\n"
#define QUOTA                                                                                      \
	"quota: {subscriber: {new_per_s: 100000, burst: 100000, mappings: 5000, tcp: 5000, "       \
	"udp: 5000, icmp: 5000}}\n"
#define BOX                                                                                        \
	"punt: {subscriber_per_s: 100000, subscriber_burst: 100000}\n"                             \
	"telemetry: {events: 1000}\n"

static struct cgn_sim *sim;

static void
start(const char *a)
{
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = BOX, .a = a});
	cgn_sim_run(sim);
}

static void
setup(void)
{
	cgn_sim_eal();
}

static void
finish(void)
{
	cr_expect(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(deterministic, .init = setup, .fini = finish);

static const struct cgn_det *
det(void)
{
	return sim->box->dir->tenants[cgn_directory_tenant_find(sim->box->dir, "a")].det;
}

static struct cgn_det_answer
range_of(uint32_t addr)
{
	struct cgn_det_answer range;

	cgn_det_forward(det(), addr, &range);
	cr_assert_eq(range.kind, CGN_DET_RANGE);
	return range;
}

/* The outside end of a new flow, 0 when there is none. */
static uint16_t
open_flow(uint8_t proto, uint32_t from, uint16_t port)
{
	struct packet_spec spec = proto == 1 ? packet_echo(from, SIM_PEER, true, port)
		: proto == 6                 ? packet_tcp(from, port, SIM_PEER, 80, 2)
					     : packet_udp(from, port, SIM_PEER, 53);
	const struct cgn_mapping *m;

	cr_assert(cgn_sim_send_spec(sim, SIM_ACCESS, &spec));
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
	m = cgn_sim_mapping(sim, "a", proto, from, port);
	return m != NULL ? rte_be_to_cpu_16(m->outside_port) : 0;
}

static uint32_t
outside_of(uint8_t proto, uint32_t from, uint16_t port)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", proto, from, port);

	return m != NULL ? rte_be_to_cpu_32(m->outside_addr) : 0;
}

/* How many events of that kind there are; details: of the newest, or NULL. */
static uint32_t
count_events(enum cgn_event_id id, char details[CGN_EVENT_STRLEN])
{
	const struct cgn_event_log *log = &sim->box->control->events;
	uint32_t n = 0;

	for (const struct cgn_event *ev = cgn_event_find(log, UINT64_MAX); ev != NULL;
		ev = cgn_event_find(log, ev->number - 1)) {
		if (ev->id != id)
			continue;
		if (n++ == 0 && details != NULL)
			cgn_event_values_str(ev, details);
	}
	return n;
}

/* DET-01, DET-08: the computation and the mappings of three protocols agree, both ways. */
Test(deterministic, traffic_is_where_the_computation_says)
{
	static const uint8_t protos[] = {6, 17, 1};

	start(QUOTA PORTS(SEQUENTIAL));
	for (uint32_t k = 0; k < 300; k++) {
		uint32_t from = SIM_A1 + k * 3;
		uint8_t proto = protos[k % 3];
		uint16_t port = open_flow(proto, from, (uint16_t)(2000 + k));
		struct cgn_det_answer range = range_of(from), who;

		cr_assert_eq(outside_of(proto, from, (uint16_t)(2000 + k)), range.outside);
		cr_assert(port >= range.first && port <= range.last, "%u", port);
		cgn_det_reverse(det(), range.outside, port, &who);
		cr_assert_eq(who.inside.addr, from);
	}
	cr_expect_eq(count_events(CGN_EVENT_BLOCK_TAKEN, NULL), 0);
}

/* DET-03, DET-06: the range first, then blocks up to M, each an event; nothing of it is hidden. */
Test(deterministic, blocks_beyond_the_range_are_recorded)
{
	struct cgn_det_answer range, who;
	char details[CGN_EVENT_STRLEN];
	uint32_t n = 0, n_dynamic = 0;
	uint16_t port;

	start(QUOTA PORTS(SEQUENTIAL));
	range = range_of(SIM_A1);
	for (; (port = open_flow(17, SIM_A1, (uint16_t)(10000 + n))) != 0; n++) {
		cgn_det_reverse(det(), range.outside, port, &who);
		cr_assert_eq(outside_of(17, SIM_A1, (uint16_t)(10000 + n)), range.outside);
		cr_assert(who.kind == CGN_DET_DYNAMIC ||
			(who.kind == CGN_DET_RANGE && who.inside.addr == SIM_A1));
		n_dynamic += who.kind == CGN_DET_DYNAMIC;
		if (n < 768)
			cr_assert_eq(n_dynamic, 0, "flow %u is outside the range", n);
		if (n == 767)
			cr_assert_eq(count_events(CGN_EVENT_BLOCK_TAKEN, NULL), 0);
	}
	cr_expect_eq(n, 768 + 2 * 256, "M: a range and two blocks");
	cr_expect_eq(n_dynamic, 512);
	cr_expect_eq(count_events(CGN_EVENT_BLOCK_TAKEN, details), 2);
	cr_expect(strncmp(details, "tenant=a address=203.0.113.16 holder=100.64.0.10 ports=",
			  strlen("tenant=a address=203.0.113.16 ")) == 0,
		"%s", details);
	cr_expect_not_null(strstr(details, "holder=100.64.0.10"), "%s", details);
	cgn_sim_elapse_s(sim, 300 + 120 + 2);
	cr_expect_eq(count_events(CGN_EVENT_BLOCK_RETURNED, NULL), 2);
}

/* DET-07: at the start, each day, and with each change of a parameter. */
Test(deterministic, parameters_are_recorded)
{
	static const struct {
		const char *a;
		uint32_t n;
	} changes[] = {
		{QUOTA PORTS(SEQUENTIAL ", parity: true"), 0}, /* none of them */
		{QUOTA PORTS("deterministic: {algorithm: spread, dynamic: 4}"), 1},
		{QUOTA PORTS("deterministic: {algorithm: spread, dynamic: 5}"), 1},
		{QUOTA PORTS("deterministic: {algorithm: spread, dynamic: 5}, reserved: [5060]"),
			1},
		{QUOTA "ports: {block_size: 256, max_blocks: 2, reserved: [5060], deterministic: "
		       "{algorithm: spread, dynamic: 5}}\n",
			1},
		{QUOTA "pool: [203.0.113.16/29]\nports: {block_size: 256, max_blocks: 2, reserved: "
		       "[5060], deterministic: {algorithm: spread, dynamic: 5}}\n",
			1},
		{QUOTA "pool: [203.0.113.16/29]\n", 1}, /* off */
	};
	char details[CGN_EVENT_STRLEN];
	struct cgn_errmsg err;
	uint32_t n = 1;

	start(QUOTA PORTS(SEQUENTIAL));
	cr_assert_eq(count_events(CGN_EVENT_DETERMINISTIC, details), 1);
	cr_expect_str_eq(details,
		"tenant=a algorithm=sequential ratio=80 dynamic=4 max_ports=1280 "
		"inside_prefixes=100.64.0.0/22,100.65.0.0/24 outside_prefixes=203.0.113.16/28 "
		"reserved=0-1023");
	cgn_sim_jump_s(sim, 86399);
	cr_expect_eq(count_events(CGN_EVENT_DETERMINISTIC, NULL), n);
	cgn_sim_jump_s(sim, 1);
	cr_expect_eq(count_events(CGN_EVENT_DETERMINISTIC, NULL), ++n);
	for (uint32_t k = 0; k < RTE_DIM(changes); k++) {
		cr_assert_eq(cgn_sim_reload(sim,
				     &(struct cgn_sim_params){.box = BOX, .a = changes[k].a}, &err),
			0, "%s", err.text);
		n += changes[k].n;
		cr_expect_eq(count_events(CGN_EVENT_DETERMINISTIC, details), n, "%u", k);
		if (k == 3)
			cr_expect_not_null(strstr(details, "reserved=0-1023,5060"), "%s", details);
	}
	cr_expect_str_eq(details, "tenant=a algorithm=off");
}

/* DET-07: whoever reads the record must not go on computing. */
Test(deterministic, a_removed_tenant_is_recorded_as_off)
{
	const struct cgn_sim_params without = {.box = BOX "tenants: [b, c]\n"};
	char details[CGN_EVENT_STRLEN];
	struct cgn_errmsg err;

	start(QUOTA PORTS(SEQUENTIAL));
	cr_assert_eq(count_events(CGN_EVENT_DETERMINISTIC, NULL), 1);
	cr_assert_eq(cgn_sim_reload(sim, &without, &err), 0, "%s", err.text);
	cr_expect_eq(count_events(CGN_EVENT_DETERMINISTIC, details), 2);
	cr_expect_str_eq(details, "tenant=a algorithm=off");
	cgn_sim_jump_s(sim, 86400);
	cr_expect_eq(count_events(CGN_EVENT_DETERMINISTIC, NULL), 2, "and no more");
}

/* A record that is too long for one goes on in the next. */
Test(deterministic, long_lists_take_several_records)
{
	char text[8192] = QUOTA PORTS(SEQUENTIAL) "attachments:\n  - {port: access, address: "
						  "100.64.0.1/16, subscribers: [";
	char details[CGN_EVENT_STRLEN];
	size_t n = strlen(text);

	for (uint32_t k = 0; k < 20; k++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{prefix: 100.64.%u.0/28}",
			k > 0 ? ", " : "", k);
	snprintf(text + n, sizeof(text) - n, "]}\n");
	start(text);
	cr_expect_eq(count_events(CGN_EVENT_DETERMINISTIC, details), 3);
	cr_expect_not_null(strstr(details, "100.64.19.0/28"), "%s", details);
	cr_expect_null(strstr(details, "outside_prefixes=203"), "said already: %s", details);
}

/* What the new computation has elsewhere ends; what stays, lives on. */
Test(deterministic, a_reload_ends_what_is_out_of_place)
{
	struct cgn_errmsg err;
	uint16_t first, second;

	start(QUOTA PORTS("deterministic: {algorithm: sequential, ratio: 100, dynamic: 4}"));
	first = open_flow(17, SIM_A1, 5000);
	second = open_flow(17, SIM_A1 + 200, 5000);
	cr_assert(first != 0 && second != 0);
	/* More addresses at the end of the pool: nobody moves. */
	cr_assert_eq(cgn_sim_reload(sim,
			     &(struct cgn_sim_params){.box = BOX,
				     .a = "pool: [203.0.113.16/28, 203.0.113.64/29]\n" QUOTA PORTS(
					     "deterministic: {algorithm: sequential, ratio: 100, "
					     "dynamic: 4}")},
			     &err),
		0, "%s", err.text);
	cr_expect_eq(open_flow(17, SIM_A1, 5000), first);
	cr_expect_eq(open_flow(17, SIM_A1 + 200, 5000), second);
	cr_expect_eq(sim->box->control->change.count.ended, 0);
	/* Another address first: everybody moves. */
	cr_assert_eq(cgn_sim_reload(sim,
			     &(struct cgn_sim_params){.box = BOX,
				     .a = "pool: [203.0.113.64/29, 203.0.113.16/28]\n" QUOTA PORTS(
					     "deterministic: {algorithm: sequential, ratio: 100, "
					     "dynamic: 4}")},
			     &err),
		0, "%s", err.text);
	cr_expect_eq(sim->box->control->change.count.ended, 2);
	cr_expect_eq(cgn_sim_tenant_n_mappings(sim, "a"), 0);
	cr_assert_neq(open_flow(17, SIM_A1, 5000), 0);
	cr_expect_eq(outside_of(17, SIM_A1, 5000), range_of(SIM_A1).outside);
}

/* Its subscribers have dynamic blocks elsewhere while it drains, and come back. */
Test(deterministic, a_draining_address_sends_its_subscribers_to_dynamic_blocks)
{
	struct cgn_det_answer range, who;
	struct cgn_errmsg err;
	uint16_t port;

	start(QUOTA PORTS(SEQUENTIAL) "drain: [203.0.113.16/32]\n");
	range = range_of(SIM_A1);
	cr_assert_eq(range.outside, SIM_POOL_A);
	port = open_flow(17, SIM_A1, 5000);
	cr_assert_neq(port, 0);
	cr_expect_neq(outside_of(17, SIM_A1, 5000), range.outside);
	cgn_det_reverse(det(), outside_of(17, SIM_A1, 5000), port, &who);
	cr_expect_eq(who.kind, CGN_DET_DYNAMIC);
	cr_expect_eq(count_events(CGN_EVENT_BLOCK_TAKEN, NULL), 1);
	/* Others stay where they are. */
	cr_assert_neq(open_flow(17, SIM_A1 + 300, 5000), 0);
	cr_expect_eq(outside_of(17, SIM_A1 + 300, 5000), range_of(SIM_A1 + 300).outside);
	cr_assert_eq(
		cgn_sim_reload(sim,
			&(struct cgn_sim_params){.box = BOX, .a = QUOTA PORTS(SEQUENTIAL)}, &err),
		0, "%s", err.text);
	cr_assert_eq(open_flow(17, SIM_A1, 5000), port, "the old flow lives on");
	port = open_flow(17, SIM_A1, 5001);
	cr_expect(port >= range.first && port <= range.last);
	cr_expect_eq(outside_of(17, SIM_A1, 5001), range.outside);
}

/* Nothing is reserved for subscribers that send nothing. */
Test(deterministic, idle_subscribers_hold_nothing)
{
	const struct cgn_pool *pool;

	start(QUOTA PORTS(SEQUENTIAL));
	pool = sim->box->control->pool;
	cr_expect_eq(pool->use[0].blocks, 0);
	open_flow(17, SIM_A1, 5000);
	cr_expect_eq(pool->use[0].blocks, 1);
	cgn_sim_elapse_s(sim, 300 + 120 + 2);
	cr_expect_eq(pool->use[0].blocks, 0);
}
