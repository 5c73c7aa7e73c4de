/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job: rounds of packets for one worker. Each round is loaded, then the clock runs while the
 * worker takes it through, then every packet in the sinks is compared with its flow and given
 * back. Only the worker's turns are measured. Whatever is not what the job said it would be ends
 * the process: a bench cannot measure drops.
 *
 * Between rounds all buffers are filled anew by the same core. A round of 2048 packets, five lines
 * each, is in L2 then, as the buffers of a device with a ring of 1024 are that go round between the
 * device and the worker (but a device leaves the frame itself in L3). Larger rounds (--round) make
 * packets cold.
 */
#pragma once

#include <stdint.h>

#include "flows.h"

enum { JOB_ROUND = 2048, JOB_MAX_FRAMES = 32, JOB_MAX_CHOICES = 32 };

/* Of a packet that a job has made. */
struct job_packet {
	uint8_t port; /* enum of wire.h */
	uint8_t fate; /* enum cgn_fate */
};

struct job;
typedef struct job_packet job_make(struct job *job, struct rte_mbuf *m);

struct job {
	struct bed *bed;
	const struct flows *flows;
	job_make *make;
	uint16_t worker;
	uint32_t round; /* packets */
	uint64_t state; /* of job_random */
	uint64_t n_made;
	uint64_t expected[CGN_N_FATES];      /* since the job began */
	uint64_t before[CGN_N_FATES];        /* what the box had counted then */
	struct frame frames[JOB_MAX_FRAMES]; /* what make uses */
	uint32_t n_frames;
	uint8_t choices[CGN_N_PROTOS][JOB_MAX_CHOICES]; /* frames of a protocol, by their weights */
	uint8_t n_choices[CGN_N_PROTOS];
	const struct job *beside; /* another of the same bed, or NULL */
	bool has_held;            /* packets that wait for the worker's next turn */
};

/* make: fills one packet. The job's frames are its caller's to add. */
struct job *job_create(struct bed *bed, const struct flows *flows, uint32_t round, job_make *make);

/* Ends the process unless the box has counted what the job expected, and nothing else. Made by
 * this job, and the one beside it if there is one. */
void job_check(const struct job *job);
void job_destroy(struct job *job);

void job_add_frame(struct job *job, const struct frame_spec *spec);

/* make of most jobs: a random flow; one of the frames of its protocol, to be translated. */
job_make job_forward;

/* Uniform in [0, below). */
uint32_t job_random(struct job *job, uint32_t below);

/* A round in its steps; the worker's thread. */
void job_load(struct job *job);
void job_unload(struct job *job);

/* A whole one; ticks that the worker took. */
uint64_t job_round(struct job *job);

/* ns per packet: the median of the rounds of so many milliseconds of the worker's time, which
 * is not moved by rounds in which the machine did something else. */
double job_run(struct job *job, uint32_t ms);
