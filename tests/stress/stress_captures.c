/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures that begin and end as fast as they can, of two tenants in turn, while a worker
 * translates, control drops and a thread of its own writes the files: no packet of one tenant gets
 * into a file of the other, and every packet has its fate.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "happens_before.h"
#include "scratch.h"
#include "sim.h"

static struct cgn_sim *sim;
static atomic_bool stop, writer_stop;
static _Atomic uint64_t time_ns;
static char dir[SCRATCH_LEN];
static uint32_t n_captures, n_captured;

static uint32_t
duration_s(void)
{
	const char *text = getenv("CGN_STRESS_S");

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 5;
}

static void *
control_main(void *arg)
{
	(void)arg;
	while (!atomic_load_explicit(&stop, memory_order_relaxed))
		cgn_control_poll(sim->box->control, atomic_load(&time_ns));
	return NULL;
}

static void *
writer_main(void *arg)
{
	(void)arg;
	while (!atomic_load_explicit(&writer_stop, memory_order_relaxed))
		cgn_captures_poll(sim->box->captures, atomic_load(&time_ns));
	return NULL;
}

/* Subscribers of b are behind a tag, of a are not: no frame of the inside may be the other's. */
static void
check_file(const char *path, bool is_b)
{
	static uint8_t all[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n, at = 0;

	if (f == NULL)
		abort();
	n = fread(all, 1, sizeof(all), f);
	fclose(f);
	while (at + 12 <= n) {
		uint32_t type, len;

		memcpy(&type, all + at, 4);
		memcpy(&len, all + at + 4, 4);
		if (len < 12 || at + len > n ||
			(type == 6 && (all[at + 28 + 12] == 0x81) != is_b)) {
			fprintf(stderr, "stress_captures: %s: bad block at %zu\n", path, at);
			abort();
		}
		n_captured += type == 6;
		at += len;
	}
	if (at != n)
		abort();
	unlink(path);
}

static void
one_capture(uint32_t i)
{
	struct cgn_capture_spec spec = {
		.tenant = (uint16_t)cgn_directory_tenant_find(sim->box->dir, i % 2 ? "b" : "a"),
		.inside = CGN_NONE,
		.sides = 1,
		.packets = 1 + i % 200,
		.seconds = 3600,
		.bytes = 1 << 20,
		.snaplen = CGN_TAP_DATA};
	struct cgn_capture_info info, now;
	struct cgn_errmsg err;

	strcpy(spec.tenant_name, i % 2 ? "b" : "a");
	if (cgn_captures_start(sim->box->captures, &spec, atomic_load(&time_ns), 0, &info, &err) <
		0) {
		fprintf(stderr, "stress_captures: %s\n", err.text);
		abort();
	}
	for (uint32_t k = 0;; k++) {
		if (!cgn_captures_find(sim->box->captures, info.id, 0, &now))
			abort();
		if (now.end != CGN_CAPTURE_GOES_ON && now.bytes > 0)
			break;
		if (k == 50)
			cgn_captures_stop(sim->box->captures, info.id, &now);
		usleep(20);
	}
	while (cgn_captures_stop(sim->box->captures, info.id, &now) == 0)
		usleep(20); /* until its file is closed */
	check_file(info.file, i % 2);
	n_captures++;
}

static void *
operator_main(void *arg)
{
	(void)arg;
	for (uint32_t i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++)
		one_capture(i);
	return NULL;
}

static void
send_some(struct cgn_rand *rand)
{
	for (int k = 0; k < 16; k++) {
		uint32_t host = SIM_A1 + cgn_rand_below(rand, 30);
		uint16_t port = (uint16_t)(1000 + cgn_rand_below(rand, 200));
		struct packet_spec s = packet_udp(host, port, (uint32_t)SIM_PEER, 53);

		if (cgn_rand_below(rand, 10) == 0)
			s.ttl = 1;
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
		s.n_tags = 1;
		s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
		cgn_sim_send_spec(sim, SIM_TRUNK, &s);
	}
}

static void
work(void)
{
	time_t end = time(NULL) + (time_t)duration_s();
	struct cgn_rand rand;

	cgn_rand_init(&rand, 77);
	for (uint64_t turn = 0; time(NULL) < end; turn++) {
		if (turn % 4 == 0)
			send_some(&rand);
		cgn_worker_poll(&sim->box->workers[0], atomic_load(&time_ns));
		cgn_sim_collect(sim);
		cgn_sim_flush(sim, SIM_WAN);
		cgn_sim_flush(sim, SIM_ACCESS);
		cgn_sim_flush(sim, SIM_TRUNK);
		atomic_fetch_add(&time_ns, CGN_NS_PER_MS);
	}
}

int
main(void)
{
	void *(*const mains[])(void *) = {control_main, operator_main, writer_main};
	pthread_t threads[3];
	char box[SCRATCH_LEN + 48];

	if (mkdtemp(scratch_template(dir, "cgn-stress")) == NULL)
		return 1;
	snprintf(box, sizeof(box), "capture: {directory: %s, ring: 256}\n", dir);
	cgn_sim_eal();
	happens_before_for_buffers();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 6, .box = box});
	cgn_sim_run(sim);
	atomic_store(&time_ns, sim->now);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, mains[i], NULL);
	work();
	atomic_store(&stop, true);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL); /* it may still wait for the writer */
	atomic_store(&writer_stop, true);
	pthread_join(threads[2], NULL);
	sim->now = atomic_load(&time_ns);
	cgn_sim_run(sim);
	printf("stress_captures: %u captures, %u packets in them\n", n_captures, n_captured);
	if (!cgn_sim_is_sound(sim) || n_captures < 10 || n_captured < 100) {
		fprintf(stderr, "stress_captures: unsound, or too little happened\n");
		return 1;
	}
	cgn_sim_destroy(sim);
	rmdir(dir);
	return 0;
}
