/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * growth_*: what a packet and what a new mapping cost as the box grows in one direction while all
 * else stays: tenants, subscribers, pool addresses, workers, mappings that there are already
 * (README.md). What may not grow at all is a test, tests/property/prop_growth.c; this is by how
 * much caches make it grow.
 */
#include <stdio.h>

#include "floor.h"
#include "forward.h"
#include "machine.h"
#include "report.h"

enum { FRAME = 60, BATCH = 64, FIRST_PORT = 1024 };

/* One point of a curve: name is that of its axis, NAME of growth_NAME. */
struct point {
	const char *name;
	uint32_t at, n_mappings, n_addresses;
	struct bed_params bed;
};

/* Both directions, if packets are measured at all. */
static void
measure_packets(
	const struct point *p, const struct options *o, struct bed *bed, const struct flows *flows)
{
	static const char *const names[] = {
		[CGN_IN2OUT] = "in2out_udp", [CGN_OUT2IN] = "out2in_udp"};
	struct floor *floor = floor_create(p->n_mappings);

	for (int dir = 0; dir < 2; dir++) {
		struct job *job = job_create(bed, flows, o->round, job_forward);
		struct series s = {0};

		job_add_frame(job,
			&(struct frame_spec){.proto = CGN_UDP, .dir = (uint8_t)dir, .len = FRAME});
		job_run(job, o->ms / 4 + 1); /* the caches are what they will be */
		for (uint32_t i = 0; i < o->runs; i++) {
			double ns = job_run(job, o->ms / 4 + 1);

			series_add(&s, ns, floor_run(floor, o->ms / 8 + 1));
		}
		report("growth_packet", "ns/packet", &s,
			"\"by\": \"%s\", \"at\": %u, \"packets\": \"%s\", \"mappings\": %u, "
			"\"subscribers\": %u, \"pool_addresses\": %u",
			p->name, p->at, names[dir], p->n_mappings, p->bed.n_subscribers,
			p->n_addresses);
		job_destroy(job);
	}
	floor_destroy(floor);
}

static void
report_new(const struct point *p, const struct series *s)
{
	report("growth_new_mapping", "ns/mapping", s,
		"\"by\": \"%s\", \"at\": %u, \"mappings\": %u, \"subscribers\": %u, "
		"\"pool_addresses\": %u",
		p->name, p->at, p->n_mappings, p->bed.n_subscribers, p->n_addresses);
}

/* An empty box filled as often as it takes until so many mappings have been made, then packets. */
static void
measure(struct point *p, const struct options *o)
{
	enum { ENOUGH = 100000, FILLS = 3 };
	uint32_t n_tenants = p->bed.n_tenants > 0 ? p->bed.n_tenants : 1;
	struct series s = {0};

	p->bed.n_mappings = p->n_mappings + p->n_mappings / 4;
	p->bed.n_packets = o->round;
	for (uint32_t i = 0;; i++) {
		struct flows *flows = flows_spread(p->n_mappings, p->bed.n_subscribers, n_tenants,
			(const uint8_t[CGN_N_PROTOS]){[CGN_UDP] = 100});
		struct bed *bed = bed_create(&p->bed);
		bool last = o->smoke || (i + 1) * p->n_mappings >= ENOUGH || i + 1 == FILLS;
		uint64_t cpu_ns = 0;

		flows_open_timed(bed, flows, 0, flows->n, flows_turn_cpu, &cpu_ns);
		series_add(&s, (double)cpu_ns / flows->n, 0);
		if (last)
			measure_packets(p, o, bed, flows);
		bed_destroy(bed);
		flows_destroy(flows);
		if (last)
			break;
	}
	report_new(p, &s);
}

/* Tenants with two tags each, one pool address or more each, of 64 blocks of 64 ports; the same
 * number of subscribers with ten mappings each in all. */
void
bench_growth_tenants(const struct options *o)
{
	enum { EACH = 10, BLOCKS = 64, BLOCK = 64 };
	uint32_t n_subscribers = o->n / EACH;

	for (uint32_t t = 1; t <= n_subscribers; t *= 10) {
		uint32_t each = n_subscribers / t, addresses = 1;
		struct point p = {.name = "tenants",
			.at = t,
			.n_mappings = n_subscribers * EACH,
			.bed = {.n_tenants = t,
				.n_subscribers = n_subscribers,
				.subscribers_len = 32,
				.pool_len = 32,
				.block_size = BLOCK,
				.last_port = FIRST_PORT + BLOCKS * BLOCK - 1}};

		for (; (UINT32_C(1) << (32 - p.bed.subscribers_len)) < each;
			p.bed.subscribers_len--)
			;
		for (; addresses * BLOCKS < each + each / 8; addresses *= 2)
			p.bed.pool_len--;
		p.n_addresses = t * addresses;
		measure(&p, o);
	}
}

