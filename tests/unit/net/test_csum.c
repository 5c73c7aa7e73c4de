/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tests of lib/net/csum.h against published examples and against the independent checksum of
 * packet_build. A failing random test prints its seed.
 */
#include "csum.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "packet_build.h"
#include "rand.h"

/* The header of RFC 791 type that textbooks use: checksum 0xb861. */
static const uint8_t example[20] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

static uint64_t
new_seed(void)
{
	return (uint64_t)time(NULL) ^ (uint64_t)getpid() << 32;
}

static rte_be16_t
be(uint16_t v)
{
	return rte_cpu_to_be_16(v);
}

/* Words that lie at the edges of one's complement arithmetic come up often. */
static uint16_t
random_word(struct cgn_rand *r)
{
	static const uint16_t edges[] = {0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x00ff, 0xff00};

	return cgn_rand_below(r, 2) ? edges[cgn_rand_below(r, 8)] : (uint16_t)cgn_rand_u64(r);
}

Test(csum, a_header_with_its_checksum_sums_to_zero)
{
	cr_expect_eq(cgn_csum(example, sizeof(example)), 0);
}

Test(csum, the_known_example_gives_its_known_checksum)
{
	uint8_t h[20];

	memcpy(h, example, sizeof(h));
	h[10] = h[11] = 0;
	cr_expect_eq(cgn_csum(h, sizeof(h)), be(0xb861));
}

/* Equation 4 of RFC 1624 for equation 3: all checksums, with deltas at the edges and others. */
Test(csum, update_by_folded_delta_is_the_same_for_every_checksum)
{
	const uint64_t seed = new_seed();
	struct cgn_rand r;

	cgn_rand_init(&r, seed);
	for (int n = 0; n < 200; n++) {
		const uint16_t delta = random_word(&r);
		uint32_t n_wrong = 0;

		for (uint32_t c = 0; c <= UINT16_MAX; c++)
			if (cgn_csum_update_folded((uint16_t)c, delta) !=
				cgn_csum_update((uint16_t)c, delta))
				n_wrong++;
		cr_assert_eq(n_wrong, 0, "delta %#x, seed %llu", delta, (unsigned long long)seed);
	}
}

Test(csum, rfc_1071_example_gives_its_sum)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	cr_expect_eq(cgn_csum_fold(cgn_csum_words(bytes, sizeof(bytes))), be(0xddf2));
}

Test(csum, no_bytes_and_zero_bytes_have_the_checksum_of_zero)
{
	static const uint8_t zeros[8];

	cr_expect_eq(cgn_csum(zeros, 0), 0xffff);
	cr_expect_eq(cgn_csum(zeros, 8), 0xffff);
}

Test(csum, an_odd_last_byte_counts_as_the_high_half_of_a_word)
{
	static const uint8_t odd[] = {0x12, 0x34, 0x56}, padded[] = {0x12, 0x34, 0x56, 0x00};

	cr_expect_eq(cgn_csum(odd, 3), cgn_csum(padded, 4));
	cr_expect_eq(cgn_csum(odd, 3), be(packet_csum(odd, 3)));
}

Test(csum, every_length_at_every_alignment_agrees_with_the_slow_checksum)
{
	struct cgn_rand r;

	cgn_rand_init(&r, 1);
	for (uint32_t len = 0; len <= 1500; len += len < 70 ? 1 : 97) {
		for (uint32_t off = 0; off < 8; off++) {
			uint8_t *p = malloc(off + len + 1); /* ends near a red zone */

			for (uint32_t i = 0; i < off + len; i++)
				p[i] = (uint8_t)cgn_rand_u64(&r);
			cr_assert_eq(cgn_csum(p + off, len), be(packet_csum(p + off, len)),
				"%u at %u", len, off);
			free(p);
		}
	}
}

Test(csum, all_ones_of_the_largest_datagram_do_not_overflow)
{
	uint8_t *p = malloc(65535);

	memset(p, 0xff, 65535);
	cr_expect_eq(cgn_csum(p, 65535), be(packet_csum(p, 65535)));
	free(p);
}

