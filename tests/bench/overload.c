/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * overload: established flows at a part of what the worker can carry, and beside them a flood of
 * first packets, at a multiple of what control can make of them (README.md). The worker and control
 * take turns in one thread, each with a clock of its own that the turns move on by what they took;
 * whose clock is behind comes next. So each has a core of its own whatever the machine has, and
 * packets come when they are due by the worker's clock, into a receive ring of a device's size.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "job.h"
#include "machine.h"
#include "report.h"

enum {
	FRAME = 60,
	RX_RING = 1024,
	SHARE = 25, /* percent of the worker's full load that is established */
	FLOOD_MS = 50,
	SMOKE_MS = 2,
	AFTER_MS = 20,
	PROBES_PER_MS = 10,
	MAX_NEW_PER_S = 6000000, /* of which there is a multiple of flows */
	BUFFERS = 32768,
};

enum kind { ESTABLISHED, NEW, KINDS };

/* Packets that come at random, so many of them a tick. */
struct source {
	double per_tick, due;
	uint64_t offered, lost, sent; /* lost: the ring was full */
};

struct overload {
	struct bed *bed;
	struct flows *flows;
	struct job *job; /* of the established ones alone */
	struct flows established;
	struct frame frame;
	struct source sources[KINDS];
	uint32_t next_new; /* flow */
	double now[2];     /* ticks, of the worker and of control */
	double usual[2];   /* a turn */
	uint64_t preemptions, longest;
	cgn_ns_t began;
};

static const double loads[] = {0.5, 1, 2, 4};
enum { N_LOADS = sizeof(loads) / sizeof(loads[0]) };

static cgn_ns_t
time_of(const struct overload *l, double ticks)
{
	return l->began + (cgn_ns_t)(ticks * 1e9 / (double)rte_get_tsc_hz());
}

static double
ticks_of_ms(double ms)
{
	return ms * (double)rte_get_tsc_hz() / 1e3;
}

/* Poisson. */
static double
pause_of(struct overload *l, const struct source *s)
{
	return -log((job_random(l->job, UINT32_MAX) + 1.0) / 4294967296.0) / s->per_tick;
}

static void
rate_set(struct overload *l, enum kind kind, double per_tick)
{
	struct source *s = &l->sources[kind];

	s->per_tick = per_tick;
	s->due = per_tick > 0 ? l->now[0] + pause_of(l, s) : INFINITY;
}

static void
offer(struct overload *l, enum kind kind, struct wire_queue *rx)
{
	struct source *s = &l->sources[kind];
	struct rte_mbuf *m;
	uint32_t flow;

	s->due += pause_of(l, s);
	s->offered++;
	if (kind == NEW && l->next_new == l->flows->n)
		machine_die("no flows are left for the flood");
	flow = kind == NEW ? l->next_new++ : job_random(l->job, l->established.n);
	if (rx->n - rx->next >= RX_RING) {
		s->lost++;
		return;
	}
	m = rte_pktmbuf_alloc(l->bed->mempool);
	if (m == NULL)
		machine_die("no packet buffers");
	frame_put(&l->frame, l->flows, flow, m);
	wire_put(rx, m);
	l->bed->n_given++;
}

/* All that is due by the worker's clock is in its ring. */
static void
arrive(struct overload *l)
{
	struct wire_queue *rx = &l->bed->wire->lanes[0].rx[WIRE_INSIDE];
	const struct source *s = l->sources;

	memmove(rx->mbufs, rx->mbufs + rx->next, (rx->n - rx->next) * sizeof(*rx->mbufs));
	rx->n -= rx->next;
	rx->next = 0;
	while (RTE_MIN(s[ESTABLISHED].due, s[NEW].due) <= l->now[0])
		offer(l, s[NEW].due < s[ESTABLISHED].due ? NEW : ESTABLISHED, rx);
}

static void
depart(struct overload *l)
{
	struct wire_lane *lane = &l->bed->wire->lanes[0];
	struct wire_queue *tx = &lane->tx[WIRE_OUTSIDE];

	for (uint32_t i = 0; i < tx->n; i++) {
		uint32_t flow = frame_flow(tx->mbufs[i]);

		if (frame_is_arp(tx->mbufs[i]))
			continue;
		if (flow < l->established.n)
			frame_check(tx->mbufs[i], l->flows, CGN_IN2OUT);
		l->sources[flow < l->established.n ? ESTABLISHED : NEW].sent++;
	}
	for (int p = 0; p < WIRE_PORTS; p++) {
		rte_pktmbuf_free_bulk(lane->tx[p].mbufs, lane->tx[p].n);
		lane->tx[p].n = 0;
	}
}

