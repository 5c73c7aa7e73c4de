/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log_beside: what a worker loses while the log is made and sent (README.md). The worker has one
 * CPU; on another one a thread writes records as control does, and the log thread sends them as
 * IPFIX over UDP to a socket of the loopback that keeps none. Runs with and without them take
 * turns.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "forward.h"
#include "machine.h"
#include "natlog_feed.h"
#include "outputs.h"
#include "report.h"

enum { FRAME = 60, PER_S = 100000, BURST = 100, RING = 65536, TAKE = 1024, BOX_TEXT = 128 };

struct beside {
	struct cgn_control *control;
	struct cgn_outputs *outputs;
	atomic_bool runs, stop;
	uint64_t n_made; /* to be read when the maker has ended */
	atomic_ullong n_taken;
};

static uint64_t
ns_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void
make_burst(struct beside *b)
{
	const struct cgn_mapping *m = cgn_table_at(b->control->table, 1);

	b->control->natlog.has_time = false; /* a turn begins */
	for (uint32_t i = 0; i < BURST; i++)
		cgn_natlog_mapping(b->control, m, CGN_NATLOG_MAPPING_MADE);
	b->n_made += BURST;
}

/* Control's part: the worker's packets need none of control in the meantime. */
static void *
make(void *arg)
{
	struct beside *b = arg;
	uint64_t began = 0, n = 0;

	machine_pin(0);
	while (!atomic_load(&b->stop)) {
		if (!atomic_load(&b->runs)) {
			began = n = 0;
			usleep(100);
			continue;
		}
		if (began == 0)
			began = ns_of(CLOCK_MONOTONIC);
		for (; n * 1000000000 < (ns_of(CLOCK_MONOTONIC) - began) * PER_S; n += BURST)
			make_burst(b);
		usleep(100);
	}
	return NULL;
}

/* As app/cgnatd/natlog.c does it. */
static void *
take(void *arg)
{
	struct beside *b = arg;
	struct cgn_natlog_record r;
	struct cgn_event event;

	machine_pin(0);
	while (!atomic_load(&b->stop)) {
		uint32_t n = 0;

		for (; n < TAKE && cgn_natlog_take(&b->control->natlog, &r, &event); n++)
			cgn_outputs_put(b->outputs, &r, &event);
		cgn_outputs_turn(b->outputs, ns_of(CLOCK_MONOTONIC) / 1000000,
			ns_of(CLOCK_REALTIME) / 1000000);
		atomic_fetch_add(&b->n_taken, n);
		if (n < TAKE)
			cgn_outputs_wait(b->outputs, 1000);
	}
	return NULL;
}

/* A port of the loopback where datagrams arrive and nobody reads. */
static int
collector(uint16_t *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		machine_die("log_beside: no socket");
	*port = ntohs(at.sin_port);
	return fd;
}

static void
measure(struct beside *b, struct job *job, const struct options *o)
{
	struct series s = {0}, rate = {0};

	job_run(job, o->ms);
	for (uint32_t i = 0; i < o->runs; i++) {
		double alone = job_run(job, o->ms), beside;
		uint64_t taken = atomic_load(&b->n_taken), began = ns_of(CLOCK_MONOTONIC);

		atomic_store(&b->runs, true);
		beside = job_run(job, o->ms);
		atomic_store(&b->runs, false);
		series_add(&rate,
			(double)(atomic_load(&b->n_taken) - taken) * 1e9 /
				(double)(ns_of(CLOCK_MONOTONIC) - began),
			0);
		series_add(&s, beside, alone);
	}
	report("log_beside", "ns/packet", &s,
		"\"mappings\": %u, \"packets\": \"in2out_udp\", \"records_per_s\": %d, "
		"\"floor_is\": \"no records\"",
		o->n, PER_S);
	report("log_beside_sent", "records/s", &rate, "\"mappings\": %u, \"records_per_s\": %d",
		o->n, PER_S);
}

void
bench_log_beside(const struct options *o)
{
	struct forward_params p = {.bed = {.tenant = "log: {mappings: true}\n"},
		.shares = {[CGN_UDP] = 100},
		.specs = {{.proto = CGN_UDP, .len = FRAME}},
		.n_specs = 1};
	struct beside b = {0};
	pthread_t maker, taker;
	struct cgn_errmsg err;
	struct forward f;
	char box[BOX_TEXT];
	uint16_t port;
	int fd;

	if (machine_n_cpus() < 2 && !o->smoke)
		return;
	fd = collector(&port);
	snprintf(box, sizeof(box),
		"log: {ipfix: {collectors: [{address: 127.0.0.1, port: %u, protocol: udp}]}}\n",
		port);
	p.bed.box = box;
	forward_start(&f, o, &p);
	b.control = f.bed->box->control;
	b.outputs = cgn_outputs_create(f.bed->conf, &err);
	if (b.outputs == NULL || cgn_natlog_feed_init(b.control, "bench", RING, 0) < 0 ||
		pthread_create(&maker, NULL, make, &b) != 0 ||
		pthread_create(&taker, NULL, take, &b) != 0)
		machine_die("log_beside: no log");
	measure(&b, f.job, o);
	atomic_store(&b.stop, true);
	pthread_join(maker, NULL);
	pthread_join(taker, NULL);
	if (b.control->natlog.lost > 0)
		machine_die("log_beside: %lu of %lu records were lost",
			(unsigned long)b.control->natlog.lost, b.n_made);
	cgn_natlog_feed_fini(b.control);
	cgn_outputs_destroy(b.outputs);
	forward_stop(&f);
	close(fd);
}
