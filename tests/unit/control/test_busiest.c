/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/control/busiest.h: who asks for the most is found, and forgotten when silent. */
#include "busiest.h"

#include <stdbool.h>

#include <criterion/criterion.h>

static struct cgn_busiest busiest;

static bool
is_found(uint32_t inside)
{
	return cgn_busiest_at(&busiest, cgn_busiest_slot(inside)) == inside;
}

Test(busiest, nobody_stands_in_it_at_first)
{
	for (uint32_t s = 0; s < CGN_BUSIEST_SLOTS; s++)
		cr_assert_eq(cgn_busiest_at(&busiest, s), CGN_NONE);
}

Test(busiest, a_thousand_neighbours_have_a_slot_each)
{
	for (uint32_t i = 5000; i < 5000 + CGN_BUSIEST_SLOTS - 5000 % CGN_BUSIEST_SLOTS; i++)
		cgn_busiest_note(&busiest, i);
	for (uint32_t i = 5000; i < 5000 + CGN_BUSIEST_SLOTS - 5000 % CGN_BUSIEST_SLOTS; i++)
		cr_assert(is_found(i));
}

Test(busiest, those_who_flood_are_found_among_a_million)
{
	static const uint32_t flooders[] = {7, 123456, 999999, 500000};

	for (uint32_t i = 0; i < 1000000; i++) {
		cgn_busiest_note(&busiest, i);
		if (i % 256 == 0) /* a slot gets a flow of the others in 1024 */
			for (int f = 0; f < 4; f++)
				cgn_busiest_note(&busiest, flooders[f]);
	}
	for (int f = 0; f < 4; f++)
		cr_expect(is_found(flooders[f]), "%u", flooders[f]);
}

Test(busiest, who_falls_silent_makes_room)
{
	for (int i = 0; i < 1000000; i++)
		cgn_busiest_note(&busiest, 42);
	cr_assert(is_found(42));
	for (uint32_t i = 0; i <= CGN_BUSIEST_VOTES; i++)
		cgn_busiest_note(&busiest, (1 << 10) + (42 ^ 1)); /* of the same slot */
	cr_expect_eq(cgn_busiest_slot((1 << 10) + (42 ^ 1)), cgn_busiest_slot(42));
	cr_expect(is_found((1 << 10) + (42 ^ 1)));
}