/* A turn in which the thread lost its CPU counts as the one before it. */
static void
spend(struct overload *l, int core, uint64_t ticks)
{
	enum { SUSPECT_US = 50 };
	uint64_t preemptions;

	if (ticks > ticks_of_ms(SUSPECT_US / 1e3)) {
		preemptions = machine_preemptions();
		if (preemptions != l->preemptions)
			ticks = (uint64_t)l->usual[core];
		l->preemptions = preemptions;
	}
	l->usual[core] = (double)ticks;
	l->now[core] += (double)ticks;
	if (core == 1 && ticks > l->longest)
		l->longest = ticks;
}

/* One turn of whoever is behind. */
static void
turn(struct overload *l)
{
	uint64_t began;

	if (l->now[1] < l->now[0]) {
		began = machine_tsc();
		cgn_control_poll(l->bed->box->control, time_of(l, l->now[1]));
		spend(l, 1, machine_tsc() - began);
		return;
	}
	arrive(l);
	began = machine_tsc();
	cgn_worker_poll(&l->bed->box->workers[0], time_of(l, l->now[0]));
	spend(l, 0, machine_tsc() - began);
	depart(l);
}

static void
run_until(struct overload *l, double end)
{
	while (l->now[0] < end)
		turn(l);
}

static bool
is_idle(const struct overload *l)
{
	const struct cgn_worker *w = &l->bed->box->workers[0];

	return wire_is_empty(&l->bed->wire->lanes[0]) &&
		cgn_punt_under_way(&w->punt_sent.all, &w->punt_done.all) == 0 &&
		rte_ring_empty(w->back);
}

static uint32_t
turn_of_control(void *arg, struct bed *bed)
{
	uint64_t began = machine_tsc();
	uint32_t work = cgn_control_poll(bed->box->control, bed->stopped_at);

	*(uint64_t *)arg += machine_tsc() - began;
	return work;
}

/* Packets a tick that the worker carries, new flows a tick that control makes. */
struct capacity {
	double worker, control;
};

static struct capacity
begin(struct overload *l, const struct options *o)
{
	const uint32_t n = o->n + (uint32_t)(loads[N_LOADS - 1] * MAX_NEW_PER_S * FLOOD_MS / 1000);
	struct bed_params p = {
		.n_mappings = n, .n_subscribers = flows_subscribers(n), .n_packets = BUFFERS};
	struct capacity full;
	uint64_t ticks = 0;

	*l = (struct overload){.preemptions = machine_preemptions()};
	l->flows = flows_create(n, (const uint8_t[CGN_N_PROTOS]){[CGN_UDP] = 100});
	l->bed = bed_create(&p);
	flows_open_timed(l->bed, l->flows, 0, o->n, turn_of_control, &ticks);
	full.control = o->n / (double)ticks;
	l->established = *l->flows;
	l->established.n = l->next_new = o->n;
	l->job = job_create(l->bed, &l->established, o->round, job_forward);
	job_add_frame(l->job, &(struct frame_spec){.proto = CGN_UDP, .len = FRAME});
	full.worker = 1e9 / (job_run(l->job, o->ms) * (double)rte_get_tsc_hz());
	frame_make(&l->frame, l->bed, &(struct frame_spec){.proto = CGN_UDP, .len = FRAME});
	l->began = l->bed->stopped_at;
	return full;
}

static void
end(struct overload *l)
{
	l->bed->stopped_at = time_of(l, RTE_MAX(l->now[0], l->now[1]));
	bed_check(l->bed);
	job_destroy(l->job);
	bed_destroy(l->bed);
	flows_destroy(l->flows);
}

struct results {
	struct series kept, made, recovery, longest, after;
	uint64_t offered, lost, fates[CGN_N_FATES];
};

static void
count_fates(const struct overload *l, uint64_t *fates, bool is_end)
{
	for (int f = 0; f < CGN_N_FATES; f++) {
		uint64_t n = cgn_box_fate_sum(l->bed->box, (enum cgn_fate)f);

		fates[f] = is_end ? n - fates[f] : n;
	}
}

