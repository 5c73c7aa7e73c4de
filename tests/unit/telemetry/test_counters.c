/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/telemetry/counters: rows of tenants and ports, sums, memory. */
#include "counters.h"

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

TestSuite(counters, .init = start, .fini = finish);

Test(counters, fate_is_counted_for_its_tenant_alone)
{
	cgn_counters_fate(&counters, 2, CGN_FATE_NO_ROUTE);
	cgn_counters_fate(&counters, 2, CGN_FATE_NO_ROUTE);
	for (uint32_t t = 0; t <= N_TENANTS; t++)
		for (uint32_t f = 0; f < CGN_N_FATES; f++)
			cr_assert_eq(counters.fates[t * CGN_N_FATES + f],
				t == 2 && f == CGN_FATE_NO_ROUTE ? 2 : 0);
}

Test(counters, sum_of_a_fate_has_all_tenants_and_the_box)
{
	for (uint32_t t = 0; t <= N_TENANTS; t++)
		cgn_counters_fate(&counters, t, CGN_FATE_STOPPED);
	cr_assert_eq(cgn_counters_fate_sum(&counters, CGN_FATE_STOPPED), N_TENANTS + 1);
	cr_assert_eq(cgn_counters_fate_sum(&counters, CGN_FATE_IN2OUT), 0);
}

Test(counters, last_row_and_last_port_are_inside_the_memory)
{
	for (uint32_t f = 0; f < CGN_N_FATES; f++) {
		cgn_counters_fate(&counters, N_TENANTS, (enum cgn_fate)f);
		cgn_counter_add(&counters.port_fates[(N_PORTS - 1) * CGN_N_FATES + f], 1);
	}
	cgn_counter_add(&counters.forwarded_bytes[N_TENANTS * 2 + 1], 1);
	cgn_counter_add(&counters.rx_pkts[N_PORTS - 1], 1);
	cgn_counter_add(&counters.rx_bytes[N_PORTS - 1], 1);
	cgn_counter_add(&counters.tx_pkts[N_PORTS - 1], 1);
	cgn_counter_add(&counters.tx_bytes[N_PORTS - 1], 1);
	cr_assert_eq(cgn_counter_read(&counters.forwarded_bytes[N_TENANTS * 2 + 1]), 1);
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
