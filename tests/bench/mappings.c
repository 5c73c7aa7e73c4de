/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control does: new_mappings, expire, memory_per_mapping (README.md). Control's turns are
 * timed one by one, in CPU time and with the clock around cgn_control_poll alone.
 */
#include <stdio.h>

#include "floor.h"
#include "forward.h"
#include "machine.h"
#include "report.h"

struct turns {
	uint64_t cpu_ns;      /* of all: what others do on the machine does not count */
	uint64_t longest;     /* ticks */
	uint64_t preemptions; /* seen so far */
};

/* A turn in which the machine took the CPU away says nothing about the longest one. Whether it did
 * is asked only about turns that are candidates. */
static void
see_turn(struct turns *t, uint64_t ticks)
{
	uint64_t preemptions;

	if (ticks <= t->longest)
		return;
	preemptions = machine_preemptions();
	if (preemptions == t->preemptions)
		t->longest = ticks;
	t->preemptions = preemptions;
}

static uint32_t
timed_turn(void *arg, struct bed *bed)
{
	struct turns *t = arg;
	uint64_t cpu = machine_cpu_ns(), began = machine_tsc(), ticks;
	uint32_t work = cgn_control_poll(bed->box->control, bed->stopped_at);

	ticks = machine_tsc() - began;
	t->cpu_ns += machine_cpu_span(cpu);
	see_turn(t, ticks);
	return work;
}

/*
 * The longest time between two looks at the clock of a thread that does nothing else, for as long
 * as control's turns took: what the machine takes away, unseen by the kernel (floor of the longest
 * turn).
 */
static double
machine_gap_us(uint64_t ns)
{
	struct turns t = {.preemptions = machine_preemptions()};
	uint64_t began = machine_tsc(), before = began, now;

	do {
		now = machine_tsc();
		see_turn(&t, now - before);
		before = machine_tsc();
	} while (machine_ns(now - began) < (double)ns);
	return machine_ns(t.longest) / 1e3;
}

static struct bed_params
bed_of(const struct options *o)
{
	return (struct bed_params){.n_mappings = o->n,
		.n_subscribers = flows_subscribers(o->n),
		.n_packets = o->round};
}

static void
start_turns(struct turns *t)
{
	*t = (struct turns){.preemptions = machine_preemptions()};
}

/* One run: an empty table filled. */
static void
fill(const struct options *o, struct turns *t, struct bed **bed, struct flows **flows)
{
	struct bed_params p = bed_of(o);

	*flows = flows_create(o->n, (const uint8_t[CGN_N_PROTOS]){[CGN_UDP] = 100});
	*bed = bed_create(&p);
	start_turns(t);
	flows_open_timed(*bed, *flows, 0, o->n, timed_turn, t);
	bed_check(*bed);
}

void
bench_new_mappings(const struct options *o)
{
	struct series rate = {0}, stall = {0};
	struct floor *floor;

	for (uint32_t i = 0; i < o->runs; i++) {
		struct flows *flows;
		struct bed *bed;
		struct turns t;

		fill(o, &t, &bed, &flows);
		bed_destroy(bed);
		flows_destroy(flows);
		if (o->count > 0) {
			printf("{\"mappings\": %u}\n", o->n);
			return;
		}
		floor = floor_create(o->n);
		series_add(&rate, o->n * 1e9 / (double)t.cpu_ns, 1e9 / floor_add_ns(floor));
		series_add(&stall, machine_ns(t.longest) / 1e3, machine_gap_us(t.cpu_ns));
		floor_destroy(floor);
	}
	report("new_mappings", "mappings/s", &rate, "\"mappings\": %u, \"control_cores\": 1", o->n);
	report("new_mappings_longest_turn", "us", &stall, "\"mappings\": %u", o->n);
}

/* Turns of both until control has nothing to do at this time any more. */
static void
turn_until_idle(struct bed *bed, struct turns *t)
{
	enum { IDLE_TURNS = 4 };

	for (uint32_t idle = 0; idle < IDLE_TURNS; idle++) {
		uint32_t work = timed_turn(t, bed);

		cgn_worker_poll(&bed->box->workers[0], bed->stopped_at); /* quiescent */
		if (work > 0)
			idle = 0;
	}
}

void
bench_expire(const struct options *o)
{
	enum { UDP_S = 300, REST_S = 120, SLACK_S = 2 };
	struct series cost = {0}, stall = {0};

	for (uint32_t i = 0; i < o->runs; i++) {
		struct flows *flows;
		struct bed *bed;
		struct turns t;

		fill(o, &t, &bed, &flows);
		start_turns(&t);
		bed->stopped_at += (UDP_S + SLACK_S) * CGN_NS_PER_S;
		turn_until_idle(bed, &t);
		bed->stopped_at += (REST_S + SLACK_S) * CGN_NS_PER_S;
		turn_until_idle(bed, &t);
		if (bed->box->control->expired != o->n)
			machine_die("%lu of %u mappings ended", bed->box->control->expired, o->n);
		series_add(&cost, (double)t.cpu_ns / o->n, 0);
		series_add(&stall, machine_ns(t.longest) / 1e3, machine_gap_us(t.cpu_ns));
		bed_destroy(bed);
		flows_destroy(flows);
		if (o->count > 0) {
			printf("{\"mappings\": %u}\n", o->n);
			return;
		}
	}
	report("expire", "ns/mapping", &cost, "\"mappings\": %u, \"control_cores\": 1", o->n);
	report("expire_longest_turn", "us", &stall, "\"mappings\": %u", o->n);
}

/*
 * The table: what a box for n mappings takes of EAL's heap more than one for 1024. Ports: what the
 * pool has filled when all n are there, which is a matter of how many ports of a block are used.
 */
void
bench_memory(const struct options *o)
{
	enum { LEAST = 1024 };
	struct bed_params small = bed_of(o);
	struct series table = {0}, ports = {0};
	struct flows *flows;
	struct bed *bed;
	struct turns t;
	uint64_t least;

	small.n_mappings = LEAST;
	bed = bed_create(&small);
	least = bed->tables_bytes;
	bed_destroy(bed);
	fill(o, &t, &bed, &flows);
	if (o->n > LEAST)
		series_add(&table, (double)(bed->tables_bytes - least) / (o->n - LEAST), 0);
	series_add(&ports, (double)cgn_pool_bytes(bed->box->control->pool) / o->n, 0);
	bed_destroy(bed);
	flows_destroy(flows);
	if (table.n > 0)
		report("memory_per_mapping", "bytes", &table, "\"mappings\": %u", o->n);
	report("memory_per_mapping_ports", "bytes", &ports,
		"\"mappings\": %u, \"ports_used_of_a_block\": \"%u of 512\"", o->n,
		o->n / flows_subscribers(o->n));
}
