/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * two_workers: what a second worker adds (README.md). Worker 0 alone, then both at one time, each
 * on a CPU of its own with packets of its own, all flows and the table shared.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <rte_lcore.h>

#include "forward.h"
#include "machine.h"
#include "report.h"

enum { FRAME = 60, MAX_ROUNDS = 16384 };

/* The two threads go through the same rounds; a phase begins when both have come to it. */
struct pair {
	struct job *jobs[2];
	struct bed *bed;
	_Atomic uint32_t arrived[2];
	_Atomic bool over;
	bool both; /* main: before the round begins */
	double ns[2];
};

static void
meet(struct pair *pair, uint32_t me)
{
	enum { SPINS = 1 << 14 };
	uint32_t mine = atomic_fetch_add(&pair->arrived[me], 1) + 1;

	for (uint32_t i = 0; (int32_t)(atomic_load(&pair->arrived[1 - me]) - mine) < 0; i++)
		if (i < SPINS)
			rte_pause();
		else
			sched_yield(); /* perhaps it has no CPU at the moment */
}

static void
work(struct pair *pair, uint32_t me)
{
	uint64_t began;

	if (me == 0 || pair->both)
		job_load(pair->jobs[me]);
	meet(pair, me);
	if (me == 0 || pair->both) {
		began = machine_tsc();
		bed_turns(pair->bed, (uint16_t)me);
		pair->ns[me] = machine_ns(machine_tsc() - began) / pair->jobs[me]->round;
	}
	meet(pair, me);
	if (me == 0 || pair->both)
		job_unload(pair->jobs[me]);
}

static void *
second_thread(void *arg)
{
	struct pair *pair = arg;
	struct cgn_worker *w = &pair->bed->box->workers[1];

	if (rte_thread_register() < 0) /* for a cache of packet buffers of its own */
		machine_die("no lcore for the second worker");
	if (machine_n_cpus() > 1)
		machine_pin(0);
	cgn_worker_online(w);
	for (;;) {
		meet(pair, 1);
		if (atomic_load(&pair->over))
			break;
		work(pair, 1);
		meet(pair, 1);
	}
	cgn_worker_offline(w);
	rte_thread_unregister();
	return NULL;
}

/* Rounds of so many milliseconds; packets per ns of all workers together. */
static double
run(struct pair *pair, bool both, uint32_t ms)
{
	static double ns[2][MAX_ROUNDS];
	double spent = 0;
	uint32_t n = 0;

	pair->both = both;
	while (spent < ms * 1e6 && n < MAX_ROUNDS) {
		bed_clock_start(pair->bed);
		meet(pair, 0);
		work(pair, 0);
		meet(pair, 0);
		bed_clock_stop(pair->bed);
		pair->bed->n_given += pair->jobs[0]->round * (both ? 2 : 1);
		spent += pair->ns[0] * pair->jobs[0]->round;
		ns[0][n] = pair->ns[0];
		ns[1][n++] = pair->ns[1];
	}
	bed_check(pair->bed);
	job_check(pair->jobs[0]);
	return 1 / quantile(ns[0], n, 0.5) + (both ? 1 / quantile(ns[1], n, 0.5) : 0);
}

static void
measure(const struct options *o, struct pair *pair)
{
	struct series scaling = {0}, one = {0}, two = {0};
	pthread_t thread;

	if (pthread_create(&thread, NULL, second_thread, pair) != 0)
		machine_die("no second thread");
	run(pair, true, o->ms);
	for (uint32_t i = 0; i < o->runs; i++) {
		double alone = run(pair, false, o->ms), both = run(pair, true, o->ms);

		series_add(&scaling, both / alone, 0);
		series_add(&one, alone * 1e3, 0);
		series_add(&two, both * 1e3, 0);
	}
	atomic_store(&pair->over, true);
	meet(pair, 0);
	pthread_join(thread, NULL);
	report("two_workers", "times one", &scaling, "\"mappings\": %u", o->n);
	report("two_workers_rate", "Mpackets/s", &one, "\"mappings\": %u, \"workers\": 1", o->n);
	report("two_workers_rate", "Mpackets/s", &two, "\"mappings\": %u, \"workers\": 2", o->n);
}

void
bench_two_workers(const struct options *o)
{
	struct forward_params p = {.bed = {.n_workers = 2},
		.shares = {[CGN_UDP] = 100},
		.specs = {{.proto = CGN_UDP, .len = FRAME}},
		.n_specs = 1};
	static struct pair pair;
	struct forward f;

	if (machine_n_cpus() < 2 && !o->smoke)
		return;
	forward_start(&f, o, &p);
	pair.bed = f.bed;
	pair.jobs[0] = f.job;
	pair.jobs[1] = job_create(f.bed, f.flows, o->round, job_forward);
	job_add_frame(pair.jobs[1], &p.specs[0]);
	pair.jobs[1]->worker = 1;
	pair.jobs[1]->state ^= 0x5bd1e995;
	pair.jobs[0]->beside = pair.jobs[1];
	pair.jobs[1]->beside = pair.jobs[0];
	measure(o, &pair);
	job_destroy(pair.jobs[1]);
	forward_stop(&f);
}
