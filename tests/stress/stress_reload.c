/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reloads while a worker and control run in threads of their own, as in the daemon: a third thread
 * makes a directory, asks control what it needs, takes the memory, has control publish it, and
 * frees the old one when control says that nobody uses it. Pools, links and uplinks come and go
 * under packets in both directions. At the end every packet has its fate.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "directory_switch.h"
#include "happens_before.h"
#include "pool_addr.h"
#include "sim.h"
#include "sim_internal.h"

static struct cgn_sim *sim;
static atomic_bool stop, control_stop, reloads_over;
static _Atomic uint64_t time_ns; /* written by the worker's thread, a hundred times too fast */
static uint32_t n_reloads;

static uint32_t
duration_s(void)
{
	const char *text = getenv("CGN_STRESS_S");

	return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : 5;
}

/* What the reloading thread asks control to do. */
struct order {
	const struct cgn_directory *fresh;
	struct cgn_pool_need need;
	bool is_over;
	int rc;
};

static void
do_need(struct cgn_control *c, void *arg)
{
	struct order *o = arg;
	struct cgn_errmsg err;

	o->rc = cgn_switch_need(c, o->fresh, &o->need, &err);
}

static void
do_begin(struct cgn_control *c, void *arg)
{
	struct order *o = arg;

	o->rc = cgn_switch_begin(c, o->fresh);
}

static void
do_look(struct cgn_control *c, void *arg)
{
	struct order *o = arg;

	o->is_over = cgn_switch_is_over(&c->change);
}

static void
on_control(cgn_request_fn fn, struct order *o)
{
	if (cgn_request_call(&sim->box->control->requests, fn, o, sizeof(*o)) == 0)
		return;
	fprintf(stderr, "stress_reload: control does not answer\n");
	exit(1);
}

static void
reload(const struct cgn_sim_params *params)
{
	struct cgn_conf *conf = cgn_sim_conf_load(params);
	struct cgn_errmsg err;
	struct cgn_directory *fresh = cgn_directory_create(conf, sim->box->dir, &err);
	struct order o = {.fresh = fresh};

	do
		on_control(do_need, &o);
	while (o.rc > 0);
	if (o.rc == 0)
		o.rc = cgn_box_prepare(sim->box, fresh, &o.need, &err);
	if (o.rc == 0)
		on_control(do_begin, &o);
	if (o.rc < 0) {
		fprintf(stderr, "stress_reload: refused: %d\n", o.rc);
		exit(1);
	}
	cgn_box_adopt(sim->box, fresh);
	while (!o.is_over) {
		usleep(100);
		on_control(do_look, &o);
	}
	cgn_box_retire(sim->box);
	cgn_conf_free(sim->conf);
	sim->conf = conf;
	n_reloads++;
}

static void *
reload_main(void *arg)
{
	static const struct cgn_sim_params turns[] = {
		{.a = "pool: [203.0.113.16/31]\n"},
		{.a = "pool: [203.0.113.64/31]\nports: {block_size: 64}\n"},
		{.a = "pool: [203.0.113.16/31, 203.0.113.64/31]\n",
			.box = "uplinks: [{port: wan, address: 198.51.100.9/24}]\n"
			       "routes: [{prefix: 0.0.0.0/0, via: 198.51.100.8}]\n"},
		{.a = "attachments: [{port: access, address: 100.64.0.1/24, subscribers: [{prefix: "
		      "100.64.0.0/28}]}]\n",
			.box = "uplinks: [{port: wan, vlan: 5, address: 198.51.101.9/24}]\n"
			       "routes: [{prefix: 0.0.0.0/0, via: 198.51.101.8}]\n"},
		{.box = "tenants: [a, c]\n"},
	};

	(void)arg;
	for (uint32_t k = 0; !atomic_load_explicit(&stop, memory_order_relaxed); k++)
		reload(&turns[k % (sizeof(turns) / sizeof(turns[0]))]);
	atomic_store(&reloads_over, true);
	return NULL;
}

