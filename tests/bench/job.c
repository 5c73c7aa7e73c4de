/* SPDX-License-Identifier: BSD-3-Clause */
/* Rounds of packets; see job.h. */
#include "job.h"

#include <stdlib.h>

#include "machine.h"
#include "report.h"

enum { MAX_ROUNDS = 65536, BULK = 64 };

static void
count_fates(const struct bed *bed, uint64_t fates[CGN_N_FATES])
{
	for (int f = 0; f < CGN_N_FATES; f++)
		fates[f] = cgn_box_fate_sum(bed->box, (enum cgn_fate)f);
}

struct job *
job_create(struct bed *bed, const struct flows *flows, uint32_t round, job_make *make)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL || round % BULK != 0)
		machine_die("no memory for a job, or a round of a part of a burst");
	job->bed = bed;
	job->flows = flows;
	job->round = round;
	job->make = make;
	job->state = 88172645463325252;
	count_fates(bed, job->before);
	return job;
}

void
job_check(const struct job *job)
{
	uint64_t fates[CGN_N_FATES];

	count_fates(job->bed, fates);
	for (int f = 0; f < CGN_N_FATES; f++) {
		uint64_t expected = job->expected[f];

		if (job->beside != NULL)
			expected += job->beside->expected[f];
		if (fates[f] - job->before[f] != expected)
			machine_die("%lu packets ended as %s, %lu should have",
				fates[f] - job->before[f], cgn_fates[f].name, expected);
	}
}

void
job_destroy(struct job *job)
{
	free(job);
}

void
job_add_frame(struct job *job, const struct frame_spec *spec)
{
	if (job->n_frames == JOB_MAX_FRAMES)
		machine_die("more than %d frames", JOB_MAX_FRAMES);
	for (int i = 0; i < (spec->weight > 0 ? spec->weight : 1); i++) {
		if (job->n_choices[spec->proto] == JOB_MAX_CHOICES)
			machine_die("frames have too much weight");
		job->choices[spec->proto][job->n_choices[spec->proto]++] = (uint8_t)job->n_frames;
	}
	frame_make(&job->frames[job->n_frames++], job->bed, spec);
}

/* Marsaglia's xorshift64: random enough to defeat every prefetcher, and out of the measured span.
 */
uint32_t
job_random(struct job *job, uint32_t below)
{
	job->state ^= job->state << 13;
	job->state ^= job->state >> 7;
	job->state ^= job->state << 17;
	return (uint32_t)(((job->state >> 32) * below) >> 32);
}

struct job_packet
job_forward(struct job *job, struct rte_mbuf *m)
{
	uint32_t flow = job_random(job, job->flows->n);
	uint8_t proto = job->flows->at[flow].proto;
	const struct frame *frame =
		&job->frames[job->choices[proto][job_random(job, job->n_choices[proto])]];

	frame_put(frame, job->flows, flow, m);
	return frame->dir == CGN_IN2OUT ? (struct job_packet){WIRE_INSIDE, CGN_FATE_IN2OUT}
					: (struct job_packet){WIRE_OUTSIDE, CGN_FATE_OUT2IN};
}

void
job_load(struct job *job)
{
	struct wire_lane *lane = &job->bed->wire->lanes[job->worker];

	for (uint32_t i = 0; i < job->round; i += BULK) {
		struct rte_mbuf *mbufs[BULK];

		if (rte_pktmbuf_alloc_bulk(job->bed->mempool, mbufs, BULK) < 0)
			machine_die("no packet buffers");
		for (uint32_t k = 0; k < BULK; k++) {
			struct job_packet p = job->make(job, mbufs[k]);

			wire_put(&lane->rx[p.port], mbufs[k]);
			job->expected[p.fate]++;
		}
	}
	job->n_made += job->round;
}

void
job_unload(struct job *job)
{
	struct wire_lane *lane = &job->bed->wire->lanes[job->worker];

	for (int p = 0; p < WIRE_PORTS; p++) {
		struct wire_queue *tx = &lane->tx[p];

		for (uint32_t i = 0; i < tx->n; i++)
			if (!frame_is_arp(tx->mbufs[i]))
				frame_check(tx->mbufs[i], job->flows,
					p == WIRE_OUTSIDE ? CGN_IN2OUT : CGN_OUT2IN);
		rte_pktmbuf_free_bulk(tx->mbufs, tx->n);
	}
	wire_reset(lane);
}

uint64_t
job_round(struct job *job)
{
	uint64_t began, ended;

	job_load(job);
	bed_clock_start(job->bed);
	began = machine_tsc();
	bed_turns(job->bed, job->worker);
	if (job->has_held)
		cgn_worker_poll(&job->bed->box->workers[job->worker], bed_now(job->bed));
	ended = machine_tsc();
	bed_clock_stop(job->bed);
	job->bed->n_given += job->round;
	job_unload(job);
	return ended - began;
}

double
job_run(struct job *job, uint32_t ms)
{
	static double rounds[MAX_ROUNDS];
	double spent = 0;
	uint32_t n = 0;

	while (spent < ms * 1e6 && n < MAX_ROUNDS) {
		double ns = machine_ns(job_round(job));

		spent += ns;
		rounds[n++] = ns / job->round;
	}
	bed_check(job->bed);
	job_check(job);
	return quantile(rounds, n, 0.5);
}
