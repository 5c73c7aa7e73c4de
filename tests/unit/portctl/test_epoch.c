/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/portctl/epoch. */
#include "epoch.h"

#include <stdbool.h>

#include <criterion/criterion.h>

#define S CGN_NS_PER_S

/* PMP-34, PCP-25, ADV-16 */
Test(epoch, counts_whole_seconds_since_the_reset)
{
	struct cgn_epoch e;

	cgn_epoch_reset(&e, 500 * S + 7);
	cr_expect_eq(cgn_epoch_at(&e, 500 * S + 7), 0);
	cr_expect_eq(cgn_epoch_at(&e, 501 * S + 6), 0);
	cr_expect_eq(cgn_epoch_at(&e, 501 * S + 7), 1);
	cr_expect_eq(cgn_epoch_at(&e, 1100 * S + 7), 600);
}

/* PMP-35, PMP-38, PCP-26, PCP-27 */
Test(epoch, reset_starts_from_zero)
{
	struct cgn_epoch e;

	cgn_epoch_reset(&e, 0);
	cr_expect_eq(cgn_epoch_at(&e, 900 * S), 900);
	cgn_epoch_reset(&e, 900 * S);
	cr_expect_eq(cgn_epoch_at(&e, 900 * S), 0);
	cr_expect_eq(cgn_epoch_at(&e, 904 * S), 4);
}

/* ADV-16: one tenant's loss is not the other's. */
Test(epoch, tenants_are_reset_apart)
{
	struct cgn_epoch a, b;

	cgn_epoch_reset(&a, 0);
	cgn_epoch_reset(&b, 0);
	cgn_epoch_reset(&a, 100 * S);
	cr_expect_eq(cgn_epoch_at(&a, 150 * S), 50);
	cr_expect_eq(cgn_epoch_at(&b, 150 * S), 150);
}

/* RFC 6887 section 8.5, what a client tests: is the server's clock in step with mine? */
static bool
client_accepts(uint32_t client_delta, uint32_t server_delta)
{
	return client_delta + 2 >= server_delta - server_delta / 16 &&
		server_delta + 2 >= client_delta - client_delta / 16;
}

/* PMP-35, PCP-26: restart and switch-over with the state kept. */
Test(epoch, continues_over_a_restart_that_keeps_state)
{
	struct cgn_epoch e;

	/* Saved at 5000; ninety seconds later another process, another clock. */
	cgn_epoch_continue(&e, 3 * S, 5000, 90);
	cr_expect_eq(cgn_epoch_at(&e, 3 * S), 5090);
	cr_expect_eq(cgn_epoch_at(&e, 13 * S), 5100);
	for (uint32_t s = 0; s < 4000; s++)
		cr_assert(client_accepts(90 + s, cgn_epoch_at(&e, (3 + s) * S) - 5000));
	cr_expect_not(client_accepts(90 + 100, 100), "without the time away they would not");
}

/* ADV-16 */
Test(epoch, never_goes_back_nor_wraps)
{
	struct cgn_epoch e;

	cgn_epoch_continue(&e, 100 * S, 7, 0);
	cr_expect_eq(cgn_epoch_at(&e, 99 * S), 7);
	cr_expect_eq(cgn_epoch_at(&e, 0), 7);
	cgn_epoch_continue(&e, 0, UINT32_MAX - 1, 5);
	cr_expect_eq(cgn_epoch_at(&e, 0), UINT32_MAX);
	cr_expect_eq(cgn_epoch_at(&e, 10 * S), UINT32_MAX);
	cgn_epoch_reset(&e, 0);
	cr_expect_eq(cgn_epoch_at(&e, UINT64_MAX), UINT32_MAX);
}