static void *
control_main(void *arg)
{
	(void)arg;
	while (!atomic_load_explicit(&control_stop, memory_order_relaxed))
		cgn_control_poll(sim->box->control, atomic_load(&time_ns));
	return NULL;
}

static void
send_some(struct cgn_rand *rand)
{
	for (int k = 0; k < 16; k++) {
		struct packet_spec s = packet_udp(SIM_A1 + cgn_rand_below(rand, 30),
			(uint16_t)(1000 + cgn_rand_below(rand, 100)), (uint32_t)SIM_PEER, 53);

		if (cgn_rand_below(rand, 4) == 0) { /* one of two fragments */
			s.id = (uint16_t)cgn_rand_below(rand, 4);
			s.frag = cgn_rand_below(rand, 2) == 0 ? PACKET_MF : 5;
			s.payload_len = s.frag == PACKET_MF ? 32 : 50;
		}
		if (cgn_rand_below(rand, 4) == 0) {
			s.n_tags = 1;
			s.tags[0] = (struct packet_tag){.tpid = 0x8100, .tci = 102};
			cgn_sim_send_spec(sim, SIM_TRUNK, &s);
		} else
			cgn_sim_send_spec(sim, SIM_ACCESS, &s);
	}
}

/* Turns round what came out: the same packets in the other direction. */
static void
answer_some(void)
{
	struct cgn_sim_frame f;

	while (cgn_sim_receive(sim, SIM_WAN, &f)) {
		packet_mirror(f.bytes, f.bytes[12] == 0x81 ? 18 : 14);
		for (int i = 0; i < 6; i++)
			f.bytes[i] = cgn_sim_port_mac(sim, SIM_WAN)[i];
		cgn_sim_send(sim, SIM_WAN, f.bytes, f.len);
	}
	cgn_sim_flush(sim, SIM_ACCESS);
	cgn_sim_flush(sim, SIM_TRUNK);
}

static void
turn(struct cgn_rand *rand, uint64_t n)
{
	if (rand != NULL && n % 4 == 0)
		send_some(rand);
	cgn_worker_poll(&sim->box->workers[0], atomic_load(&time_ns));
	cgn_sim_collect(sim);
	answer_some();
	atomic_fetch_add(&time_ns, CGN_NS_PER_MS);
}

int
main(void)
{
	pthread_t control, reloads;
	struct cgn_rand rand;
	time_t end;

	cgn_sim_eal();
	happens_before_for_buffers();
	cgn_rand_init(&rand, 78);
	sim = cgn_sim_create(&(struct cgn_sim_params){.seed = 6, .a = "pool: [203.0.113.16/31]\n"});
	cgn_sim_run(sim);
	atomic_store(&time_ns, sim->now);
	pthread_create(&control, NULL, control_main, NULL);
	pthread_create(&reloads, NULL, reload_main, NULL);
	end = time(NULL) + (time_t)duration_s();
	for (uint64_t n = 0; time(NULL) < end; n++)
		turn(&rand, n);
	atomic_store(&stop, true);
	while (!atomic_load(&reloads_over))
		turn(NULL, 0); /* the last one needs the worker */
	pthread_join(reloads, NULL);
	atomic_store(&control_stop, true);
	pthread_join(control, NULL);
	sim->now = atomic_load(&time_ns);
	cgn_sim_run(sim);
	cgn_sim_dump(sim, stdout);
	printf("%u reloads\n", n_reloads);
	if (!cgn_sim_is_sound(sim) || n_reloads < 10 || cgn_sim_fate(sim, "in2out") < 1000 ||
		cgn_sim_fate(sim, "out2in") < 100) {
		fprintf(stderr, "stress_reload: unsound, or too little happened\n");
		return 1;
	}
	cgn_sim_destroy(sim);
	return 0;
}