/* Subscribers that the same number of mappings is spread over, from one to as many as there are
 * mappings; and at last as many assigned as there can be behind one router. */
static void
grow_subscribers(const struct options *o, uint32_t n, uint32_t first)
{
	enum { BLOCK = 64, BLOCKS = 1008 };

	for (uint32_t subscribers = first; subscribers <= n; subscribers *= 10) {
		struct point p = {.name = "subscribers",
			.at = subscribers,
			.n_mappings = n,
			.bed = {.n_subscribers = subscribers,
				.subscribers_len = o->smoke ? 22 : 12,
				.pool_len = o->smoke ? 26 : 20,
				.block_size = BLOCK}};

		p.n_addresses = UINT32_C(1) << (32 - p.bed.pool_len);
		measure(&p, o);
	}
}

void
bench_growth_subscribers(const struct options *o)
{
	enum { FEW = 10000, MOST_EACH = 1000 };

	grow_subscribers(o, RTE_MIN(o->n, (uint32_t)FEW), 1);
	if (o->n > FEW)
		grow_subscribers(o, o->n, o->n / MOST_EACH);
}

void
bench_growth_pool(const struct options *o)
{
	enum { EACH = 128, BLOCK = 256, SUBSCRIBERS = 250, LEAST_LEN = 20 };

	for (uint32_t len = 32; len >= LEAST_LEN; len -= 4) {
		struct point p = {.name = "pool addresses",
			.at = UINT32_C(1) << (32 - len),
			.n_mappings = RTE_MIN(o->n, (uint32_t)SUBSCRIBERS * EACH),
			.n_addresses = UINT32_C(1) << (32 - len),
			.bed = {.n_subscribers = SUBSCRIBERS,
				.pool_len = len,
				.block_size = BLOCK}};

		measure(&p, o);
	}
}

/* Mappings that there are already: one table filled once, in steps, by all subscribers in turn. The
 * first mapping of each, which leases a block too, is made before. */
void
bench_growth_mappings(const struct options *o)
{
	enum { EACH = 128, POOL_LEN = 22 };
	struct point p = {.name = "mappings there",
		.n_addresses = UINT32_C(1) << (32 - POOL_LEN),
		.n_mappings = o->n,
		.bed = {.n_mappings = o->n,
			.n_subscribers = (o->n + EACH - 1) / EACH,
			.pool_len = POOL_LEN,
			.n_packets = o->round}};
	struct flows *flows = flows_spread(
		o->n, p.bed.n_subscribers, 1, (const uint8_t[CGN_N_PROTOS]){[CGN_UDP] = 100});
	struct bed *bed = bed_create(&p.bed);
	uint32_t done = p.bed.n_subscribers;

	flows_open(bed, flows, 0, done);
	while (done < o->n) {
		uint32_t until = RTE_MIN(2 * done, o->n);
		struct series s = {0};
		uint64_t cpu_ns = 0;

		flows_open_timed(bed, flows, done, until - done, flows_turn_cpu, &cpu_ns);
		series_add(&s, (double)cpu_ns / (until - done), 0);
		p.at = until;
		report_new(&p, &s);
		done = until;
	}
	bed_destroy(bed);
	flows_destroy(flows);
}

/* Workers whose rings control looks at and for whose grace periods it waits; the thread plays one
 * after the other, so that there can be more than CPUs. */
void
bench_growth_workers(const struct options *o)
{
	enum { MOST = WIRE_WORKERS };

	for (uint16_t n = 1; n <= MOST; n *= 2) {
		struct point p = {.name = "workers",
			.at = n,
			.n_mappings = o->n,
			.bed = {.n_mappings = o->n,
				.n_subscribers = flows_subscribers(o->n),
				.n_packets = o->round,
				.n_workers = n}};
		struct flows *flows = flows_create(
			o->n, (const uint8_t[CGN_N_PROTOS]){[CGN_UDP] = 100});
		struct bed *bed = bed_create(&p.bed);
		struct series s = {0};
		uint64_t cpu_ns = 0;

		for (uint16_t w = 1; w < n; w++)
			cgn_worker_online(&bed->box->workers[w]);
		for (uint32_t done = 0; done < o->n; done += BATCH) {
			bed->lane = (uint16_t)(done / BATCH % n);
			flows_open_timed(bed, flows, done, RTE_MIN((uint32_t)BATCH, o->n - done),
				flows_turn_cpu, &cpu_ns);
		}
		for (uint16_t w = 1; w < n; w++)
			cgn_worker_offline(&bed->box->workers[w]);
		bed->lane = 0;
		series_add(&s, (double)cpu_ns / o->n, 0);
		report_new(&p, &s);
		bed_destroy(bed);
		flows_destroy(flows);
	}
}
