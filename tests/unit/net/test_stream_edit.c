/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/net/stream_edit: random streams with random edits, cut into random segments that are
 * sent again at random, over the wrap of the numbers. The receiver must get the edited stream and
 * nothing else, and what it confirms must never be more than it has. CGN_SEED=n repeats a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "rand.h"
#include "stream_edit.h"

enum { N_RUNS = 400, STREAM = 4000, MAX_EDITS = 40, EDITED = STREAM + MAX_EDITS * CGN_EDIT_TEXT };

static struct cgn_rand prng;

static uint32_t
below(uint32_t n)
{
	return cgn_rand_below(&prng, n);
}

/* A word of the stream that is to be replaced, and with what. */
struct word {
	uint32_t at, len, new_len;
	char text[CGN_EDIT_TEXT];
};

static struct {
	uint8_t bytes[STREAM], edited[EDITED], received[EDITED];
	uint32_t n_edited, n_received; /* in order, from the first byte on */
	struct word words[MAX_EDITS];
	uint32_t n_words;
	uint32_t isn, acked; /* acked: bytes of the sender's stream */
	struct cgn_edits edits;
} t;

static void
make_stream(void)
{
	uint32_t at = below(40), from = 0;

	memset(&t, 0, sizeof(t));
	t.isn = below(2) ? UINT32_MAX - below(STREAM) : (uint32_t)cgn_rand_u64(&prng);
	for (uint32_t i = 0; i < STREAM; i++)
		t.bytes[i] = (uint8_t)('a' + below(26));
	while (t.n_words < MAX_EDITS && at + 30 < STREAM) {
		struct word *w = &t.words[t.n_words++];

		*w = (struct word){
			.at = at, .len = 1 + below(20), .new_len = 1 + below(CGN_EDIT_TEXT)};
		for (uint32_t i = 0; i < w->new_len; i++)
			w->text[i] = (char)('0' + below(10));
		memcpy(t.edited + t.n_edited, t.bytes + from, at - from);
		t.n_edited += at - from;
		memcpy(t.edited + t.n_edited, w->text, w->new_len);
		t.n_edited += w->new_len;
		from = at + w->len;
		at = from + below(200);
	}
	memcpy(t.edited + t.n_edited, t.bytes + from, STREAM - from);
	t.n_edited += STREAM - from;
}

/* A segment never cuts a word: commands are sent whole. */
static uint32_t
end_of_segment(uint32_t from)
{
	uint32_t end = from + 1 + below(150);

	end = end < STREAM ? end : STREAM;
	for (uint32_t i = 0; i < t.n_words; i++)
		if (t.words[i].at < end && end < t.words[i].at + t.words[i].len)
			end = t.words[i].at + t.words[i].len;
	return end;
}

/* What the box does with it: new words become edits, old ones are known. */
static void
pass(uint32_t from, uint32_t end, uint64_t seed)
{
	uint8_t out[EDITED];
	uint32_t seq, off;
	int32_t n;

	for (uint32_t i = 0; i < t.n_words; i++) {
		const struct word *w = &t.words[i];

		if (w->at < from || w->at >= end || i < t.edits.n)
			continue;
		cr_assert(cgn_edits_add(&t.edits, t.isn + w->at, w->len, w->text, w->new_len));
		cr_assert_not_null(cgn_edits_find(&t.edits, t.isn + w->at));
	}
	n = cgn_edits_apply(&t.edits, t.isn + from, t.bytes + from, end - from, out, sizeof(out));
	cr_assert_geq(n, 0, "CGN_SEED=%llu", (unsigned long long)seed);
	seq = cgn_edits_seq(&t.edits, t.isn + from);
	off = seq - t.isn;
	cr_assert_leq(off + (uint32_t)n, t.n_edited);
	cr_assert_eq(memcmp(out, t.edited + off, (size_t)n), 0, "CGN_SEED=%llu: at %u",
		(unsigned long long)seed, from);
	if (off <= t.n_received && off + (uint32_t)n > t.n_received) {
		memcpy(t.received + off, out, (size_t)n);
		t.n_received = off + (uint32_t)n;
	}
}

/* The bytes of the sender's stream that are wholly in the first n bytes of the edited one. */
static uint32_t
model_ack(uint32_t n)
{
	uint32_t before = 0, after = 0;

	for (uint32_t i = 0; i < t.n_words; i++) {
		uint32_t plain = t.words[i].at - before;

		if (n < after + plain)
			return before + (n - after);
		before += plain;
		after += plain;
		if (n < after + t.words[i].new_len)
			return before;
		before += t.words[i].len;
		after += t.words[i].new_len;
	}
	return before + (n - after);
}

static void
acknowledge(uint32_t n, uint64_t seed)
{
	uint32_t ack = cgn_edits_ack(&t.edits, t.isn + n) - t.isn;

	/* Older words than are known have been confirmed long since. */
	if (n < t.n_received && t.edits.n > CGN_EDITS)
		return;
	cr_assert_eq(ack, model_ack(n), "CGN_SEED=%llu: %u is %u, not %u", (unsigned long long)seed,
		n, ack, model_ack(n));
	t.acked = ack > t.acked ? ack : t.acked;
}

Test(stream_edit, the_receiver_gets_the_edited_stream)
{
	const char *env = getenv("CGN_SEED");
	uint64_t seed = env != NULL ? strtoull(env, NULL, 0) : (uint64_t)time(NULL);

	cgn_rand_init(&prng, seed);
	for (uint32_t run = 0; run < N_RUNS; run++) {
		uint32_t from = 0;

		make_stream();
		while (from < STREAM) {
			uint32_t end = end_of_segment(from);

			pass(from, end, seed);
			if (below(4) == 0) /* all that is not confirmed again, or a part of it */
				pass(below(2) ? t.acked : from, end, seed);
			if (below(2) == 0)
				acknowledge(t.n_received, seed);
			if (below(3) == 0 && t.n_received > 0)
				acknowledge(t.n_received - below(20) % t.n_received, seed);
			if (t.edits.n > 4) /* no more outstanding than are known */
				acknowledge(t.n_received, seed);
			from = end;
		}
		cr_assert_eq(t.n_received, t.n_edited);
		cr_assert_eq(memcmp(t.received, t.edited, t.n_edited), 0);
		acknowledge(t.n_edited, seed);
		cr_assert_eq(t.acked, STREAM);
	}
}

Test(stream_edit, a_part_of_a_word_cannot_be_sent)
{
	struct cgn_edits e = {0};
	uint8_t out[64];

	cr_assert(cgn_edits_add(&e, 100, 10, "abc", 3));
	cr_expect_eq(cgn_edits_apply(&e, 90, (const uint8_t *)"012345678901234", 15, out, 64), -1);
	cr_expect_eq(cgn_edits_apply(&e, 105, (const uint8_t *)"0123456789", 10, out, 64), -1);
	cr_expect_eq(cgn_edits_apply(&e, 110, (const uint8_t *)"0123456789", 10, out, 64), 10);
	cr_expect_eq(cgn_edits_apply(&e, 100, (const uint8_t *)"0123456789", 10, out, 2), -1);
	cr_expect_eq(cgn_edits_apply(&e, 100, (const uint8_t *)"0123456789", 10, out, 3), 3);
	cr_expect_not(cgn_edits_add(&e, 105, 10, "abc", 3));
	cr_expect_eq(cgn_edits_ack(&e, 102), 100);
	cr_expect_eq(cgn_edits_ack(&e, 103), 110);
	cr_expect_eq(cgn_edits_seq(&e, 110), 103);
	cr_expect_eq(cgn_edits_seq(&e, 99), 99);
}
