/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/nat/tcp_track: segments as a small language, one word per segment: direction (> from
 * inside, < from outside), peer (a, b), flags (S SYN, A ACK, F FIN, R RST, . data of 10 octets with
 * ACK). Both ends number them as TCP does, and each one hears what the other has sent; ! at the end
 * is a forged one, whose numbers are 2^18 off in both directions of the connection, and ~ one that
 * is lost behind the NAT. All are tracked, as if each were the first of its second.
 */
#include <criterion/criterion.h>

#include "tcp_tell.h"

enum { O = CGN_TCP_OPENING, E = CGN_TCP_ESTABLISHED, C = CGN_TCP_CLOSING };
enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10, FORGED_OFF = 1 << 18 };

/* The next number that each end sends, and expects; of each peer. */
struct ends {
	uint32_t next[2], expected[2];
};

static struct tcp_one one;
static struct ends peers[2];

static void
reset(void)
{
	tcp_one_init(&one);
	for (int p = 0; p < 2; p++)
		peers[p] = (struct ends){.next = {0xfffffff0, 5000}};
}

static uint8_t
flags_of(const char *word)
{
	uint8_t flags = 0;

	for (; strchr("SAFR", *word) != NULL && *word != '\0'; word++)
		flags |= *word == 'S' ? SYN : *word == 'A' ? ACK : *word == 'F' ? FIN : RST;
	return flags == 0 || flags == FIN ? flags | ACK : flags;
}

static void
play_word(const char *word, size_t len)
{
	enum cgn_dir dir = word[0] == '>' ? CGN_IN2OUT : CGN_OUT2IN, other = !dir;
	struct ends *ends = &peers[word[1] - 'a'];
	struct cgn_tcp_segment s = {.seq = ends->next[dir], .flags = flags_of(word + 2)};
	bool forged = word[len - 1] == '!', lost = word[len - 1] == '~';

	if (s.flags & ACK)
		s.ack = ends->expected[dir];
	if (forged)
		s.seq += FORGED_OFF, s.ack += FORGED_OFF;
	s.end = s.seq + !!(s.flags & SYN) + !!(s.flags & FIN) + (word[2] == '.' ? 10 : 0);
	tcp_tell(&one.table, &one.m, dir, 0xc0000200u + (uint32_t)word[1], s);
	if (forged)
		return;
	ends->next[dir] = s.end;
	if (!lost)
		ends->expected[other] = s.end;
}

static void
play(const char *segments)
{
	for (const char *s = segments; *s != '\0'; s += strspn(s, " ")) {
		size_t len = strcspn(s, " ");

		play_word(s, len);
		s += len;
	}
}

static void
expect(const char *segments, uint32_t state)
{
	uint32_t got;

	reset();
	play(segments);
	got = atomic_load(&one.m.tcp) & CGN_TCP_STATE_MASK;
	cr_assert_eq(got, state, "\"%s\" is %s", segments, cgn_tcp_state_str(got));
}

#define OPEN_A ">aS <aSA >aA "
#define OPEN_B ">bS <bSA >bA "
#define CLOSE_A ">aFA <aA <aFA >aA "

Test(tcp_track, connection_opens_when_both_have_sent_syn_and_the_outside_confirms)
{
	expect(">aS", O);
	expect(">aS <aSA", E);
	expect(OPEN_A ">a. <a.", E);
	expect(">aS >aS >aS", O);
	expect(">aS <aSA! <aA!", O);
	expect(">aS <aA", O);
}

Test(tcp_track, simultaneous_open_is_a_connection)
{
	expect(">aS <aS", O);
	expect(">aS <aS >aSA", O);
	expect(">aS <aS~ >aA", O);
	expect(">aS <aS <aA", E);
}

