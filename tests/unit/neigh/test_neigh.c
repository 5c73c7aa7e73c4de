/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/neigh: the state machine, with questions and released packets noted down. */
#include "neigh.h"

#include <string.h>

#include <criterion/criterion.h>

#include "conf_text.h"

enum { START_S = 5000, REFRESH_S = 60, MAX_NOTES = 64 };
enum { HOP = 7, OTHER = 9 }; /* neighbour indices */

static struct cgn_conf *conf;
static struct cgn_directory *dir;
static struct cgn_neigh_table *t;

/* What the table has asked for and released, in order. */
static struct {
	uint32_t n_asked, asked[MAX_NOTES];
	bool broadcast[MAX_NOTES];
	uint32_t n_released;
	const struct rte_mbuf *released[MAX_NOTES];
	enum cgn_fate fates[MAX_NOTES];
} notes;

static void
note_ask(void *ctx, uint32_t neigh, const struct rte_ether_addr *mac)
{
	cr_assert_eq(ctx, &notes);
	notes.broadcast[notes.n_asked] = mac == NULL;
	notes.asked[notes.n_asked++] = neigh;
}

static void
note_release(void *ctx, struct rte_mbuf *mbuf, enum cgn_fate fate)
{
	cr_assert_eq(ctx, &notes);
	notes.fates[notes.n_released] = fate;
	notes.released[notes.n_released++] = mbuf;
}

static const struct cgn_neigh_ops ops = {.ask = note_ask, .release = note_release};
static const struct rte_ether_addr mac_1 = {{2, 0, 0, 0, 0, 1}}, mac_2 = {{2, 0, 0, 0, 0, 2}};

static void
start(void)
{
	struct cgn_errmsg err;

	conf = conf_text_load_one(CONF_TEXT_BOX
		"arp: {hold_packets: 6, hold_packets_per_neighbour: 4}\ntenants: [t0.yaml]\n",
		"tenant: a\nattachments: [{port: access, address: 100.64.0.1/24, "
		"subscribers: [{prefix: 100.64.0.0/24}]}]\npool: [203.0.113.16/32]\n");
	dir = cgn_directory_create(conf, NULL, &err);
	t = cgn_neigh_create(dir, &ops, &notes, -1, &err);
	cr_assert_not_null(t);
	cgn_neigh_start(t, START_S);
}

static void
finish(void)
{
	cgn_neigh_flush(t);
	cr_assert_eq(t->n_held, 0);
	cgn_neigh_destroy(t);
	cgn_directory_destroy(dir);
	cgn_conf_free(conf);
}

TestSuite(neigh, .init = start, .fini = finish);

/* Packets are only told apart by their addresses. */
static struct rte_mbuf *
packet(uintptr_t i)
{
	return (struct rte_mbuf *)(0x1000 + 0x100 * i);
}

static enum cgn_fate
hold(uint32_t neigh, uintptr_t i)
{
	return cgn_neigh_hold(t, neigh, packet(i), START_S);
}

static bool
has_mac(uint32_t neigh, const struct rte_ether_addr *expected)
{
	struct rte_ether_addr mac;

	return cgn_neigh_mac(t, neigh, &mac) && memcmp(&mac, expected, sizeof(mac)) == 0;
}

static void
tick(uint32_t now_s)
{
	cgn_neigh_tick(t, now_s, UINT32_MAX);
}

Test(neigh, first_packet_asks_everybody_and_waits)
{
	cr_assert_eq(hold(HOP, 1), CGN_FATE_NONE);
	cr_assert_eq(notes.n_asked, 1);
	cr_assert_eq(notes.asked[0], HOP);
	cr_assert(notes.broadcast[0]);
	cr_assert_eq(t->ctl[HOP].state, CGN_NEIGH_INCOMPLETE);
	cr_assert_eq(notes.n_released, 0);
	cr_assert_not(has_mac(HOP, &mac_1));
}

Test(neigh, more_packets_do_not_ask_again)
{
	for (uintptr_t i = 0; i < 4; i++)
		hold(HOP, i);
	cr_assert_eq(notes.n_asked, 1);
	cr_assert_eq(t->n_held, 4);
}

