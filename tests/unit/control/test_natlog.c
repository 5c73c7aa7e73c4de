/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of the log: what packets and requests lead to; that the stream is complete: prop_natlog.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "sim.h"

enum { MAX_RECORDS = 4096 };

static struct cgn_sim *sim;
static struct cgn_natlog_record records[MAX_RECORDS];
static struct cgn_event events[MAX_RECORDS];
static uint32_t n_records;

static void
finish(void)
{
	cgn_natlog_feed_fini(sim->box->control);
	cr_assert(cgn_sim_is_sound(sim));
	cgn_sim_destroy(sim);
}

TestSuite(natlog, .fini = finish);

static void
start(const char *a, const char *b)
{
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.a = a, .b = b, .seed = 5});
	cr_assert_eq(cgn_natlog_feed_init(sim->box->control, "test", MAX_RECORDS, 0), 0);
	cgn_sim_run(sim);
}

static void
take(void)
{
	while (n_records < MAX_RECORDS &&
		cgn_natlog_take(
			&sim->box->control->natlog, &records[n_records], &events[n_records]))
		n_records++;
}

/* The n-th record of that kind, from 0, or NULL. */
static const struct cgn_natlog_record *
find(enum cgn_natlog_id id, uint32_t n)
{
	take();
	for (uint32_t i = 0; i < n_records; i++)
		if (records[i].id == id && n-- == 0)
			return &records[i];
	return NULL;
}

static uint32_t
count(enum cgn_natlog_id id)
{
	uint32_t n = 0;

	while (find(id, n) != NULL)
		n++;
	return n;
}

static void
send_udp(uint16_t port, uint32_t src, uint16_t sport)
{
	struct packet_spec spec = packet_udp(src, sport, SIM_PEER, 53);

	if (port == SIM_TRUNK) {
		spec.n_tags = 1;
		spec.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
	}
	cgn_sim_send_spec(sim, port, &spec);
	cgn_sim_run(sim);
}

Test(natlog, begins_with_a_start_and_counts_from_one)
{
	start(NULL, NULL);
	take();
	cr_assert_gt(n_records, 0);
	cr_assert_eq(records[0].id, CGN_NATLOG_START);
	for (uint32_t i = 0; i < n_records; i++)
		cr_assert_eq(records[i].number, i + 1);
}

Test(natlog, block_is_told_by_default_and_mappings_are_not)
{
	const struct cgn_natlog_record *r;
	const struct cgn_mapping *m;

	start(NULL, NULL);
	send_udp(SIM_ACCESS, SIM_A1, 5000);
	r = find(CGN_NATLOG_BLOCK_LEASED, 0);
	m = cgn_sim_mapping(sim, "a", IPPROTO_UDP, SIM_A1, 5000);
	cr_assert_neq(r, NULL);
	cr_assert_neq(m, NULL);
	cr_assert_str_eq(r->tenant, "a");
	cr_assert_eq(r->inside_addr, SIM_A1);
	cr_assert_eq(r->outside_addr, rte_be_to_cpu_32(m->outside_addr));
	cr_assert_leq(r->outside_port, rte_be_to_cpu_16(m->outside_port));
	cr_assert_geq(r->last_port, rte_be_to_cpu_16(m->outside_port));
	cr_assert_eq(count(CGN_NATLOG_ADDRESS_BOUND), 1);
	cr_assert_eq(count(CGN_NATLOG_MAPPING_MADE), 0);
}

Test(natlog, block_is_returned_when_its_ports_have_rested)
{
	start("timeouts: {udp_s: 120, port_rest_s: 60}\n", NULL);
	send_udp(SIM_ACCESS, SIM_A1, 5000);
	cgn_sim_elapse_s(sim, 125);
	cr_assert_eq(cgn_sim_n_mappings(sim), 0);
	cr_assert_eq(count(CGN_NATLOG_BLOCK_RETURNED), 0);
	cgn_sim_elapse_s(sim, 60);
	cr_assert_eq(count(CGN_NATLOG_BLOCK_RETURNED), 1);
	cr_assert_eq(count(CGN_NATLOG_ADDRESS_UNBOUND), 1);
	cr_assert_eq(find(CGN_NATLOG_BLOCK_RETURNED, 0)->inside_addr, SIM_A1);
}

