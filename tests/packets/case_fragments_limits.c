/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of fragments a subscriber may have under way, by whom it is counted, what of it can be
 * seen, and what the rest of a datagram does when control refuses its first fragment (UDP-15,
 * CGN-05). Shares of tenants and floods are in case_fragments_refused.c.
 */
#include <string.h>

#include "case.h"
#include "control.h"
#include "datagram.h"
#include "session.h"

enum { UNIT = 1480, MF = PACKET_MF };

static struct datagram sent;

static void
make(struct cgn_sim *sim, uint32_t src, uint16_t id)
{
	struct packet_spec s = packet_udp(src, 5000, SIM_PEER, 53);

	s.frag = 0;
	s.id = id;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
}

/* The second fragments of n datagrams, of which nothing else comes. */
static void
send_lone(struct cgn_sim *sim, uint32_t src, uint16_t first_id, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		make(sim, src, (uint16_t)(first_id + i));
		datagram_send(sim, SIM_ACCESS, &sent, UNIT, UNIT);
		cgn_sim_run(sim);
	}
}

static uint64_t
over_share(const struct cgn_sim *sim)
{
	return cgn_sim_tenant_fate(sim, "a", "fragment_share");
}

/* Addresses of one subscriber have one share. */
static bool
share_of_a_mask(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.a = "quota: {subscriber: {fragments: 4}}\n"
		     "attachments:\n"
		     "  - port: access\n"
		     "    address: 100.64.0.1/22\n"
		     "    subscribers: [{prefix: 100.64.0.0/24, subscriber_mask: 29}]\n"});
	bool ok;

	send_lone(sim, SIM_A1, 0, 3);
	send_lone(sim, SIM_A2, 100, 3);
	ok = CHECK(over_share(sim) == 2);
	send_lone(sim, SIM_A1 + 8, 0, 4);
	ok &= CHECK(over_share(sim) == 2);
	return end(sim, ok);
}

static const char classed[] = "quota: {subscriber: {fragments: 4}}\n"
			      "classes: [{name: little, fragments: 2}, {name: much, fragments: 8}, "
			      "{name: silent, udp: 7}]\n"
			      "attachments:\n"
			      "  - port: access\n"
			      "    address: 100.64.0.1/22\n"
			      "    subscribers: [{prefix: 100.64.0.0/24, class: little}, "
			      "{prefix: 100.64.1.0/24, class: silent}]\n";

/* A class says how much, or the quota of all does. */
static bool
share_of_a_class(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = classed});
	bool ok;

	send_lone(sim, SIM_A1, 0, 10);
	ok = CHECK(over_share(sim) == 8);
	send_lone(sim, SIM_A1 + 256, 0, 10);
	ok &= CHECK(over_share(sim) == 8 + 6);
	return end(sim, ok);
}

static void
session(struct cgn_sim *sim, enum cgn_session_kind kind, const char *class_name)
{
	static struct cgn_session_batch batch;

	batch = (struct cgn_session_batch){.n = 1, .changes = {{.kind = kind, .addr = SIM_A1}}};
	strcpy(batch.changes[0].id, "alice");
	strcpy(batch.changes[0].class_name, class_name);
	cgn_session_batch_run(sim->box->control, &batch);
	if (batch.n_done != 1 || cgn_session_is_refused(batch.changes[0].result))
		printf("# the session was refused\n");
}

/* What a session names comes first, while it lasts and as it changes. */
static bool
share_of_a_session(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = classed});
	bool ok;

	session(sim, CGN_SESSION_ADD, "much");
	send_lone(sim, SIM_A1, 0, 10);
	ok = CHECK(over_share(sim) == 2);
	session(sim, CGN_SESSION_ADD, "silent");
	cgn_sim_jump_s(sim, 2);
	send_lone(sim, SIM_A1, 100, 10);
	ok &= CHECK(over_share(sim) == 2 + 6);
	session(sim, CGN_SESSION_REMOVE, "");
	cgn_sim_run(sim);
	cgn_sim_jump_s(sim, 2);
	send_lone(sim, SIM_A1, 200, 10);
	ok &= CHECK(over_share(sim) == 2 + 6 + 8);
	return end(sim, ok);
}

