/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/journal/journal_live: the rules one by one, then against the model. Prints its seed.
 */
#include "journal_live.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <criterion/criterion.h>

#include "journal_model.h"
#include "journal_record.h"
#include "rand.h"

enum { NOW = 1700000000 };

static struct cgn_journal_live live;

static void
start(void)
{
	cgn_journal_live_init(&live);
}

static void
finish(void)
{
	cgn_journal_live_fini(&live);
}

TestSuite(journal_live, .init = start, .fini = finish);

static void
apply(struct cgn_journal_record r)
{
	cr_assert_eq(cgn_journal_live_apply(&live, &r, NOW, UINT64_MAX), 0);
}

static void
expect_counts(uint32_t n_sets, uint32_t n_rests)
{
	cr_expect_eq(live.n_sets, n_sets, "%u mappings, not %u", live.n_sets, n_sets);
	cr_expect_eq(live.n_rests, n_rests, "%u ports rest, not %u", live.n_rests, n_rests);
}

static void
expect_same(const struct model *m)
{
	const struct cgn_journal_record *r;
	struct model found;
	uint64_t i = 0, bytes = 0;
	static const uint8_t ranks[] = {[CGN_JOURNAL_EPOCH] = 1,
		[CGN_JOURNAL_SESSION] = 2,
		[CGN_JOURNAL_LEASE] = 3,
		[CGN_JOURNAL_SET] = 4,
		[CGN_JOURNAL_DEL] = 5};
	uint8_t rank = 0;

	model_init(&found);
	while ((r = cgn_journal_live_next(&live, &i)) != NULL) {
		cr_assert(r->type != CGN_JOURNAL_RETURN && r->type != CGN_JOURNAL_SESSION_END);
		cr_assert_leq(rank, ranks[r->type], "EPOCHs, then SESSIONs, LEASEs, SETs, DELs");
		rank = ranks[r->type];
		bytes += cgn_journal_record_size(r);
		model_add(&found, r);
	}
	cr_assert(model_is_same(&found, m), "%u records, not the %u of the model", found.n, m->n);
	cr_assert_eq(live.bytes, bytes);
	cr_assert_eq(live.n_sets, model_count(m, CGN_JOURNAL_SET));
	cr_assert_eq(live.n_rests, model_count(m, CGN_JOURNAL_DEL));
	cr_assert_eq(live.n_leases, model_count(m, CGN_JOURNAL_LEASE));
	cr_assert_eq(live.n_sessions, model_count(m, CGN_JOURNAL_SESSION));
	model_fini(&found);
}

Test(journal_live, session_is_replaced_by_the_next_of_its_address_and_ends)
{
	struct cgn_journal_record r = make_session(1);
	uint64_t i = 0;

	apply(r);
	apply(make_session(2));
	apply(make_set(1));
	strcpy(r.id, "cust-9");
	apply(r);
	cr_expect_eq(live.n_sessions, 2);
	apply(make_session_end(2));
	cr_expect_eq(live.n_sessions, 1);
	cr_expect_str_eq(cgn_journal_live_next(&live, &i)->id, "cust-9");
	expect_counts(1, 0);
	/* An epoch that only begins anew leaves it, one behind which all is written anew does not.
	 */
	r = make_epoch("alpha", 1700000001);
	apply(r);
	cr_expect_eq(live.n_sessions, 1);
	expect_counts(0, 0);
	r.flags = CGN_JOURNAL_ANEW;
	apply(r);
	cr_expect_eq(live.n_sessions, 0);
}

Test(journal_live, set_of_the_same_inside_end_replaces)
{
	struct cgn_journal_record r = make_set(1);

	apply(r);
	r.outside_port = 7;
	apply(r);
	expect_counts(1, 0);
	cr_expect_eq(live.records[0].outside_port, 7);
}

Test(journal_live, protocol_port_address_and_tenant_tell_mappings_apart)
{
	struct cgn_journal_record r = make_set(1);

	apply(r);
	r.proto ^= 6 ^ 17;
	apply(r);
	r.inside_port++;
	apply(r);
	r.inside_addr++;
	apply(r);
	r.tenant[0] = 'b';
	apply(r);
	expect_counts(5, 0);
}

Test(journal_live, del_lets_the_port_rest)
{
	apply(make_set(1));
	apply(make_del(1, NOW + 120));
	expect_counts(0, 1);
}

Test(journal_live, del_without_a_rest_leaves_nothing)
{
	apply(make_set(1));
	apply(make_del(1, NOW));
	expect_counts(0, 0);
	cr_expect_eq(live.bytes, 0);
}

Test(journal_live, del_of_an_unknown_mapping_lets_the_port_rest)
{
	apply(make_del(1, NOW + 120));
	expect_counts(0, 1);
}

Test(journal_live, del_of_an_old_outside_end_keeps_the_mapping)
{
	struct cgn_journal_record r = make_set(1);

	apply(r);
	r.outside_port = 7;
	apply(r);
	apply(make_del(1, NOW + 120));
	expect_counts(1, 1);
}

Test(journal_live, set_ends_the_rest_of_its_outside_port)
{
	apply(make_set(1));
	apply(make_del(1, NOW + 120));
	apply(make_set(1));
	expect_counts(1, 0);
}

Test(journal_live, epoch_ends_mappings_of_its_tenant_only)
{
	struct cgn_journal_record other = make_set(2);

	other.tenant[0] = 'b';
	apply(make_set(1));
	apply(other);
	apply(make_del(3, NOW + 120));
	apply(make_epoch("alpha", NOW));
	expect_counts(1, 1);
	apply(make_set(1));
	expect_counts(2, 1);
}

