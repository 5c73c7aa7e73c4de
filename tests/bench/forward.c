/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that are translated: in2out_udp, out2in_udp, in2out_tcp, mixed_imix (README.md). */
#include "forward.h"

#include <stdio.h>
#include <string.h>

#include "floor.h"
#include "machine.h"
#include "report.h"

enum { TCP_ACK = 0x10, FRAME = 60 }; /* 64 bytes with the checksum that devices strip */

/* What the last bench has left behind: opening millions of flows takes longer than to measure. */
static struct {
	struct bed *bed;
	struct flows *flows;
	struct bed_params params;
	uint8_t shares[CGN_N_PROTOS];
} kept;

void
forward_end(void)
{
	if (kept.bed == NULL)
		return;
	bed_destroy(kept.bed);
	flows_destroy(kept.flows);
	kept.bed = NULL;
}

static bool
is_kept(const struct bed_params *bed, const uint8_t shares[CGN_N_PROTOS])
{
	return kept.bed != NULL && memcmp(bed, &kept.params, sizeof(*bed)) == 0 &&
		memcmp(shares, kept.shares, sizeof(kept.shares)) == 0;
}

static void
open_bed(struct forward *f, const struct options *o, const struct forward_params *p)
{
	struct bed_params bed = p->bed;

	bed.n_mappings = o->n;
	if (bed.n_subscribers == 0)
		bed.n_subscribers = flows_subscribers(o->n);
	bed.n_packets = o->round * (bed.n_workers > 0 ? bed.n_workers : 1);
	f->params = bed;
	memcpy(f->shares, p->shares, sizeof(f->shares));
	if (is_kept(&bed, p->shares)) {
		f->bed = kept.bed;
		f->flows = kept.flows;
		kept.bed = NULL;
		return;
	}
	forward_end();
	f->flows = flows_spread(
		o->n, bed.n_subscribers, bed.n_tenants > 0 ? bed.n_tenants : 1, p->shares);
	f->bed = bed_create(&bed);
	flows_open(f->bed, f->flows, 0, o->n);
}

void
forward_start(struct forward *f, const struct options *o, const struct forward_params *p)
{
	open_bed(f, o, p);
	f->job = job_create(f->bed, f->flows, o->round, job_forward);
	for (uint32_t i = 0; i < p->n_specs; i++)
		job_add_frame(f->job, &p->specs[i]);
}

void
forward_stop(struct forward *f)
{
	job_destroy(f->job);
	bed_destroy(f->bed);
	flows_destroy(f->flows);
}

static void
keep(struct forward *f)
{
	job_destroy(f->job);
	kept.bed = f->bed;
	kept.flows = f->flows;
	kept.params = f->params;
	memcpy(kept.shares, f->shares, sizeof(kept.shares));
}

bool
forward_counted(struct job *job, const struct options *o)
{
	if (o->count == 0)
		return false;
	while (job->n_made < o->count)
		job_round(job);
	job_check(job);
	printf("{\"packets\": %lu}\n", job->n_made);
	return true;
}

static void
measure(const char *name, const struct options *o, const struct forward_params *p, const char *more)
{
	struct forward f;
	struct series s = {0};
	struct floor *floor;

	forward_start(&f, o, p);
	if (!forward_counted(f.job, o)) {
		floor = floor_create(o->n);
		job_run(f.job, o->ms); /* the caches are what they will be */
		for (uint32_t i = 0; i < o->runs; i++) {
			double ns = job_run(f.job, o->ms);

			series_add(&s, ns, floor_run(floor, o->ms / 2 + 1));
		}
		report(name, "ns/packet", &s, "\"mappings\": %u, \"round\": %u, %s", o->n, o->round,
			more);
		floor_destroy(floor);
	}
	keep(&f);
}

void
bench_in2out_udp(const struct options *o)
{
	measure("in2out_udp", o,
		&(struct forward_params){.shares = {[CGN_UDP] = 100},
			.specs = {{.proto = CGN_UDP, .len = FRAME}},
			.n_specs = 1},
		"\"frame_bytes\": 64, \"df\": true");
}

void
bench_in2out_udp_no_df(const struct options *o)
{
	measure("in2out_udp", o,
		&(struct forward_params){.shares = {[CGN_UDP] = 100},
			.specs = {{.proto = CGN_UDP, .len = FRAME, .no_df = true}},
			.n_specs = 1},
		"\"frame_bytes\": 64, \"df\": false");
}

void
bench_out2in_udp(const struct options *o)
{
	measure("out2in_udp", o,
		&(struct forward_params){.shares = {[CGN_UDP] = 100},
			.specs = {{.proto = CGN_UDP, .dir = CGN_OUT2IN, .len = FRAME}},
			.n_specs = 1},
		"\"frame_bytes\": 64, \"df\": true");
}

void
bench_in2out_tcp(const struct options *o)
{
	measure("in2out_tcp", o,
		&(struct forward_params){.shares = {[CGN_TCP] = 100},
			.specs = {{.proto = CGN_TCP, .len = FRAME, .tcp_flags = TCP_ACK}},
			.n_specs = 1},
		"\"frame_bytes\": 64, \"df\": true");
}

/* Seven of 64, four of 594 and one of 1518 bytes: the usual "simple IMIX" (RFC 6985 section 2 is
 * how to describe it). */
void
bench_mixed_imix(const struct options *o)
{
	static const struct {
		uint16_t len;
		uint8_t n;
	} sizes[] = {{60, 7}, {590, 4}, {1514, 1}};
	struct forward_params p = {.shares = {60, 38, 2}};

	for (int proto = 0; proto < CGN_N_PROTOS; proto++)
		for (int dir = 0; dir < 2; dir++)
			for (uint32_t i = 0; i < 3; i++)
				p.specs[p.n_specs++] = (struct frame_spec){.proto = (uint8_t)proto,
					.dir = (uint8_t)dir,
					.len = sizes[i].len,
					.weight = sizes[i].n,
					.tcp_flags = TCP_ACK};
	measure("mixed_imix", o, &p,
		"\"frame_bytes\": \"64:594:1518 = 7:4:1\", "
		"\"tcp_udp_icmp\": \"60:38:2\", \"df\": true");
}
