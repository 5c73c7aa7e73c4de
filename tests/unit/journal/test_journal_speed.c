/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times of lib/journal with 100 000 mappings and a real disk: printed for people, with a bound so
 * wide that only a change of order exceeds it.
 */
#include "journal.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "clock.h"
#include "journal_rig.h"

enum { N_SETS = 100000, MAX_MS = 60000 };

TestSuite(journal_speed, .init = rig_start, .fini = rig_finish);

static void
report(const char *what, cgn_ns_t since)
{
	unsigned long long ms = (cgn_clock_now() - since) / CGN_NS_PER_MS;

	printf("%s: %llu ms\n", what, ms);
	cr_expect_lt(ms, MAX_MS);
}

static void
append_all(uint32_t batch)
{
	for (uint32_t i = 0; i < N_SETS; i++) {
		rig_append(make_set(i));
		if (i % batch == batch - 1)
			rig_flush();
	}
}

Test(journal_speed, hundred_thousand_mappings_are_written_read_and_compacted)
{
	cgn_ns_t since;

	rig.is_sync_real = true;
	rig_open(RIG_MAX_BYTES);
	since = cgn_clock_now();
	append_all(1000);
	report("100000 SETs, a sync each 1000", since);
	printf("%llu bytes\n", (unsigned long long)rig_file_bytes());
	rig_close();
	since = cgn_clock_now();
	rig_open(RIG_MAX_BYTES);
	report("open and replay of 100000", since);
	cr_expect_eq(rig.replayed.n, N_SETS);
	since = cgn_clock_now();
	for (uint32_t i = 0; i < N_SETS; i++)
		rig_append(make_set(i)); /* more than is buffered: the flush writes all anew */
	report("100000 SETs into memory", since);
	since = cgn_clock_now();
	rig_flush();
	report("a new file of 100000", since);
	cr_expect_eq(cgn_journal_stats(rig.j).compactions, 1);
	append_all(1000);
	append_all(1000);
	cr_expect_eq(cgn_journal_stats(rig.j).compactions, 1, "a third of it is live");
	rig_close();
	since = cgn_clock_now();
	rig_open(RIG_MAX_BYTES);
	report("open and replay of 100000 among 300000", since);
	cr_expect_eq(rig.replayed.n, N_SETS);
}