/* Both SYNs take their numbers before either is confirmed; then each confirms the other's. */
Test(tcp_track, simultaneous_open_with_crossing_syn_acks)
{
	const struct cgn_tcp_segment segs[] = {{.seq = 100, .end = 101, .flags = SYN},
		{.seq = 900, .end = 901, .flags = SYN},
		{.seq = 100, .ack = 901, .end = 101, .flags = SYN | ACK},
		{.seq = 900, .ack = 101, .end = 901, .flags = SYN | ACK}};

	reset();
	for (uint32_t k = 0; k < 4; k++) {
		cr_assert_eq(atomic_load(&one.m.tcp) & CGN_TCP_STATE_MASK, O);
		tcp_tell(&one.table, &one.m, k % 2 ? CGN_OUT2IN : CGN_IN2OUT, 1, segs[k]);
	}
	cr_assert_eq(atomic_load(&one.m.tcp) & CGN_TCP_STATE_MASK, E);
}

/* The other side answers a SYN with a bare ACK, and then opens by itself. */
Test(tcp_track, split_handshake_is_a_connection)
{
	expect(">aS <aA <aS >aA", O);
	expect(">aS <aA <aS >aA <aA", E);
	expect(">aS <aS >aA <aA >aA", E);
}

Test(tcp_track, connection_opened_from_outside_needs_the_insides_answer)
{
	expect("<aS", O);
	expect("<aS <aS", O);
	expect("<aS >aSA", O);
	expect("<aS >aSA <aA!", O);
	expect("<aS >aSA <aA", E);
}

/* What the outside sends without an answer is no state at all: the next one may be tracked. */
Test(tcp_track, segments_from_outside_alone_leave_the_word_untouched)
{
	expect("<aS <aSA <aA <a. <aFA <aR", O);
	cr_assert_eq(atomic_load(&one.m.tcp), 0);
}

Test(tcp_track, connection_closes_when_both_fins_are_confirmed)
{
	expect(OPEN_A ">aFA", E);
	expect(OPEN_A ">aFA <aA", E);
	expect(OPEN_A ">aFA <aFA", E);
	expect(OPEN_A CLOSE_A, C);
	expect(OPEN_A "<aFA >aFA <aA", C);
	expect(OPEN_A ">aFA~ <aFA >aA", E);            /* the inside's one has been lost … */
	expect(OPEN_A "<aFA >aA >aFA <aA >a. <a.", C); /* late ones do not open it again */
}

Test(tcp_track, half_closed_connection_stays_established)
{
	expect(OPEN_A ">aFA <aA <a. >aA <a. >aA", E);
	expect(OPEN_A "<aFA >aA >a. <aA >a. <aA", E);
	expect(OPEN_A "<aFA >aA >a. <aA >aFA <aA", C);
}

Test(tcp_track, forged_fins_do_not_close)
{
	expect(OPEN_A "<aFA! >aA", E);
	expect(OPEN_A "<aFA! >aFA <aA", E);
	expect(OPEN_A ">aFA <aA <aFA! >aA <aFA! >aA", E);
	expect(OPEN_A ">aFA! <aA <aFA >aA", E);
}

/* One that comes between a FIN and its acknowledgement does not take its place. */
Test(tcp_track, forged_fin_does_not_hide_an_honest_one)
{
	expect(OPEN_A ">aFA <aA <aFA <aFA! >aA", C);
	expect(OPEN_A ">aFA <aA <aFA! <aFA >aA", C);
}

Test(tcp_track, reset_closes_and_traffic_of_the_connection_revives)
{
	expect(OPEN_A "<aR", C);
	expect(OPEN_A "<aRA", C);
	expect(OPEN_A ">aRA", C);
	expect(">aS <aRA", C);
	expect(OPEN_A "<aR <a.", E);
	expect(OPEN_A "<aR >a.", E);
	expect(OPEN_A "<aR >a. <aR", C);
	expect(">aS <aRA >aS", O);
}

/* A refused SYN that is answered after all is not more than it was. */
Test(tcp_track, reset_while_opening_is_revived_to_opening)
{
	expect(">aS <aRA >aA", O);
}

Test(tcp_track, forged_resets_change_nothing)
{
	expect(OPEN_A "<aR!", E);
	expect(OPEN_A "<aRA!", E);
	expect(OPEN_A ">aR!", E);
	expect(OPEN_A ">aRA!", E);
	expect(">aS <aR! <aRA!", O);
	expect(">aS <aSA <aR!", E);
}