Test(neigh, answer_releases_packets_in_their_order)
{
	for (uintptr_t i = 0; i < 4; i++)
		hold(HOP, i);
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S);
	cr_assert_eq(notes.n_released, 4);
	for (uintptr_t i = 0; i < 4; i++) {
		cr_assert_eq(notes.released[i], packet(i));
		cr_assert_eq(notes.fates[i], CGN_FATE_NONE);
	}
	cr_assert(has_mac(HOP, &mac_1));
	cr_assert_eq(t->n_held, 0);
}

Test(neigh, packet_for_a_known_hop_comes_back_at_once)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	cr_assert_eq(hold(HOP, 1), CGN_FATE_NONE);
	cr_assert_eq(notes.n_released, 1);
	cr_assert_eq(notes.fates[0], CGN_FATE_NONE);
	cr_assert_eq(notes.n_asked, 0);
}

/* RFC 1122 section 2.3.2.2: the latest packet is kept, so the oldest goes. */
Test(neigh, one_neighbour_holds_no_more_than_its_share_and_the_latest)
{
	for (uintptr_t i = 0; i < 6; i++)
		cr_assert_eq(hold(HOP, i), CGN_FATE_NONE);
	cr_assert_eq(hold(OTHER, 6), CGN_FATE_NONE);
	cr_assert_eq(notes.n_released, 2);
	cr_assert_eq(t->n_held, 5);
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S);
	cr_assert_eq(notes.n_released, 6);
	for (uintptr_t i = 0; i < 6; i++) {
		cr_assert_eq(notes.released[i], packet(i));
		cr_assert_eq(notes.fates[i], i < 2 ? CGN_FATE_NEIGHBOUR_HOLD_FULL : CGN_FATE_NONE);
	}
}

Test(neigh, all_together_hold_no_more_than_there_is)
{
	for (uintptr_t i = 0; i < 4; i++)
		hold(HOP, i);
	hold(OTHER, 4);
	hold(OTHER, 5);
	cr_assert_eq(hold(OTHER, 6), CGN_FATE_NONE, "in the place of its own oldest");
	cr_assert_eq(notes.n_released, 1);
	cr_assert_eq(notes.released[0], packet(4));
	cr_assert_eq(notes.fates[0], CGN_FATE_NEIGHBOUR_HOLD_FULL);
	cr_assert_eq(hold(OTHER + 1, 7), CGN_FATE_NEIGHBOUR_HOLD_FULL, "it has none to give");
	cr_assert_eq(notes.n_released, 1, "and the packet is still the caller's");
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S);
	cr_assert_eq(hold(OTHER + 1, 8), CGN_FATE_NONE, "places are given back");
}

/* A share of one packet is enough for the latest. */
Test(neigh, smallest_share_keeps_the_latest)
{
	conf->arp.hold_packets_per_neighbour = 1;
	for (uintptr_t i = 0; i < 3; i++)
		cr_assert_eq(hold(HOP, i), CGN_FATE_NONE);
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S);
	cr_assert_eq(notes.n_released, 3);
	cr_assert_eq(notes.released[2], packet(2));
	cr_assert_eq(notes.fates[2], CGN_FATE_NONE);
}

Test(neigh, silent_hop_is_asked_three_times_a_second_apart_and_given_up)
{
	hold(HOP, 1);
	tick(START_S);
	cr_assert_eq(notes.n_asked, 1);
	tick(START_S + 1);
	cr_assert_eq(notes.n_asked, 2);
	tick(START_S + 2);
	cr_assert_eq(notes.n_asked, 3);
	cr_assert_eq(notes.n_released, 0);
	tick(START_S + 3);
	cr_assert_eq(notes.n_asked, 3);
	cr_assert_eq(notes.n_released, 1);
	cr_assert_eq(notes.fates[0], CGN_FATE_NO_NEIGHBOUR);
	cr_assert_eq(t->ctl[HOP].state, CGN_NEIGH_UNKNOWN);
	cr_assert_eq(t->n_known, 0);
	cr_assert_eq(t->wheel.n_nodes, 0);
}

