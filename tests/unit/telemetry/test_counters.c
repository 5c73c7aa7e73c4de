/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/telemetry/counters: rows of tenants and ports, sums, memory. */
#include "counters.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <criterion/criterion.h>

enum { N_TENANTS = 5, N_PORTS = 3 };

static struct cgn_counters counters;

static void
start(void)
{
	cr_assert_eq(cgn_counters_init(&counters, N_TENANTS, N_PORTS), 0);
}

static void
finish(void)
{
	cgn_counters_fini(&counters);
}

/* The rows there are: the tenants', then the box's. */
static uint32_t
row(uint32_t i)
{
	return i < N_TENANTS ? i : (uint32_t)CGN_TENANT_BOX;
}

TestSuite(counters, .init = start, .fini = finish);

Test(counters, fate_is_counted_for_its_tenant_alone)
{
	cgn_counters_fate(&counters, 2, CGN_FATE_NO_ROUTE);
	cgn_counters_fate(&counters, 2, CGN_FATE_NO_ROUTE);
	for (uint32_t i = 0; i <= N_TENANTS; i++)
		for (uint32_t f = 0; f < CGN_N_FATES; f++)
			cr_assert_eq(counters.fates[row(i) * CGN_N_FATES + f],
				i == 2 && f == CGN_FATE_NO_ROUTE ? 2 : 0);
}

Test(counters, sum_of_a_fate_has_all_tenants_and_the_box)
{
	for (uint32_t i = 0; i <= N_TENANTS; i++)
		cgn_counters_fate(&counters, row(i), CGN_FATE_STOPPED);
	cr_assert_eq(cgn_counters_fate_sum(&counters, CGN_FATE_STOPPED), N_TENANTS + 1);
	cr_assert_eq(cgn_counters_fate_sum(&counters, CGN_FATE_IN2OUT), 0);
}

Test(counters, last_row_and_last_port_are_inside_the_memory)
{
	for (uint32_t f = 0; f < CGN_N_FATES; f++) {
		cgn_counters_fate(&counters, CGN_TENANT_BOX, (enum cgn_fate)f);
		cgn_counter_add(&counters.port_fates[(N_PORTS - 1) * CGN_N_FATES + f], 1);
	}
	cgn_counter_add(&counters.forwarded_bytes[CGN_TENANT_BOX * 2 + 1], 1);
	cgn_counter_add(&counters.rx_pkts[N_PORTS - 1], 1);
	cgn_counter_add(&counters.rx_bytes[N_PORTS - 1], 1);
	cgn_counter_add(&counters.tx_pkts[N_PORTS - 1], 1);
	cgn_counter_add(&counters.tx_bytes[N_PORTS - 1], 1);
	cr_assert_eq(cgn_counter_read(&counters.forwarded_bytes[CGN_TENANT_BOX * 2 + 1]), 1);
}

Test(counters, tenants_that_come_later_get_rows_and_old_ones_keep_theirs)
{
	const uint64_t *fates = counters.fates;

	cgn_counters_fate(&counters, 4, CGN_FATE_IN2OUT);
	cgn_counters_fate(&counters, CGN_TENANT_BOX, CGN_FATE_IN2OUT);
	cr_assert_eq(cgn_counters_grow(&counters, CGN_MAX_TENANTS), 0);
	cgn_counters_fate(&counters, CGN_MAX_TENANTS - 1, CGN_FATE_IN2OUT);
	cgn_counter_add(&counters.forwarded_bytes[(CGN_MAX_TENANTS - 1) * 2], 5);
	cr_assert_eq(cgn_counters_grow(&counters, 1), 0); /* most of them are gone again */
	cr_assert_eq(cgn_counters_fate_sum(&counters, CGN_FATE_IN2OUT), 3);
	cr_assert_eq(counters.fates, fates);
	cr_assert_eq(cgn_counters_grow(&counters, CGN_MAX_TENANTS + 1), -ENOMEM);
}

Test(counters, rows_start_on_cache_lines_of_their_own)
{
	cr_assert_eq((uintptr_t)counters.fates % 64, 0);
	cr_assert_eq((uintptr_t)counters.rx_pkts % 64, 0);
	cr_assert_neq((uintptr_t)counters.rx_pkts / 64, (uintptr_t)counters.tx_pkts / 64);
}

Test(counters, counts_go_beyond_32_bits)
{
	cgn_counter_add(&counters.received, UINT32_MAX);
	cgn_counter_add(&counters.received, 2);
	cr_assert_eq(cgn_counter_read(&counters.received), UINT64_C(0x100000001));
}

Test(counters, end_of_a_zeroed_block_and_a_second_end_do_nothing)
{
	struct cgn_counters zero;

	memset(&zero, 0, sizeof(zero));
	cgn_counters_fini(&zero);
	cgn_counters_fini(&counters);
	cr_assert_null(counters.fates);
}

Test(counters, originated_packets_have_unique_names)
{
	for (int i = 0; i < CGN_N_ORIGINATED; i++) {
		const char *name = cgn_originated_names[i];

		cr_assert_not_null(name);
		cr_assert_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
		for (int k = 0; k < i; k++)
			cr_assert_str_neq(name, cgn_originated_names[k]);
	}
}