/* After the flood: how long until nothing of it is left, then how much of what comes is carried. */
static void
recover(struct overload *l, double per_tick, struct results *r)
{
	const struct source *s = l->sources;
	double ended = l->now[0];

	rate_set(l, NEW, 0);
	while (!is_idle(l))
		turn(l);
	series_add(&r->recovery, machine_ns((uint64_t)(l->now[0] - ended)) / 1e3, 0);
	for (int k = 0; k < KINDS; k++)
		l->sources[k].offered = l->sources[k].lost = l->sources[k].sent = 0;
	rate_set(l, NEW, per_tick);
	run_until(l, l->now[0] + ticks_of_ms(AFTER_MS));
	rate_set(l, NEW, 0);
	rate_set(l, ESTABLISHED, 0);
	while (!is_idle(l))
		turn(l);
	series_add(&r->after,
		100.0 * (double)(s[ESTABLISHED].sent + s[NEW].sent) /
			(double)(s[ESTABLISHED].offered + s[NEW].offered),
		0);
}

static void
flood(const struct options *o, struct capacity full, double load, struct results *r)
{
	double length = ticks_of_ms(o->smoke ? SMOKE_MS : FLOOD_MS);
	const struct source *s;
	struct overload l;

	begin(&l, o);
	s = l.sources;
	rate_set(&l, ESTABLISHED, full.worker * SHARE / 100);
	rate_set(&l, NEW, 0);
	run_until(&l, ticks_of_ms(1));
	count_fates(&l, r->fates, false);
	l.longest = 0;
	l.sources[ESTABLISHED].offered = l.sources[ESTABLISHED].sent = 0;
	rate_set(&l, NEW, full.control * load);
	run_until(&l, l.now[0] + length);
	count_fates(&l, r->fates, true);
	series_add(
		&r->kept, 100.0 * (double)s[ESTABLISHED].sent / (double)s[ESTABLISHED].offered, 0);
	series_add(&r->made, (double)s[NEW].sent / length * (double)rte_get_tsc_hz(),
		full.control * (double)rte_get_tsc_hz());
	r->offered = s[NEW].offered;
	r->lost = s[NEW].lost;
	recover(&l, PROBES_PER_MS / ticks_of_ms(1), r);
	series_add(&r->longest, machine_ns(l.longest) / 1e3, 0);
	end(&l);
}

/* What became of the last run's new flows, in percent: those that are under way at its end are
 * missing. */
static void
fates_text(const struct results *r, char *text, size_t size)
{
	size_t at = (size_t)snprintf(
		text, size, "\"not received\": %.1f", 100.0 * (double)r->lost / (double)r->offered);

	for (int f = 0; f < CGN_N_FATES; f++)
		if (f != CGN_FATE_IN2OUT && r->fates[f] > 0 && at < size)
			at += (size_t)snprintf(text + at, size - at, ", \"%s\": %.1f",
				cgn_fates[f].name,
				100.0 * (double)r->fates[f] / (double)r->offered);
}

/* The best of some: what the machine did beside it must not make a flood small. */
static struct capacity
capacity_of(const struct options *o)
{
	enum { TRIES = 3 };
	struct capacity best = {0};

	for (int k = 0; k < (o->smoke ? 1 : TRIES); k++) {
		struct overload l;
		struct capacity full = begin(&l, o);

		best.worker = RTE_MAX(best.worker, full.worker);
		best.control = RTE_MAX(best.control, full.control);
		end(&l);
	}
	return best;
}

void
bench_overload(const struct options *o)
{
	const struct capacity full = capacity_of(o);

	for (uint32_t i = 0; i < N_LOADS; i++) {
		struct results r = {0};
		char fates[REPORT_PARAMS / 2];

		for (uint32_t k = 0; k < o->runs; k++)
			flood(o, full, loads[i], &r);
		fates_text(&r, fates, sizeof(fates));
		report("overload_established", "percent", &r.kept,
			"\"mappings\": %u, \"new_by_capacity\": %.1f", o->n, loads[i]);
		report("overload_new", "mappings/s", &r.made,
			"\"mappings\": %u, \"new_by_capacity\": %.1f, \"refused_percent\": {%s}",
			o->n, loads[i], fates);
		report("overload_recovery", "us", &r.recovery,
			"\"mappings\": %u, \"new_by_capacity\": %.1f", o->n, loads[i]);
		report("overload_after", "percent", &r.after,
			"\"mappings\": %u, \"new_by_capacity\": %.1f", o->n, loads[i]);
		report("overload_longest_turn", "us", &r.longest,
			"\"mappings\": %u, \"new_by_capacity\": %.1f", o->n, loads[i]);
	}
}
