/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DET-08: a second box, with nothing of the first one and other random numbers, takes over from the
 * same files, with the first one's journal or without. Ping identifiers are in the same ranges
 * there, and each box says of what the other one has sent whose it was. Blocks beyond the ranges
 * are what records are for (DET-06); the journal takes them over too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "control.h"
#include "deterministic.h"
#include "scratch.h"
#include "sim.h"

enum {
	N_HOSTS = 200,
	STEP = 5,
	BEYOND = 900,
	RANGE = 768,
	MAX_BYTES = 16 << 20,
	MAX_RECORDS = 4096
};

/* 1024 + 256 subscribers on 16 addresses: ranges of 768 ports, dynamic blocks of 256. */
static const char config[] =
	"ports: {block_size: 256, max_blocks: 3, deterministic: {algorithm: %s, dynamic: 4}}\n"
	"quota: {subscriber: {new_per_s: 100000, burst: 100000, mappings: 5000, icmp: 5000}}\n";

struct box {
	struct cgn_sim *sim;
	const struct cgn_det *det;
	char a[512];
	struct {
		uint32_t addr;
		uint16_t id;
	} seen[N_HOSTS]; /* by the Internet, of the first ping of each host */
};

static char path[SCRATCH_LEN];
static struct cgn_journal_record records[MAX_RECORDS];
static uint32_t n_records;

static void
on_replay(void *ctx, const struct cgn_journal_record *r)
{
	(void)ctx;
	cr_assert_lt(n_records, MAX_RECORDS);
	records[n_records++] = *r;
}

static struct cgn_journal *
open_journal(void)
{
	static struct cgn_journal_report report;
	struct cgn_errmsg err;
	struct cgn_journal *j;

	n_records = 0;
	j = cgn_journal_open(path, MAX_BYTES, on_replay, NULL, &report, &err);
	cr_assert_not_null(j, "%s", err.text);
	return j;
}

static void
start(struct box *box, const char *algorithm, uint64_t seed, bool has_journal)
{
	const struct cgn_directory *dir;

	snprintf(box->a, sizeof(box->a), config, algorithm);
	box->sim = cgn_sim_create(&(struct cgn_sim_params){
		.box = "punt: {subscriber_per_s: 100000, subscriber_burst: 100000}\n",
		.a = box->a,
		.seed = seed});
	cr_assert_eq(
		cgn_state_init(&box->sim->box->control->state, box->sim->name, SOCKET_ID_ANY), 0);
	if (has_journal)
		cgn_state_restore(box->sim->box->control, records, n_records);
	cgn_sim_run(box->sim);
	dir = box->sim->box->dir;
	box->det = dir->tenants[cgn_directory_tenant_find(dir, "a")].det;
}

static void
finish(struct box *box)
{
	cr_expect(cgn_sim_is_sound(box->sim));
	cgn_state_fini(&box->sim->box->control->state);
	cgn_sim_destroy(box->sim);
}

static const struct cgn_mapping *
ping(struct box *box, uint32_t from, uint16_t id)
{
	struct packet_spec spec = packet_echo(from, SIM_PEER, true, id);

	cr_assert(cgn_sim_send_spec(box->sim, SIM_ACCESS, &spec));
	cgn_sim_run(box->sim);
	cgn_sim_flush(box->sim, SIM_WAN);
	return cgn_sim_mapping(box->sim, "a", 1, from, id);
}

static void
ping_all(struct box *box)
{
	for (uint32_t k = 0; k < N_HOSTS; k++) {
		const struct cgn_mapping *m = ping(box, SIM_A1 + k * STEP, 7);

		cr_assert_not_null(m);
		box->seen[k].addr = rte_be_to_cpu_32(m->outside_addr);
		box->seen[k].id = rte_be_to_cpu_16(m->outside_port);
	}
}