Test(csum, fold_loses_no_carry_of_any_64_bit_sum)
{
	static const uint64_t sums[] = {0, 1, 0xffff, 0x10000, 0x1ffff, 0xffffffff, 0x100000000,
		0xffffffffffff, 0xffffffff00000000, 0xffffffffffff0000, UINT64_MAX, UINT64_MAX - 1,
		0xfffeffffffffffff, 0x00010000ffffffff, 0xffffffff00000001};

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		uint16_t f = cgn_csum_fold(sums[i]);

		cr_expect_eq(f % 0xffff, sums[i] % 0xffff, "%#lx folds to %#x", sums[i], f);
		cr_expect_eq(f == 0, sums[i] == 0, "%#lx folds to %#x", sums[i], f);
	}
}

/* RFC 1624 section 4: equation 2 and RFC 1141 give 0xffff here. */
Test(csum, rfc_1624_example_updates_to_zero_and_not_to_all_ones)
{
	cr_expect_eq(cgn_csum_update(be(0xdd2f), cgn_csum_delta16(be(0x5555), be(0x3285))), 0);
}

Test(csum, updates_by_16_and_32_bits_agree_with_recomputation)
{
	uint64_t seed = new_seed();
	struct cgn_rand r;

	cgn_rand_init(&r, seed);
	for (int i = 0; i < 1000000; i++) {
		uint16_t w[6], before, after, from16;
		uint32_t from32, to32;
		uint64_t delta;

		for (int k = 0; k < 6; k++)
			w[k] = random_word(&r);
		w[0] |= 0x45; /* as in every header, not all is zero */
		before = cgn_csum(w, sizeof(w));
		memcpy(&from32, &w[1], 4);
		from16 = w[4];
		w[1] = random_word(&r);
		w[2] = random_word(&r);
		w[4] = random_word(&r);
		memcpy(&to32, &w[1], 4);
		after = cgn_csum(w, sizeof(w));
		delta = cgn_csum_delta32(from32, to32) + cgn_csum_delta16(from16, w[4]);
		cr_assert_eq(cgn_csum_update(before, delta), after, "seed %lu case %d", seed, i);
		cr_assert_eq(cgn_csum_update(before, cgn_csum_fold(delta)), after,
			"seed %lu case %d: folded", seed, i);
	}
}

Test(csum, the_complement_of_a_delta_undoes_it)
{
	uint64_t seed = new_seed();
	struct cgn_rand r;

	cgn_rand_init(&r, seed);
	for (int i = 0; i < 200000; i++) {
		uint16_t csum = random_word(&r), delta, back;

		delta = cgn_csum_fold(cgn_csum_delta16(random_word(&r), random_word(&r)));
		back = cgn_csum_update(cgn_csum_update(csum, delta), (uint16_t)~delta);
		/* The two forms of zero are the same checksum. */
		cr_assert(back == csum || (csum == 0xffff && back == 0),
			"seed %lu case %d: %#x to %#x", seed, i, csum, back);
	}
}

Test(csum, udp_zero_means_none_and_stays_zero)
{
	for (uint32_t delta = 0; delta <= 0xffff; delta++)
		cr_assert_eq(cgn_csum_update_udp(0, delta), 0);
}

Test(csum, udp_computed_zero_is_sent_as_all_ones)
{
	for (uint32_t csum = 1; csum <= 0xffff; csum++) {
		/* ~csum + delta = 0xffff: the plain update gives zero. */
		cr_assert_eq(cgn_csum_update((uint16_t)csum, csum), 0);
		cr_assert_eq(cgn_csum_update_udp((uint16_t)csum, csum), 0xffff);
	}
}

Test(csum, udp_update_never_turns_a_checksum_into_none)
{
	uint64_t seed = new_seed();
	struct cgn_rand r;

	cgn_rand_init(&r, seed);
	for (int i = 0; i < 200000; i++) {
		uint16_t csum = random_word(&r) | 1;

		cr_assert_neq(
			cgn_csum_update_udp(csum, random_word(&r)), 0, "seed %lu case %d", seed, i);
	}
}