/* Pieces before and behind the first one, which control refuses. */
static bool
all_end_as(struct cgn_sim *sim, uint16_t id, const char *fate)
{
	uint64_t before = cgn_sim_tenant_fate(sim, "a", fate);
	bool ok;

	make(sim, SIM_A1, id);
	datagram_send(sim, SIM_ACCESS, &sent, UNIT, UNIT);
	cgn_sim_run(sim);
	ok = CHECK(cgn_sim_tenant_fate(sim, "a", fate) == before);
	datagram_send(sim, SIM_ACCESS, &sent, 0, UNIT);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", fate) == before + 2);
	datagram_send(sim, SIM_ACCESS, &sent, 2 * UNIT, UNIT);
	cgn_sim_run(sim);
	ok &= CHECK(cgn_sim_tenant_fate(sim, "a", fate) == before + 3);
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_WAN) == 0);
	cgn_sim_jump_s(sim, 2);
	return ok && CHECK(sim->box->workers[0].fragments.n == 0) &&
		CHECK(cgn_sim_fate(sim, "fragment_timeout") == 0);
}

static bool
refused_by_quota(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "quota: {subscriber: {udp: 1}}\n"});
	struct packet_spec s = packet_udp(SIM_A1, 4999, SIM_PEER, 53);
	struct cgn_sim_frame f;
	bool ok;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	cgn_sim_flush(sim, SIM_ACCESS);
	ok = all_end_as(sim, 1, "quota_subscriber_udp");
	/* One error for the datagram, about the first fragment (RFC 1812 section 4.3.2.7). */
	ok &= CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 1) &&
		CHECK(cgn_sim_receive(sim, SIM_ACCESS, &f)) && CHECK(f.bytes[34] == 3);
	return end(sim, ok && all_end_as(sim, 2, "quota_subscriber_udp"));
}

static bool
refused_by_rate(void)
{
	struct cgn_sim *sim = cgn_sim_create(
		&(struct cgn_sim_params){.a = "quota: {subscriber: {new_per_s: 1, burst: 1}}\n"});
	struct packet_spec s = packet_udp(SIM_A1, 4999, SIM_PEER, 53);

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	cgn_sim_flush(sim, SIM_WAN);
	return end(sim, all_end_as(sim, 1, "quota_subscriber_rate"));
}

/* A reload takes the tenant away while the first fragment is on its way to control. */
static bool
refused_as_stale(void)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){0});
	struct cgn_errmsg err;
	bool ok;

	make(sim, SIM_A1, 1);
	datagram_send(sim, SIM_ACCESS, &sent, UNIT, UNIT);
	datagram_send(sim, SIM_ACCESS, &sent, 0, UNIT);
	cgn_sim_poll_workers(sim);
	ok = CHECK(cgn_sim_reload(
			   sim, &(struct cgn_sim_params){.box = "tenants: [b, c]\n"}, &err) == 0);
	ok &= CHECK(cgn_sim_fate(sim, "reconfigured") == 2);
	return end(sim, ok && CHECK(sim->box->workers[0].fragments.n == 0));
}

const struct row_case row_cases_fragments_limits[] = {
	{"addresses_of_a_subscriber_share_its_fragments", CGN_FATE_FRAGMENT_SHARE, share_of_a_mask},
	{"a_class_has_its_share_of_fragments", CGN_FATE_FRAGMENT_SHARE, share_of_a_class},
	{"the_class_of_a_session_has_its_share_of_fragments", CGN_FATE_FRAGMENT_SHARE,
		share_of_a_session},
	{"a_quota_refuses_all_fragments_at_once", CGN_FATE_QUOTA_SUBSCRIBER_UDP, refused_by_quota},
	{"a_rate_refuses_all_fragments_at_once", CGN_FATE_QUOTA_SUBSCRIBER_RATE, refused_by_rate},
	{"a_reload_refuses_all_fragments_at_once", CGN_FATE_RECONFIGURED, refused_as_stale},
};
const uint32_t row_n_cases_fragments_limits = sizeof(row_cases_fragments_limits) /
	sizeof(row_cases_fragments_limits[0]);