/* What one box has sent is in the range that the other computes, and leads back there. */
static uint32_t
reverse_all(const struct box *asked, const struct box *sender)
{
	uint32_t n_same = 0;

	for (uint32_t k = 0; k < N_HOSTS; k++) {
		struct cgn_det_answer range, who;

		cgn_det_forward(asked->det, SIM_A1 + k * STEP, &range);
		cr_expect(range.kind == CGN_DET_RANGE && sender->seen[k].addr == range.outside &&
				sender->seen[k].id >= range.first &&
				sender->seen[k].id <= range.last,
			"host %u", k);
		cgn_det_reverse(asked->det, sender->seen[k].addr, sender->seen[k].id, &who);
		cr_expect(who.kind == CGN_DET_RANGE && who.inside.addr == SIM_A1 + k * STEP,
			"host %u", k);
		n_same += asked->seen[k].id == sender->seen[k].id;
	}
	return n_same;
}

/* Of a block beyond the range the computation says that it does not know. */
static struct cgn_port
ping_beyond(struct box *box)
{
	const struct cgn_mapping *m = NULL;
	struct cgn_det_answer who;

	for (uint32_t k = 0; k < BEYOND; k++)
		m = ping(box, SIM_A1, (uint16_t)(1000 + k));
	cr_assert_not_null(m);
	cgn_det_reverse(box->det, rte_be_to_cpu_32(m->outside_addr),
		rte_be_to_cpu_16(m->outside_port), &who);
	cr_expect_eq(who.kind, CGN_DET_DYNAMIC);
	return cgn_mapping_port(m);
}

/* Whose block a port is in: inside index, or CGN_NONE. */
static uint32_t
holder_at(const struct box *box, struct cgn_port at)
{
	const struct cgn_pool *pool = box->sim->box->control->pool;
	uint32_t inside = cgn_directory_inside_find(
		box->sim->box->dir, cgn_directory_tenant_find(box->sim->box->dir, "a"), SIM_A1);

	for (uint32_t b = box->sim->box->control->subscribers[inside].first_block; b != CGN_NONE;
		b = pool->blocks[b].next) {
		uint32_t first = pool->blocks[b].first_granule * (uint32_t)CGN_GRANULE_PORTS;

		if (pool->blocks[b].pool == at.pool && at.port >= first &&
			at.port < first + pool->blocks[b].n_granules * CGN_GRANULE_PORTS)
			return inside;
	}
	return CGN_NONE;
}

static void export(struct box *box, struct cgn_journal *j)
{
	struct cgn_control *c = box->sim->box->control;
	struct cgn_journal_record r;

	do {
		cgn_sim_run(box->sim);
		while (cgn_state_take(&c->state, &r, 1) == 1)
			cr_assert_eq(cgn_journal_append(j, &r), 0);
		cr_assert_eq(cgn_journal_flush(j, false), 0);
		cgn_sim_poll_control(box->sim);
	} while (rte_ring_count(c->state.ring) > 0 || c->state.resync);
}

static void
fail_over(const char *algorithm)
{
	struct box first = {0}, bare = {0}, heir = {0};
	struct cgn_journal *j;
	struct cgn_port beyond;
	uint32_t n_same;
	int fd = mkstemp(scratch_template(path, "failover"));

	cr_assert_geq(fd, 0);
	close(fd);
	j = open_journal();
	start(&first, algorithm, 1, false);
	ping_all(&first);
	beyond = ping_beyond(&first);
	export(&first, j);
	cgn_journal_close(j);
	j = open_journal(); /* as the second box reads it */
	cgn_journal_close(j);
	start(&bare, algorithm, 2, false);
	start(&heir, algorithm, 3, true);
	ping_all(&bare);
	ping_all(&heir);
	n_same = reverse_all(&bare, &first);
	cr_expect_lt(n_same, N_HOSTS, "random within the range: nothing was copied");
	reverse_all(&first, &bare);
	reverse_all(&heir, &first);
	reverse_all(&first, &heir);
	reverse_all(&first, &first);
	cr_expect_neq(holder_at(&first, beyond), CGN_NONE);
	cr_expect_eq(holder_at(&heir, beyond), holder_at(&first, beyond), "%s", algorithm);
	cr_expect_eq(holder_at(&bare, beyond), CGN_NONE);
	finish(&first);
	finish(&bare);
	finish(&heir);
	unlink(path);
}

Test(det_failover, results_stay_reversible_on_either_box)
{
	static const char *const algorithms[] = {"sequential", "spread"};

	cgn_sim_eal();
	for (uint32_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		fail_over(algorithms[i]);
}