Test(journal_live, later_epoch_replaces_the_earlier)
{
	apply(make_epoch("alpha", NOW));
	apply(make_epoch("alpha", NOW + 5));
	cr_expect_eq(live.n_records, 1);
	cr_expect_eq(live.records[0].at_utc_s, NOW + 5);
}

Test(journal_live, block_is_held_until_it_is_returned_over_an_epoch_too)
{
	apply(make_lease(1));
	apply(make_lease(2));
	apply(make_set(1));
	apply(make_epoch("alpha", NOW));
	expect_counts(0, 0);
	cr_expect_eq(live.n_leases, 2);
	apply(make_return(1));
	apply(make_return(1));
	apply(make_return(77));
	cr_expect_eq(live.n_leases, 1);
}

Test(journal_live, lease_at_the_same_place_replaces_in_its_tenant)
{
	struct cgn_journal_record r = make_lease(1);

	apply(r);
	r.inside_addr++;
	r.set_size = 64;
	apply(r);
	cr_expect_eq(live.n_leases, 1);
	cr_expect_eq(live.records[0].set_size, 64);
	r.tenant[0] = 'b';
	apply(r);
	cr_expect_eq(live.n_leases, 2);
}

Test(journal_live, block_and_resting_port_of_one_number_are_two)
{
	struct cgn_journal_record lease = make_lease(0), del = make_del(0, NOW + 120);

	del.outside_addr = lease.outside_addr;
	del.outside_port = lease.outside_port;
	apply(lease);
	apply(del);
	expect_counts(0, 1);
	cr_expect_eq(live.n_leases, 1);
}

Test(journal_live, blocks_leave_a_quarter_to_what_is_asked_for)
{
	const uint64_t max = 100 *
		cgn_journal_record_size(
			&(struct cgn_journal_record){.type = CGN_JOURNAL_LEASE, .tenant = "alpha"});
	struct cgn_journal_record r;
	uint32_t n = 0;

	do {
		r = make_lease(n);
	} while (cgn_journal_live_apply(&live, &r, NOW, max) == 0 && ++n < 1000);
	cr_expect_eq(n, 75);
	cr_expect_eq(live.n_leases, 75);
	r = make_lease(0);
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, max), 0, "the same again");
	for (n = 0; n < 25; n++) {
		r = make_set(n);
		cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, max), 0);
	}
	r = make_set(n);
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, max), -ENOSPC);
	r = make_return(3);
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, max), 0);
	cr_expect_eq(live.n_leases, 74);
}

Test(journal_live, sweep_forgets_ports_that_have_rested)
{
	apply(make_set(0));
	for (uint32_t i = 1; i <= 10; i++)
		apply(make_del(i, NOW + i));
	cgn_journal_live_sweep(&live, NOW + 5);
	expect_counts(1, 5);
}

Test(journal_live, set_above_the_bound_is_refused_and_changes_nothing)
{
	struct cgn_journal_record r = make_set(1);
	uint32_t size = cgn_journal_record_size(&r);

	cr_assert_eq(cgn_journal_live_apply(&live, &r, NOW, size), 0);
	r = make_set(2);
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, 2 * size - 1), -ENOSPC);
	expect_counts(1, 0);
	cr_expect_eq(live.bytes, size);
}

Test(journal_live, at_the_bound_a_mapping_may_be_renewed_and_ended)
{
	struct cgn_journal_record r = make_set(1);
	uint32_t size = cgn_journal_record_size(&r);

	cr_assert_eq(cgn_journal_live_apply(&live, &r, NOW, size), 0);
	r.ends_utc_s++;
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, size), 0);
	r = make_del(1, NOW + 120);
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, size), 0);
	expect_counts(0, 1);
	r = make_del(2, NOW + 120);
	cr_expect_eq(cgn_journal_live_apply(&live, &r, NOW, size), -ENOSPC);
}

Test(journal_live, ports_that_have_rested_do_not_make_it_grow)
{
	for (uint32_t i = 0; i < 100000; i++) {
		struct cgn_journal_record r = make_del(i, NOW + i + 100);

		cr_assert_eq(cgn_journal_live_apply(&live, &r, NOW + i, UINT64_MAX), 0);
	}
	cr_expect_leq(live.n_records_alloc, 1024);
}

Test(journal_live, holds_200000_mappings_and_lets_go_of_them)
{
	for (uint32_t i = 0; i < 200000; i++)
		apply(make_set(i));
	expect_counts(200000, 0);
	for (uint32_t i = 0; i < 200000; i++)
		apply(make_del(i, NOW));
	expect_counts(0, 0);
	cr_expect_eq(live.bytes, 0);
}

/* What a compacted file does when it is read. */
static void
apply_anew(void)
{
	struct cgn_journal_live old = live;
	const struct cgn_journal_record *r;
	uint64_t i = 0;

	cgn_journal_live_init(&live);
	while ((r = cgn_journal_live_next(&old, &i)) != NULL)
		apply(*r);
	cgn_journal_live_fini(&old);
}

Test(journal_live, random_records_leave_what_the_model_has)
{
	struct cgn_rand rand;
	struct model m;
	uint64_t seed = (uint64_t)time(NULL);

	printf("seed %llu\n", (unsigned long long)seed);
	cgn_rand_init(&rand, seed);
	model_init(&m);
	for (int i = 0; i < 20000; i++) {
		struct cgn_journal_record r = model_random(&rand, NOW);

		apply(r);
		model_apply(&m, &r, NOW);
		if (i % 16 == 0)
			expect_same(&m);
		if (i % 64 == 0)
			apply_anew();
	}
	model_fini(&m);
}