Test(neigh, given_up_hop_is_asked_anew_for_the_next_packet)
{
	hold(HOP, 1);
	for (uint32_t s = 1; s <= 3; s++)
		tick(START_S + s);
	hold(HOP, 2);
	cr_assert_eq(notes.n_asked, 4);
	for (uint32_t s = 4; s <= 6; s++)
		tick(START_S + s);
	cr_assert_eq(notes.n_asked, 6, "three times again");
	cr_assert_eq(notes.n_released, 2);
}

Test(neigh, hop_in_use_is_probed_by_its_own_mac_and_stays)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	cr_assert(has_mac(HOP, &mac_1));
	tick(START_S + REFRESH_S - 1);
	cr_assert_eq(notes.n_asked, 0);
	tick(START_S + REFRESH_S);
	cr_assert_eq(notes.n_asked, 1);
	cr_assert_not(notes.broadcast[0]);
	cr_assert_eq(t->ctl[HOP].state, CGN_NEIGH_PROBING);
	cr_assert(has_mac(HOP, &mac_1), "packets go on meanwhile");
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S + REFRESH_S);
	cr_assert_eq(t->ctl[HOP].state, CGN_NEIGH_REACHABLE);
	tick(START_S + REFRESH_S + 10);
	cr_assert_eq(notes.n_asked, 1);
}

Test(neigh, hop_that_stops_answering_is_forgotten)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	has_mac(HOP, &mac_1);
	for (uint32_t s = 0; s <= 3; s++)
		tick(START_S + REFRESH_S + s);
	cr_assert_eq(notes.n_asked, 3);
	cr_assert_not(has_mac(HOP, &mac_1));
	cr_assert_eq(t->ctl[HOP].state, CGN_NEIGH_UNKNOWN);
}

Test(neigh, hop_that_nobody_uses_is_forgotten_without_a_question)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	tick(START_S + REFRESH_S);
	cr_assert_eq(notes.n_asked, 0);
	cr_assert_not(has_mac(HOP, &mac_1));
	cr_assert_eq(t->n_known, 0);
}

Test(neigh, use_counts_for_one_refresh_only)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	has_mac(HOP, &mac_1);
	tick(START_S + REFRESH_S);
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S + REFRESH_S);
	tick(START_S + 2 * REFRESH_S);
	cr_assert_eq(t->ctl[HOP].state, CGN_NEIGH_UNKNOWN);
}

Test(neigh, changed_mac_is_followed)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	cgn_neigh_learn(t, HOP, &mac_2, false, START_S + 1);
	cr_assert(has_mac(HOP, &mac_2));
	cr_assert_eq(t->n_known, 1);
	cr_assert_eq(t->wheel.n_nodes, 1);
}

Test(neigh, strangers_are_learned_only_when_they_speak_to_the_box)
{
	cgn_neigh_learn(t, HOP, &mac_1, false, START_S);
	cr_assert_not(has_mac(HOP, &mac_1));
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	cr_assert(has_mac(HOP, &mac_1));
}

Test(neigh, probing_hop_does_not_hold_packets)
{
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	has_mac(HOP, &mac_1);
	tick(START_S + REFRESH_S);
	cr_assert_eq(hold(HOP, 1), CGN_FATE_NONE);
	cr_assert_eq(notes.n_released, 1);
	cr_assert_eq(notes.fates[0], CGN_FATE_NONE);
}

Test(neigh, budget_bounds_a_turn)
{
	for (uint32_t i = 0; i < 50; i++)
		cgn_neigh_learn(t, i, &mac_1, true, START_S);
	cgn_neigh_tick(t, START_S + REFRESH_S, 20);
	cr_assert_eq(t->n_known, 30);
	cgn_neigh_tick(t, START_S + REFRESH_S, 100);
	cr_assert_eq(t->n_known, 0);
}

