/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * burst_latency: how long a packet is in the pipeline, from when a device would have it to when it
 * is given to one, at a part of the load that the worker can carry (README.md). Packets arrive at
 * random (Poisson) whatever the worker does, so what waits for a slow turn is counted too.
 *
 * The floor is the same arrivals with a worker that does nothing but wait: for each packet of a
 * burst what one takes at full load. It has the queue that random arrivals make, the burst that a
 * packet waits for, and what the machine takes away; the worker's own is what is above it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forward.h"
#include "machine.h"
#include "report.h"

enum { FRAME = 60, BIN_NS = 16, N_BINS = 1 << 18 };

/* Packets with the ticks at which they arrive. One for each device; the outside one stays empty. */
struct arrivals {
	struct rte_mbuf **mbufs;
	uint64_t *due, *took; /* [n]; took: ticks from arrival to departure */
	uint32_t n, next, n_sent;
	uint64_t start;
};

struct histogram {
	uint32_t n, bins[N_BINS];
};

/* Place of a packet in arrivals; nobody else uses the word. */
static uint32_t *
place(struct rte_mbuf *m)
{
	return &m->hash.fdir.hi;
}

static uint16_t
arrive(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	struct arrivals *a = queue;
	uint64_t now = rte_rdtsc() - a->start;
	uint16_t got = 0;

	while (got < n && a->next < a->n && a->due[a->next] <= now)
		mbufs[got++] = a->mbufs[a->next++];
	return got;
}

static uint16_t
depart(void *queue, struct rte_mbuf **mbufs, uint16_t n)
{
	struct arrivals *a = queue;
	uint64_t now = rte_rdtsc() - a->start;

	for (uint16_t i = 0; i < n; i++)
		a->took[*place(mbufs[i])] = now - a->due[*place(mbufs[i])];
	a->n_sent += n;
	return n;
}

/* The packets that the job has loaded, at their times. ticks: between two, on the average. */
static void
schedule(struct arrivals *a, struct job *job, double ticks)
{
	struct wire_queue *rx = &job->bed->wire->lanes[0].rx[WIRE_INSIDE];
	double at = 0;

	a->n = rx->n;
	a->next = a->n_sent = 0;
	for (uint32_t i = 0; i < rx->n; i++) {
		double u = (job_random(job, UINT32_MAX) + 1.0) / 4294967296.0;

		a->mbufs[i] = rx->mbufs[i];
		*place(rx->mbufs[i]) = i;
		at -= log(u) * ticks;
		a->due[i] = (uint64_t)at;
	}
	rx->n = 0;
}

static void
note(struct histogram *h, const struct arrivals *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		double bin = machine_ns(a->took[i]) / BIN_NS;

		h->bins[bin < N_BINS - 1 ? (uint32_t)bin : N_BINS - 1]++;
	}
	h->n += a->n;
}

static double
percentile_us(const struct histogram *h, double share)
{
	uint64_t below = 0;
	uint32_t bin = 0;

	while (bin < N_BINS - 1 && (double)(below + h->bins[bin]) < share * h->n)
		below += h->bins[bin++];
	return (bin + 1) * (double)BIN_NS / 1e3;
}

/* A round of what is scheduled; false when the thread lost its CPU meanwhile. */
static bool
busy_round(struct job *job, struct arrivals *a)
{
	struct wire_queue *tx = &job->bed->wire->lanes[0].tx[WIRE_OUTSIDE];
	uint64_t preemptions;

	preemptions = machine_preemptions();
	bed_clock_start(job->bed);
	a->start = machine_tsc();
	do
		bed_turns(job->bed, 0);
	while (a->n_sent < a->n);
	bed_clock_stop(job->bed);
	job->bed->n_given += a->n;
	memcpy(tx->mbufs, a->mbufs, a->n * sizeof(*tx->mbufs));
	tx->n = a->n;
	job_unload(job);
	return preemptions == machine_preemptions();
}

