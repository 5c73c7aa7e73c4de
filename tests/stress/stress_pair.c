/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker and control in two threads, as in the daemon: first packets, answers, expiry and
 * refusals go over the rings while both turn as fast as they can. At the end every packet has its
 * fate.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "happens_before.h"
#include "sim.h"

static struct cgn_sim *sim;
static atomic_bool stop;
static _Atomic uint64_t time_ns; /* written by the worker's thread, a hundred times too fast */

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

/* One of the two fragments of a datagram, of a few that are under way; control refuses some. */
static void
as_fragment(struct packet_spec *s, struct cgn_rand *rand)
{
	bool first = cgn_rand_below(rand, 2) == 0;

	s->id = (uint16_t)cgn_rand_below(rand, 4);
	s->frag = first ? PACKET_MF : 5; /* 40 octets in */
	s->payload_len = first && s->proto == 6 ? 20 : first ? 32 : 50;
}

static void
send_some(struct cgn_rand *rand)
{
	for (int k = 0; k < 16; k++) {
		uint32_t host = SIM_A1 + cgn_rand_below(rand, 30);
		uint16_t port = (uint16_t)(1000 + cgn_rand_below(rand, 200));
		struct packet_spec s = packet_udp(host, port, (uint32_t)SIM_PEER, 53);

		if (cgn_rand_below(rand, 3) == 0)
			s = packet_tcp(host, port, (uint32_t)SIM_PEER, 80, 0x02);
		if (cgn_rand_below(rand, 20) == 0)
			s.ttl = 1;
		if (cgn_rand_below(rand, 4) == 0)
			as_fragment(&s, rand);
		cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	}
}

/* Turns round what came out: the same packets in the other direction. */
static void
answer_some(void)
{
	struct cgn_sim_frame f;

	while (cgn_sim_receive(sim, SIM_WAN, &f)) {
		packet_mirror(f.bytes, 14);
		for (int i = 0; i < 6; i++)
			f.bytes[i] = cgn_sim_port_mac(sim, SIM_WAN)[i];
		cgn_sim_send(sim, SIM_WAN, f.bytes, f.len);
	}
	cgn_sim_flush(sim, SIM_ACCESS);
}

static void
work(uint32_t seconds)
{
	time_t end = time(NULL) + (time_t)seconds;
	struct cgn_rand rand;

	cgn_rand_init(&rand, 77);
	for (uint64_t turn = 0; time(NULL) < end; turn++) {
		if (turn % 4 == 0)
			send_some(&rand);
		cgn_worker_poll(&sim->box->workers[0], atomic_load(&time_ns));
		cgn_sim_collect(sim);
		answer_some();
		atomic_fetch_add(&time_ns, 3 * CGN_NS_PER_MS);
	}
}

int
main(void)
{
	pthread_t control;

	cgn_sim_eal();
	happens_before_for_buffers();
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 6,
		.box = "table: {mappings: 13000}\n",
		.a = "pool: [203.0.113.16/31]\nports: {block_size: 64, max_blocks: 2}\n"
		     "timeouts: {udp_s: 120, tcp_opening_s: 6, port_rest_s: 5}\n"});
	cgn_sim_run(sim);
	atomic_store(&time_ns, sim->now);
	pthread_create(&control, NULL, control_main, NULL);
	work(duration_s());
	atomic_store(&stop, true);
	pthread_join(control, NULL);
	sim->now = atomic_load(&time_ns);
	cgn_sim_run(sim);
	cgn_sim_dump(sim, stdout);
	if (!cgn_sim_is_sound(sim) || cgn_sim_fate(sim, "in2out") < 1000 ||
		cgn_sim_fate(sim, "out2in") < 100 || cgn_sim_fate(sim, "fragment_timeout") < 10 ||
		sim->box->workers[0].fragments.held_peak == 0) {
		fprintf(stderr, "stress_pair: unsound, or too little happened\n");
		return 1;
	}
	cgn_sim_destroy(sim);
	return 0;
}
