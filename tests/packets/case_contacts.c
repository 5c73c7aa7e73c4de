/* SPDX-License-Identifier: BSD-3-Clause */
/* Filtering by contacts: the limits of what is remembered, and fragments of a new peer. */
#include "case.h"
#include "datagram.h"

enum { UNIT = 1480 };

static const char room[] = "table: {mappings: 16384, shards: 2, contacts: 4}\n";

static bool
comes_out(struct cgn_sim *sim, uint32_t src, uint16_t sport, uint16_t dport)
{
	struct packet_spec s = packet_udp(src, sport, SIM_PEER, dport);
	struct cgn_sim_frame f;

	cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	cgn_sim_run(sim);
	return cgn_sim_receive(sim, SIM_WAN, &f);
}

/* Two peers of one mapping are let through, a third is refused, the first goes on. */
static bool
limit_case(const char *a, const char *fate)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.box = room, .a = a});
	bool ok = CHECK(comes_out(sim, SIM_A1, 5000, 1));

	ok = ok && CHECK(comes_out(sim, SIM_A1, 5000, 2));
	ok = ok && CHECK(!comes_out(sim, SIM_A1, 5000, 3));
	ok = ok && CHECK(cgn_sim_tenant_fate(sim, "a", fate) == 1);
	ok = ok && CHECK(cgn_sim_n_waiting(sim, SIM_ACCESS) == 1); /* ICMP 3/1 */
	ok = ok && CHECK(comes_out(sim, SIM_A1, 5000, 1));
	return end(sim, ok);
}

static bool
of_mapping(void)
{
	return limit_case("nat: {filtering: address_and_port_dependent}\n"
			  "quota: {subscriber: {mapping_contacts: 2}}\n",
		"quota_mapping_contacts");
}

static bool
of_subscriber(void)
{
	return limit_case("nat: {filtering: address_and_port_dependent}\n"
			  "quota: {subscriber: {contacts: 2}}\n",
		"quota_subscriber_contacts");
}

static bool
of_tenant(void)
{
	return limit_case("nat: {filtering: address_and_port_dependent}\n"
			  "quota: {contacts: 2}\n",
		"quota_tenant_contacts");
}

/* UDP-15: the later fragments of a packet to a new peer wait while control notes the peer. */
static bool
fragments(void)
{
	static struct datagram sent, got;
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = room, .a = "nat: {filtering: address_dependent}\n"});
	struct packet_spec s = packet_udp(SIM_A1, 5000, SIM_PEER2, 53);
	bool ok = CHECK(comes_out(sim, SIM_A1, 5000, 1));

	s.frag = 0;
	datagram_make(&sent, sim, SIM_ACCESS, &s, 4000);
	for (uint32_t i = 0; i < 3; i++)
		datagram_send(sim, SIM_ACCESS, &sent, (i + 1) % 3 * UNIT, UNIT);
	cgn_sim_run(sim);
	ok = ok && CHECK(datagram_collect(sim, SIM_WAN, &got, NULL) == 1);
	ok = ok && CHECK(datagram_is_translated(&got, &sent));
	return end(sim, ok);
}

const struct row_case row_cases_contacts[] = {
	{"peers_of_a_mapping_are_limited", CGN_FATE_QUOTA_MAPPING_CONTACTS, of_mapping},
	{"peers_of_a_subscriber_are_limited", CGN_FATE_QUOTA_SUBSCRIBER_CONTACTS, of_subscriber},
	{"peers_of_a_tenant_are_limited", CGN_FATE_QUOTA_TENANT_CONTACTS, of_tenant},
	{"fragments_to_a_new_peer_come_through", CGN_FATE_NONE, fragments},
};
const uint32_t row_n_cases_contacts = sizeof(row_cases_contacts) / sizeof(row_cases_contacts[0]);