Test(natlog, same_inside_address_of_two_tenants_is_told_apart)
{
	start("log: {mappings: true, vrf: 11}\n", "log: {mappings: true, vrf: 22}\n");
	send_udp(SIM_ACCESS, SIM_A1, 5000);
	send_udp(SIM_TRUNK, SIM_B1, 5000);
	cr_assert_eq(count(CGN_NATLOG_MAPPING_MADE), 2);
	cr_assert_str_eq(find(CGN_NATLOG_MAPPING_MADE, 0)->tenant, "a");
	cr_assert_eq(find(CGN_NATLOG_MAPPING_MADE, 0)->vrf, 11);
	cr_assert_str_eq(find(CGN_NATLOG_MAPPING_MADE, 1)->tenant, "b");
	cr_assert_eq(find(CGN_NATLOG_MAPPING_MADE, 1)->vrf, 22);
	cr_assert_eq(find(CGN_NATLOG_MAPPING_MADE, 0)->inside_addr,
		find(CGN_NATLOG_MAPPING_MADE, 1)->inside_addr);
}

Test(natlog, tenant_that_is_not_logged_is_in_no_record)
{
	start("log: {blocks: false, explicit: false}\n", NULL);
	send_udp(SIM_ACCESS, SIM_A1, 5000);
	send_udp(SIM_TRUNK, SIM_B1, 5000);
	take();
	for (uint32_t i = 0; i < n_records; i++)
		cr_assert_neq(records[i].inside_addr != 0 && records[i].tenant[0] == 'a', true);
	cr_assert_eq(count(CGN_NATLOG_BLOCK_LEASED), 1);
}

Test(natlog, flood_of_refused_flows_makes_two_records)
{
	const struct cgn_natlog_record *r;

	start("quota: {subscriber: {udp: 3}}\n", NULL);
	for (uint16_t i = 0; i < 500; i++)
		send_udp(SIM_ACCESS, SIM_A1, (uint16_t)(5000 + i));
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_QUOTA), 1);
	r = find(CGN_NATLOG_SUBSCRIBER_QUOTA, 0);
	cr_assert_eq(r->inside_addr, SIM_A1);
	cr_assert_eq(r->value, 3);
	cgn_sim_elapse_s(sim, 58);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_QUOTA_CLEARED), 0);
	cgn_sim_elapse_s(sim, 5);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_QUOTA_CLEARED), 1);
	send_udp(SIM_ACCESS, SIM_A1, 9000);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_QUOTA), 2);
}

Test(natlog, ports_that_run_out_name_address_and_protocol)
{
	const struct cgn_natlog_record *r;

	start("ports: {block_size: 64, max_blocks: 1}\n", NULL);
	for (uint16_t i = 0; i < 70; i++)
		send_udp(SIM_ACCESS, SIM_A1, (uint16_t)(5000 + i));
	r = find(CGN_NATLOG_PORTS_EXHAUSTED, 0);
	cr_assert_neq(r, NULL);
	cr_assert_eq(r->proto, IPPROTO_UDP);
	cr_assert_eq(r->outside_addr, find(CGN_NATLOG_BLOCK_LEASED, 0)->outside_addr);
}

Test(natlog, threshold_comes_before_the_quota)
{
	start("quota: {mappings: 20, explicit: 4,\n"
	      " subscriber: {mappings: 20, tcp: 20, udp: 20, icmp: 20, explicit: 4}}\n",
		NULL);
	for (uint16_t i = 0; i < 19; i++)
		send_udp(SIM_ACCESS, i < 10 ? SIM_A1 : SIM_A2, (uint16_t)(5000 + i));
	cgn_sim_elapse_s(sim, 2);
	for (uint16_t i = 0; i < 5; i++)
		send_udp(SIM_ACCESS, SIM_A1, (uint16_t)(6000 + i));
	cr_assert_eq(count(CGN_NATLOG_MAPPINGS_HIGH), 1);
	cr_assert_eq(find(CGN_NATLOG_MAPPINGS_HIGH, 0)->value, 16, "%llu",
		(unsigned long long)find(CGN_NATLOG_MAPPINGS_HIGH, 0)->value);
	cr_assert_eq(count(CGN_NATLOG_TENANT_QUOTA), 1);
	cr_assert_eq(find(CGN_NATLOG_TENANT_QUOTA, 0)->value, 20);
	cr_assert_lt(find(CGN_NATLOG_MAPPINGS_HIGH, 0)->number,
		find(CGN_NATLOG_TENANT_QUOTA, 0)->number);
}

