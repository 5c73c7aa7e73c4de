/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_natlog RATE SECONDS ipfix|syslog: control writes RATE records a second into the ring of the
 * log, and a log thread makes IPFIX or syslog of them for a collector or server on the loopback,
 * which takes them and reads nothing. Prints what a record costs control and the log thread, in CPU
 * time, and how many were lost.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "outputs.h"
#include "sim.h"

enum { BURST = 100, RING = 65536 };

static struct cgn_sim *sim;
static struct cgn_outputs *outputs;
static atomic_bool stop;
static uint64_t n_taken, thread_ns;

static uint64_t
ns_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* As app/cgnatd/natlog.c does it. */
static void *
take(void *arg)
{
	struct cgn_natlog_record r;
	struct cgn_event event;
	bool is_last = false;

	(void)arg;
	while (!is_last) {
		uint32_t n = 0;

		is_last = atomic_load(&stop);
		for (; n < 1024 && cgn_natlog_take(&sim->box->control->natlog, &r, &event); n++)
			cgn_outputs_put(outputs, &r, &event);
		cgn_outputs_turn(
			outputs, ns_of(CLOCK_MONOTONIC) / 1000000, ns_of(CLOCK_REALTIME) / 1000000);
		n_taken += n;
		if (n < 1024)
			usleep(10000);
		is_last &= n == 0;
	}
	thread_ns = ns_of(CLOCK_THREAD_CPUTIME_ID);
	return NULL;
}

/* A socket that takes what comes and reads nothing of it; its port. */
static uint16_t
sink(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(at);

	if (bind(fd, (const struct sockaddr *)&at, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		exit(1);
	return ntohs(at.sin_port);
}

static const struct cgn_mapping *
start(const char *what)
{
	struct packet_spec spec = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	struct cgn_errmsg err;
	char box[256];

	snprintf(box, sizeof(box),
		strcmp(what, "ipfix") == 0
			? "log: {ipfix: {collectors: [{address: 127.0.0.1, port: %u}]}}\n"
			: "log: {syslog: {servers: [{address: 127.0.0.1, port: %u}]}}\n",
		sink());
	cgn_sim_eal();
	sim = cgn_sim_create(&(struct cgn_sim_params){.box = box, .a = "log: {mappings: true}\n"});
	outputs = cgn_outputs_create(sim->box->conf, &err);
	if (outputs == NULL || cgn_natlog_feed_init(sim->box->control, "bench", RING, 0) < 0)
		exit(1);
	cgn_sim_send_spec(sim, SIM_ACCESS, &spec);
	cgn_sim_run(sim);
	return cgn_sim_mapping(sim, "a", IPPROTO_UDP, SIM_A1, 5000);
}

int
main(int argc, char **argv)
{
	uint64_t rate = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	uint64_t seconds = argc > 2 ? strtoull(argv[2], NULL, 10) : 5;
	const struct cgn_mapping *m = start(argc > 3 ? argv[3] : "ipfix");
	struct cgn_natlog_feed *feed = &sim->box->control->natlog;
	uint64_t n = 0, spent_ns = 0, began_ns;
	pthread_t thread;

	if (m == NULL || pthread_create(&thread, NULL, take, NULL) != 0)
		return 1;
	began_ns = ns_of(CLOCK_MONOTONIC);
	for (; n < rate * seconds; n += BURST) {
		uint64_t before_ns;

		while ((ns_of(CLOCK_MONOTONIC) - began_ns) * rate < n * 1000000000)
			usleep(100);
		before_ns = ns_of(CLOCK_THREAD_CPUTIME_ID);
		feed->has_time = false; /* a turn begins */
		for (uint32_t i = 0; i < BURST; i++)
			cgn_natlog_mapping(sim->box->control, m, CGN_NATLOG_MAPPING_MADE);
		spent_ns += ns_of(CLOCK_THREAD_CPUTIME_ID) - before_ns;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	printf("records=%llu seconds=%.1f lost=%llu\n", (unsigned long long)n,
		(double)(ns_of(CLOCK_MONOTONIC) - began_ns) / 1e9, (unsigned long long)feed->lost);
	printf("control: %.0f ns a record\n", (double)spent_ns / (double)n);
	printf("log thread: %.0f ns a record\n", (double)thread_ns / (double)n_taken);
	cgn_natlog_feed_fini(sim->box->control);
	cgn_outputs_destroy(outputs);
	cgn_sim_destroy(sim);
	return 0;
}
