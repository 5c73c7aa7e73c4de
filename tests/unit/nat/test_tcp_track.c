/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/nat/tcp_track: segments as a small language, one word per segment:
 * direction (> from inside, < from outside), peer (a, b), flags (S SYN, A ACK, F FIN, R RST, .
 * data).
 */
#include "tcp_track.h"

#include <criterion/criterion.h>

enum { O = CGN_TCP_OPENING, E = CGN_TCP_ESTABLISHED, C = CGN_TCP_CLOSING };

static uint8_t
flags_of(const char *word)
{
	uint8_t flags = 0;

	for (; *word != '\0' && *word != ' '; word++)
		flags |= *word == 'S'  ? 0x02
			: *word == 'A' ? 0x10
			: *word == 'F' ? 0x01
			: *word == 'R' ? 0x04
				       : 0;
	return flags != 0 ? flags : 0x10;
}

static void
play(struct cgn_mapping *m, const char *segments)
{
	for (const char *s = segments; *s != '\0';) {
		struct cgn_pkt pkt = {.tcp_flags = flags_of(s + 2)};
		rte_be32_t peer = s[1] == 'a' ? RTE_BE32(0xc0000201) : RTE_BE32(0xc0000202);

		if (s[0] == '>') {
			pkt.dst = peer;
			pkt.dport = RTE_BE16(443);
			cgn_tcp_track(m, &pkt, CGN_IN2OUT);
		} else {
			pkt.src = peer;
			pkt.sport = RTE_BE16(443);
			cgn_tcp_track(m, &pkt, CGN_OUT2IN);
		}
		while (*s != '\0' && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
}

static void
expect(const char *segments, uint32_t state)
{
	struct cgn_mapping m = {.proto = CGN_TCP};
	uint32_t got;

	play(&m, segments);
	got = atomic_load(&m.tcp) & CGN_TCP_STATE_MASK;
	cr_assert_eq(got, state, "\"%s\" is %s", segments, cgn_tcp_state_str(got));
}

Test(tcp_track, connection_opens_with_syn_from_both_sides)
{
	expect(">aS", O);
	expect(">aS <aSA", E);
	expect(">aS <aSA >aA >a. <a.", E);
	expect(">aS >aS >aS", O);
	expect(">aS >a. >a.", O);
}

Test(tcp_track, simultaneous_open_is_a_connection)
{
	expect(">aS <aS", E);
	expect(">aS <aS >aSA <aSA", E);
}

Test(tcp_track, connection_opened_from_outside_needs_the_insides_answer)
{
	expect("<aS", O);
	expect("<aS <aS", O);
	expect("<aS >aSA", E);
}

Test(tcp_track, connection_closes_with_fin_from_both_sides)
{
	expect(">aS <aSA >aF", E);
	expect(">aS <aSA <aF", E);
	expect(">aS <aSA >aF >aF", E);
	expect(">aS <aSA >aFA <aFA", C);
	expect(">aS <aSA <aF >aF", C);
	expect(">aS <aSA >aF <aF >a. <a.", C); /* last acknowledgements do not open it again */
}

Test(tcp_track, fin_before_the_connection_is_open_counts_too)
{
	expect(">aS >aF <aF", C);
}

Test(tcp_track, reset_closes_and_traffic_of_the_connection_revives)
{
	expect(">aS <aSA <aR", C);
	expect(">aS <aSA >aRA", C);
	expect(">aS <aR", C);
	expect(">aS <aSA <aR <a.", E);
	expect(">aS <aSA <aR >a.", E);
	expect(">aS <aSA <aR >a. <aR", C);
}

Test(tcp_track, traffic_of_strangers_does_not_revive)
{
	expect(">aS <aSA <aR <b.", C);
	expect(">aS <aSA >aR <bA", C);
}

Test(tcp_track, reset_after_both_fins_is_not_revived_by_stragglers)
{
	expect(">aS <aSA >aF <aF >aR <a.", C);
	expect(">aS <aSA >aF <aF <aR >a.", C);
}

Test(tcp_track, reset_or_fin_of_a_stranger_does_nothing)
{
	expect(">aS <aSA <bR", E);
	expect(">aS <bR", O);
	expect(">aS <aSA <bF >bF", E);
}

Test(tcp_track, syn_scan_from_outside_does_not_lengthen_life)
{
	expect(">aS <bS <bS <bSA", O);
	expect(">aS <aSA <aR <bS", C);
	expect(">aS <aSA >aF <aF <bS", C);
}

Test(tcp_track, new_connection_takes_the_place_of_a_dead_one)
{
	expect(">aS <aSA >aF <aF >aS", O);
	expect(">aS <aSA >aF <aF >aS <aSA", E);
	expect(">aS <aSA <aR >bS", O);
	expect(">aS <aSA <aR >bS <bSA >bF <bF", C);
}

Test(tcp_track, mapping_with_two_connections_stays_established)
{
	expect(">aS <aSA >bS", E);
	expect(">aS <aSA >bS <bSA >aF <aF", E);
	expect(">aS <aSA >bS <bSA <bR <aR", E);
	expect(">aS >bS <bSA <aR", E);
	expect(">aS <aSA <bS >bSA <aR", E); /* the second one came from outside and was answered */
}

Test(tcp_track, stray_segments_both_ways_establish_a_loose_mapping)
{
	expect(">a.", O);
	expect(">a. >a.", O);
	expect(">a. <a.", E);
	expect(">a. <a. >aF <aF", C);
}

Test(tcp_track, strangers_cannot_touch_a_loose_mapping)
{
	expect(">a. <b.", O);
	expect(">a. <a. <bS", E);
	expect(">a. <bS <a.", E);
	expect(">a. <a. <bR <bF", E);
}

Test(tcp_track, data_on_an_established_connection_writes_nothing)
{
	struct cgn_mapping m = {.proto = CGN_TCP};
	uint32_t before;

	play(&m, ">aS <aSA");
	before = atomic_load(&m.tcp);
	play(&m, ">a. <a. >aA <bA <b.");
	cr_assert_eq(atomic_load(&m.tcp), before);
}

Test(tcp_track, states_have_names)
{
	cr_assert_str_eq(cgn_tcp_state_str(O | 0xff00), "opening");
	cr_assert_str_eq(cgn_tcp_state_str(E | CGN_TCP_RST), "established");
	cr_assert_str_eq(cgn_tcp_state_str(C), "closing");
}