Test(natlog, subscriber_is_told_of_below_its_quota_and_when_that_is_over)
{
	start("quota: {subscriber: {mappings: 10, tcp: 10, udp: 10, icmp: 10, explicit: 4}}\n",
		NULL);
	for (uint16_t i = 0; i < 8; i++)
		send_udp(SIM_ACCESS, SIM_A1, (uint16_t)(5000 + i));
	cgn_sim_elapse_s(sim, 2);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_HIGH), 0);
	send_udp(SIM_ACCESS, SIM_A1, 5008);
	cgn_sim_elapse_s(sim, 100);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_HIGH), 1, "once");
	cr_assert_eq(find(CGN_NATLOG_SUBSCRIBER_HIGH, 0)->value, 9);
	cr_assert_eq(find(CGN_NATLOG_SUBSCRIBER_HIGH, 0)->inside_addr, SIM_A1);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_HIGH_CLEARED), 0);
	cgn_sim_elapse_s(sim, 400); /* its mappings have ended */
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_HIGH_CLEARED), 1);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_HIGH), 1);
}

Test(natlog, threshold_of_a_subscriber_comes_before_its_quota_however_fast)
{
	start("quota: {subscriber: {mappings: 10, tcp: 10, udp: 10, icmp: 10, explicit: 4}}\n",
		"log: {subscriber_percent: 0}\n"
		"quota: {subscriber: {mappings: 10, tcp: 10, udp: 10, icmp: 10, explicit: 4}}\n");
	for (uint16_t i = 0; i < 12; i++) {
		send_udp(SIM_ACCESS, SIM_A1, (uint16_t)(5000 + i));
		send_udp(SIM_TRUNK, SIM_B1, (uint16_t)(5000 + i));
	}
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_QUOTA), 2);
	cr_assert_eq(count(CGN_NATLOG_SUBSCRIBER_HIGH), 1, "not of b, which has it off");
	cr_assert_lt(find(CGN_NATLOG_SUBSCRIBER_HIGH, 0)->number,
		find(CGN_NATLOG_SUBSCRIBER_QUOTA, 0)->number);
}

Test(natlog, port_forward_is_told_with_who_asked)
{
	const struct cgn_conf_static s = {.inside = SIM_A1,
		.inside_port = 443,
		.outside = SIM_POOL_A + 1,
		.outside_port = 8443};
	const struct cgn_natlog_record *r;

	start(NULL, NULL);
	cr_assert_eq(cgn_static_add(sim->box->control, 0, &s), NULL);
	cr_assert_eq(cgn_static_del(sim->box->control, 0, &s), NULL);
	r = find(CGN_NATLOG_EXPLICIT_MADE, 0);
	cr_assert_neq(r, NULL);
	cr_assert_eq(r->outside_port, 8443);
	cr_assert_eq(r->origin, CGN_EXPLICIT_OPERATOR);
	cr_assert_eq(r->flags & CGN_NATLOG_DOUBLE, 0);
	cr_assert_eq(count(CGN_NATLOG_EXPLICIT_ENDED), 1);
}

Test(natlog, events_are_part_of_the_stream)
{
	struct cgn_event ev;
	uint32_t i;

	start(NULL, NULL);
	cgn_event_init(&ev, CGN_EVENT_MAP_CLEAR);
	cgn_event_set_text(&ev, CGN_EVENT_FIELD_TENANT, "a");
	cgn_event_set_number(&ev, CGN_EVENT_FIELD_MAPPINGS, 17);
	cgn_event_note(&sim->box->control->events, &ev);
	send_udp(SIM_ACCESS, SIM_A1, 5000);
	take();
	for (i = 0; i < n_records && records[i].id != CGN_NATLOG_EVENT; i++)
		;
	cr_assert_lt(i, n_records);
	cr_assert_eq(events[i].id, CGN_EVENT_MAP_CLEAR);
	cr_assert_eq(events[i].n_values, ev.n_values);
	cr_assert_eq(memcmp(events[i].values, ev.values, sizeof(ev.values)), 0);
	cr_assert_lt(records[i].number, find(CGN_NATLOG_BLOCK_LEASED, 0)->number);
}