Test(neigh, flush_releases_everything_as_unresolved)
{
	hold(HOP, 1);
	hold(OTHER, 2);
	cgn_neigh_flush(t);
	cr_assert_eq(notes.n_released, 2);
	cr_assert_eq(notes.fates[0], CGN_FATE_NO_NEIGHBOUR);
	cr_assert_eq(notes.fates[1], CGN_FATE_NO_NEIGHBOUR);
	cr_assert_eq(t->n_held, 0);
}

Test(neigh, each_entry_knows_its_interface)
{
	cr_assert_eq(t->n, 512);
	cr_assert_eq(t->entries[0].iface, 0);
	cr_assert_eq(t->entries[255].iface, 0);
	cr_assert_eq(t->entries[256].iface, 1);
}

/* A directory with a third interface, whose neighbours begin after a hole. */
static struct cgn_directory
larger_dir(struct cgn_iface *ifaces)
{
	struct cgn_directory next = *dir;

	memcpy(ifaces, dir->ifaces, 2 * sizeof(*ifaces));
	ifaces[2] = ifaces[0];
	ifaces[2].neigh_base = 600;
	next.ifaces = ifaces;
	next.n_ifaces = 3;
	next.n_neigh = 600 + 256;
	return next;
}

Test(neigh, interface_that_comes_later_has_neighbours_of_its_own)
{
	struct cgn_iface ifaces[3];
	struct cgn_directory next = larger_dir(ifaces);
	const struct cgn_neigh *entries = t->entries;

	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	cr_assert_eq(cgn_neigh_add(t, &next, 2), 0);
	cr_assert_eq(t->entries, entries);
	cr_assert_eq(t->n, 600 + 256);
	cr_assert_eq(t->entries[600].iface, 2);
	cr_assert_eq(t->entries[855].iface, 2);
	cr_assert(has_mac(HOP, &mac_1));
	cr_assert_not(has_mac(700, &mac_1));
	cgn_neigh_learn(t, 700, &mac_2, true, START_S);
	cr_assert(has_mac(700, &mac_2));
	cr_assert_eq(hold(855, 1), CGN_FATE_NONE);
	cgn_neigh_flush(t); /* passes the hole */
	cr_assert_eq(notes.n_released, 1);
}

Test(neigh, interface_that_goes_leaves_nothing_behind)
{
	struct cgn_iface ifaces[3];
	struct cgn_directory next = larger_dir(ifaces);

	cgn_neigh_add(t, &next, 2);
	cgn_neigh_learn(t, HOP, &mac_1, true, START_S);
	cgn_neigh_learn(t, 700, &mac_2, true, START_S);
	has_mac(700, &mac_2); /* used */
	hold(701, 1);
	hold(701, 2);
	cgn_neigh_remove(t, &next, 2);
	cr_assert_eq(notes.n_released, 2);
	cr_assert_eq(notes.fates[0], CGN_FATE_NO_NEIGHBOUR);
	cr_assert_eq(notes.fates[1], CGN_FATE_NO_NEIGHBOUR);
	cr_assert_eq(t->n_held, 0);
	cr_assert_eq(t->n_known, 1);
	cr_assert_eq(t->wheel.n_nodes, 1);
	cr_assert_not(has_mac(700, &mac_2));
	cr_assert(has_mac(HOP, &mac_1));
	cr_assert_eq(cgn_neigh_add(t, &next, 2), 0, "its numbers can be used again");
	cr_assert_eq(atomic_load(&t->entries[700].used), 0);
	cgn_neigh_learn(t, 700, &mac_1, true, START_S);
	cr_assert(has_mac(700, &mac_1));
}

Test(neigh, more_neighbours_than_numbers_are_refused)
{
	struct cgn_iface ifaces[3];
	struct cgn_directory next = larger_dir(ifaces);

	ifaces[2].neigh_base = CGN_MAX_NEIGH - 255;
	cr_assert_eq(cgn_neigh_add(t, &next, 2), -EOVERFLOW);
	cr_assert_eq(t->n, 512);
}

Test(neigh, states_have_names)
{
	cr_assert_str_eq(cgn_neigh_state_str(CGN_NEIGH_UNKNOWN), "unknown");
	cr_assert_str_eq(cgn_neigh_state_str(CGN_NEIGH_PROBING), "probing");
}