/* The floor's; false as above. ticks: what a packet takes. */
static bool
idle_round(struct arrivals *a, double ticks)
{
	struct rte_mbuf *mbufs[CGN_BURST] = {NULL};
	uint64_t preemptions = machine_preemptions();

	a->start = machine_tsc();
	do {
		uint16_t n = arrive(a, mbufs, CGN_BURST);
		uint64_t until = machine_tsc() + (uint64_t)(n * ticks);

		while (machine_tsc() < until)
			;
		depart(a, mbufs, n);
	} while (a->n_sent < a->n);
	a->next = a->n_sent = 0;
	return preemptions == machine_preemptions();
}

struct load {
	uint32_t percent;
	double packet, pause; /* ticks: of a packet at full load, and between two */
};

struct latencies {
	struct series p50, p99, p999;
	uint32_t n_rounds, n_left_out;
};

static void
run(struct job *job, struct arrivals *a, const struct load *load, const struct options *o,
	struct latencies *l)
{
	static struct histogram h, floor;
	uint64_t rounds = 1 +
		(uint64_t)(o->ms * 1e6 / machine_ns((uint64_t)(load->pause * job->round)));

	memset(&h, 0, sizeof(h));
	memset(&floor, 0, sizeof(floor));
	for (uint64_t i = 0; i < rounds || h.n == 0 || floor.n == 0; i++, l->n_rounds++) {
		job_load(job);
		schedule(a, job, load->pause);
		if (idle_round(a, load->packet))
			note(&floor, a);
		if (busy_round(job, a))
			note(&h, a);
		else
			l->n_left_out++;
	}
	bed_check(job->bed);
	job_check(job);
	series_add(&l->p50, percentile_us(&h, 0.5), percentile_us(&floor, 0.5));
	series_add(&l->p99, percentile_us(&h, 0.99), percentile_us(&floor, 0.99));
	series_add(&l->p999, percentile_us(&h, 0.999), percentile_us(&floor, 0.999));
}

static void
at_load(struct job *job, struct arrivals *a, const struct load *load, const struct options *o)
{
	struct latencies l = {0};
	const struct {
		const char *name;
		const struct series *s;
	} lines[] = {{"50", &l.p50}, {"99", &l.p99}, {"99.9", &l.p999}};

	for (uint32_t i = 0; i < o->runs; i++)
		run(job, a, load, o, &l);
	for (uint32_t i = 0; i < 3; i++)
		report("burst_latency", "us", lines[i].s,
			"\"mappings\": %u, \"load_percent\": %u, \"percentile\": %s, "
			"\"rounds\": %u, \"rounds_left_out\": %u",
			o->n, load->percent, lines[i].name, l.n_rounds, l.n_left_out);
}

void
bench_latency(const struct options *o)
{
	static const uint32_t loads[] = {10, 50, 90};
	struct forward_params p = {.shares = {[CGN_UDP] = 100},
		.specs = {{.proto = CGN_UDP, .len = FRAME}},
		.n_specs = 1};
	struct arrivals in = {.mbufs = calloc(o->round, sizeof(*in.mbufs)),
				.due = calloc(o->round, sizeof(*in.due)),
				.took = calloc(o->round, sizeof(*in.took))},
			none = {0};
	struct wire_hooks hooks = {arrive, depart, {&in, &none}, {&none, &in}};
	struct forward f;
	double full;

	if (in.mbufs == NULL || in.due == NULL || in.took == NULL)
		machine_die("no memory for a round");
	forward_start(&f, o, &p);
	full = job_run(f.job, o->ms) * (double)rte_get_tsc_hz() / 1e9;
	wire_hook(f.bed->wire, &hooks);
	for (uint32_t i = 0; i < 3; i++)
		at_load(f.job, &in, &(struct load){loads[i], full, full * 100 / loads[i]}, o);
	wire_hook(f.bed->wire, NULL);
	forward_stop(&f);
	free(in.mbufs);
	free(in.due);
	free(in.took);
}