Test(tcp_track, forged_data_does_not_revive)
{
	expect(OPEN_A "<aR <a.! <aA! <aFA! >aFA!", C);
	expect(OPEN_A "<aR <aS! <aSA! <a.", E); /* nor do forged SYNs keep others from it */
}

/* The FIN of a connection that is no more must not count for the one that takes its ports. */
Test(tcp_track, old_fins_are_not_those_of_a_new_connection)
{
	expect(OPEN_A ">aFA <aA >aRA <a. >aS <aSA >aA <aFA >aA", E);
	expect(OPEN_A "<aFA >aA <aR >aA <aS >aSA <aA >aFA <aA", E);
}

Test(tcp_track, traffic_of_strangers_does_not_revive)
{
	expect(OPEN_A "<aR <b.", C);
	expect(OPEN_A ">aR <bA", C);
}

Test(tcp_track, reset_after_both_fins_is_not_revived_by_stragglers)
{
	expect(OPEN_A CLOSE_A ">aR <a.", C);
	expect(OPEN_A CLOSE_A "<aR >a.", C);
}

Test(tcp_track, reset_or_fin_of_a_stranger_does_nothing)
{
	expect(OPEN_A "<bR", E);
	expect(">aS <bRA", O);
	expect(OPEN_A "<bFA >bFA <bA", E);
}

Test(tcp_track, syn_scan_from_outside_does_not_lengthen_life)
{
	expect(">aS <bS <bS <bSA", O);
	expect(OPEN_A "<aR <bS", C);
	expect(OPEN_A CLOSE_A "<bS", C);
	expect(OPEN_A CLOSE_A "<bS >bSA <bA!", O);
}

/* SYN in TIME_WAIT: from either side, the other end deciding (ADV-21). */
Test(tcp_track, new_connection_takes_the_place_of_a_dead_one)
{
	expect(OPEN_A CLOSE_A ">aS", O);
	expect(OPEN_A CLOSE_A ">aS <aSA", E);
	expect(OPEN_A CLOSE_A "<aS", C);
	expect(OPEN_A CLOSE_A "<aS >aSA <aA", E);
	expect(OPEN_A "<aR >bS", O);
	expect(OPEN_A "<aR " OPEN_B ">bFA <bA <bFA >bA", C);
}

/* Its own timeout may be the shorter one: the dead one's last segments are waited for. */
Test(tcp_track, opening_after_a_dead_connection_keeps_the_longer_timeout)
{
	expect(OPEN_A CLOSE_A ">bS", O);
	cr_assert_neq(atomic_load(&one.m.tcp) & CGN_TCP_AFTER, 0);
	play("<bSA");
	cr_assert_eq(atomic_load(&one.m.tcp) & CGN_TCP_AFTER, 0);
	expect(">bS", O);
	cr_assert_eq(atomic_load(&one.m.tcp) & CGN_TCP_AFTER, 0);
	/* Also when the second one is refused and tries again. */
	expect(OPEN_A CLOSE_A ">bS <bRA >bS", O);
	cr_assert_neq(atomic_load(&one.m.tcp) & CGN_TCP_AFTER, 0);
}

Test(tcp_track, new_syn_on_a_live_connection_changes_nothing)
{
	expect(OPEN_A ">aS", E);
	expect(OPEN_A ">aS <aSA >aA " CLOSE_A, C);
	expect(OPEN_A "<aS! <aSA!", E);
	expect(OPEN_A "<aS! >aA <aR", C); /* the end sees through it, and means its own RST */
}

Test(tcp_track, mapping_with_two_connections_stays_established)
{
	expect(OPEN_A ">bS", E);
	expect(OPEN_A OPEN_B CLOSE_A, E);
	expect(OPEN_A OPEN_B "<bR <aR", E);
	expect(OPEN_A "<bS >bSA <aR", E); /* the second one came from outside and was answered */
}

