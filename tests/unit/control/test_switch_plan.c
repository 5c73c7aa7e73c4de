/* SPDX-License-Identifier: BSD-3-Clause */
/* What control is told to be different between two directories. */
#include <criterion/criterion.h>

#include "conf_text.h"
#include "directory.h"
#include "switch_plan.h"

static struct cgn_inside_run
run(uint32_t first, uint32_t n)
{
	return (struct cgn_inside_run){.first_index = first, .n = n};
}

/* Numbers of subscribers alone; the rest of both directories is empty. */
static struct cgn_switch_plan *
plan_of_runs(struct cgn_inside_run *was, uint32_t n_was, struct cgn_inside_run *is, uint32_t n_is)
{
	static struct cgn_directory old, fresh;

	old = (struct cgn_directory){.inside_runs = was, .n_inside_runs = n_was, .n_inside = 100};
	fresh = (struct cgn_directory){.inside_runs = is, .n_inside_runs = n_is, .n_inside = 120};
	return cgn_switch_plan_create(&old, &fresh);
}

static void
is_reused(const struct cgn_switch_plan *p, uint32_t k, uint32_t first, uint32_t n)
{
	cr_assert_lt(k, p->n_reused);
	cr_assert_eq(p->reused[k].first, first);
	cr_assert_eq(p->reused[k].n, n);
}

Test(switch_plan, subscribers_that_stay_do_not_begin_anew)
{
	struct cgn_inside_run was[] = {run(0, 10), run(20, 30)};
	struct cgn_inside_run is[] = {run(2, 5), run(20, 10), run(30, 20)};
	struct cgn_switch_plan *p = plan_of_runs(was, 2, is, 3);

	cr_assert_eq(p->n_reused, 0);
	cgn_switch_plan_destroy(p);
}

Test(switch_plan, numbers_of_others_begin_anew)
{
	struct cgn_inside_run was[] = {run(0, 10), run(20, 30)};
	struct cgn_inside_run is[] = {run(10, 5), run(60, 5)};
	struct cgn_switch_plan *p = plan_of_runs(was, 2, is, 2);

	cr_assert_eq(p->n_reused, 2);
	is_reused(p, 0, 10, 5);
	is_reused(p, 1, 60, 5);
	cgn_switch_plan_destroy(p);
}

/* One run in the new directory, since addresses and numbers go on each other by chance. */
Test(switch_plan, numbers_of_others_beside_those_that_stay_begin_anew)
{
	struct cgn_inside_run was[] = {run(10, 10), run(30, 10)};
	struct cgn_inside_run is[] = {run(5, 110)};
	struct cgn_switch_plan *p = plan_of_runs(was, 2, is, 1);

	cr_assert_eq(p->n_reused, 3);
	is_reused(p, 0, 5, 5);
	is_reused(p, 1, 20, 10);
	is_reused(p, 2, 40, 60); /* and those from 100 on have never been anybody's */
	cgn_switch_plan_destroy(p);
}

#define FORWARD(inside_port, outside_port)                                                         \
	"  - {protocol: tcp, inside: 100.64.0.10, inside_port: " #inside_port                      \
	", outside: 203.0.113.16, outside_port: " #outside_port "}\n"

#define BOX CONF_TEXT_BOX "tenants: [t0.yaml]\n"

#define TENANT                                                                                     \
	"tenant: a\n"                                                                              \
	"attachments: [{port: access, address: 100.64.0.1/24, subscribers: [{prefix: "             \
	"100.64.0.0/24}]}]\n"

/* The plan from one file of tenant a to another; *old and *fresh are to be freed. */
static struct cgn_switch_plan *
plan_of_files(const char *was, const char *is, struct cgn_directory *dirs[2])
{
	struct cgn_errmsg err;

	dirs[0] = cgn_directory_create(conf_text_load_one(BOX, was), NULL, &err);
	dirs[1] = cgn_directory_create(conf_text_load_one(BOX, is), dirs[0], &err);
	cr_assert(dirs[0] != NULL && dirs[1] != NULL);
	return cgn_switch_plan_create(dirs[0], dirs[1]);
}

static void
destroy(struct cgn_switch_plan *p, struct cgn_directory *dirs[2])
{
	cgn_switch_plan_destroy(p);
	for (int d = 1; d >= 0; d--) {
		struct cgn_conf *conf = (struct cgn_conf *)(uintptr_t)dirs[d]->conf;

		cgn_directory_destroy(dirs[d]);
		cgn_conf_free(conf);
	}
}

Test(switch_plan, a_quota_is_nothing_to_do)
{
	struct cgn_directory *dirs[2];
	struct cgn_switch_plan *p = plan_of_files(TENANT "pool: [203.0.113.16/28]\n",
		TENANT "pool: [203.0.113.16/28]\nquota: {explicit: 5}\n", dirs);

	cr_assert_eq(p->links.n + p->tenants.n + p->leaving.n + p->addresses.n + p->drains.n, 0);
	cr_assert_eq(p->n_reused + p->n_withdrawn + p->forwards.n, 0);
	destroy(p, dirs);
}

Test(switch_plan, addresses_come_go_drain_and_are_cut)
{
	struct cgn_directory *dirs[2];
	struct cgn_switch_plan *p = plan_of_files(TENANT "pool: [203.0.113.16/29]\n",
		TENANT "pool: [203.0.113.20/30, 203.0.113.32/31]\ndrain: [203.0.113.20/32]\n",
		dirs);

	cr_assert_eq(p->leaving.n, 4);
	cr_assert_eq(p->addresses.n, 2);
	cr_assert_eq(p->drains.n, 1);
	cr_assert_eq(dirs[1]->pool_addrs[p->drains.numbers[0]], 0xcb007114);
	cr_assert_eq(dirs[1]->pool_addrs[p->addresses.numbers[0]], 0xcb007120);
	destroy(p, dirs);
	p = plan_of_files(TENANT "pool: [203.0.113.16/29]\ndrain: [203.0.113.16/32]\n",
		TENANT "pool: [203.0.113.16/29]\n", dirs);
	cr_assert_eq(p->addresses.n, 1, "it does not drain any more");
	destroy(p, dirs);
	p = plan_of_files(TENANT "pool: [203.0.113.16/29]\n",
		TENANT "pool: [203.0.113.16/29]\nports: {block_size: 64}\n", dirs);
	cr_assert_eq(p->addresses.n, 8, "all are cut otherwise");
	destroy(p, dirs);
}

Test(switch_plan, static_entries_that_are_not_there_any_more_are_withdrawn)
{
	struct cgn_directory *dirs[2];
	struct cgn_switch_plan *p = plan_of_files(TENANT
		"pool: [203.0.113.16/28]\nstatic:\n" FORWARD(80, 8080) FORWARD(81, 8081)
			FORWARD(82, 8082),
		TENANT "pool: [203.0.113.16/28]\nstatic:\n" FORWARD(82, 8082) FORWARD(83, 8081),
		dirs);

	cr_assert_eq(p->n_withdrawn, 2);
	cr_assert_eq(p->withdrawn[0].entry->inside_port, 80);
	cr_assert_eq(p->withdrawn[1].entry->inside_port, 81);
	cr_assert_eq(p->forwards.n, 1);
	destroy(p, dirs);
}