/* Several attempts at once, as of who punches holes: open when one of them is. */
Test(tcp_track, two_that_open_are_established_when_one_is)
{
	expect(">aS >bS", O);
	expect(">aS >bS <bS <aRA", O);
	cr_assert_neq(atomic_load(&one.m.tcp) & CGN_TCP_AFTER, 0);
	expect(">aS >bS <bSA", E);
	expect(">aS >bS <aSA <aR", E);
}

Test(tcp_track, stray_segments_both_ways_establish_a_loose_mapping)
{
	expect(">a.", O);
	expect(">a. >a.", O);
	expect(">a. <a.", E);
	expect(">a. <a.!", O);
	expect(">a. <a. >aFA <aA <aFA >aA", C);
}

Test(tcp_track, strangers_cannot_touch_a_loose_mapping)
{
	expect(">a. <b.", O);
	expect(">a. <a. <bS", E);
	expect(">a. <bS <a.", E);
	expect(">a. <a. <bR <bFA", E);
}

/* The other connection over it may only show itself by data. */
Test(tcp_track, loose_mapping_with_two_connections_is_shared)
{
	expect(">a. >b. <a. " CLOSE_A, E);
	expect(">a. <a. " CLOSE_A ">b. <b.", E);
}

Test(tcp_track, data_on_an_established_connection_is_calm)
{
	uint32_t before;

	reset();
	play(">aS <aSA");
	cr_assert_not(cgn_tcp_is_calm(&one.m, ACK)); /* the inside has not confirmed anything yet */
	play(">aA");
	cr_assert(cgn_tcp_is_calm(&one.m, ACK));
	cr_assert_not(cgn_tcp_is_calm(&one.m, FIN | ACK));
	before = atomic_load(&one.m.tcp);
	play(">a. <a. >aA <bA <b.");
	cr_assert_eq(atomic_load(&one.m.tcp), before);
	play(">aFA");
	cr_assert_not(cgn_tcp_is_calm(&one.m, ACK));
	play("<aA");
	cr_assert(cgn_tcp_is_calm(&one.m, ACK)); /* half-closed: nothing to wait for */
}

/* Only the first segment of a second is looked at: a direction may be up to a second further. */
Test(tcp_track, reset_fits_by_the_slow_direction_when_the_fast_one_is_ahead)
{
	reset();
	play(OPEN_A);
	peers[0].next[CGN_OUT2IN] += 10000000; /* a download that went by calmly */
	play("<aRA");
	cr_assert_eq(atomic_load(&one.m.tcp) & CGN_TCP_STATE_MASK, C);
	play(">aA");
	cr_assert_eq(atomic_load(&one.m.tcp) & CGN_TCP_STATE_MASK, E);
}

Test(tcp_track, table_without_sides_tracks_nothing)
{
	reset();
	one.table.sides = NULL;
	play(OPEN_A);
	cr_assert_eq(atomic_load(&one.m.tcp), 0);
}

Test(tcp_track, flags_that_no_segment_has_are_illegal)
{
	static const uint8_t legal[] = {
		SYN, SYN | ACK, RST, RST | ACK, ACK, FIN | ACK, SYN | 0xc0, FIN | ACK | 0x28};
	static const uint8_t illegal[] = {0, FIN, SYN | FIN, SYN | RST, FIN | RST, SYN | FIN | ACK,
		SYN | RST | ACK, FIN | RST | ACK, FIN | 0x28, 0x08, 0xff};

	for (size_t k = 0; k < sizeof(legal); k++)
		cr_assert(cgn_tcp_flags_are_legal(legal[k]), "%#x", legal[k]);
	for (size_t k = 0; k < sizeof(illegal); k++)
		cr_assert_not(cgn_tcp_flags_are_legal(illegal[k]), "%#x", illegal[k]);
}

Test(tcp_track, states_have_names)
{
	cr_assert_str_eq(cgn_tcp_state_str(O | 0xff000), "opening");
	cr_assert_str_eq(cgn_tcp_state_str(E | CGN_TCP_RST), "established");
	cr_assert_str_eq(cgn_tcp_state_str(C), "closing");
}
