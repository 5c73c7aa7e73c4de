/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulator's life and time; see sim.h. One thread is every worker and the control core. */
#include "sim.h"

#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "sim_internal.h"

enum { MAX_TURNS = 200000, IDLE_TURNS = 4, START_S = 1000 };

void
cgn_sim_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("sim: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

/* EAL leaves its directory behind, empty. */
static void
stop_eal(void)
{
	const char *dir = rte_eal_get_runtime_dir();
	char path[256];

	snprintf(path, sizeof(path), "%s", dir);
	rte_eal_cleanup();
	rmdir(path);
}

void
cgn_sim_eal(void)
{
	static bool is_up;
	static char texts[][64] = {"sim", "--no-huge", "-m256", "--no-pci", "--no-telemetry",
		"--no-shconf", "--log-level=lib.eal:4", "--log-level=pmd.net.ring:4", "", ""};
	enum { N_ARGS = sizeof(texts) / sizeof(texts[0]), LCORES = N_ARGS - 2, PREFIX };
	char *args[N_ARGS + 1] = {NULL};
	int first = -1, last = 0;
	cpu_set_t set;

	if (is_up)
		return;
	/* One lcore, free to run on any CPU: tests run in parallel. */
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		first = first < 0 ? cpu : first;
		last = cpu;
	}
	snprintf(texts[LCORES], sizeof(texts[0]), "--lcores=0@(%d-%d)", first, last);
	snprintf(texts[PREFIX], sizeof(texts[0]), "--file-prefix=ut%d", (int)getpid());
	for (int i = 0; i < N_ARGS; i++)
		args[i] = texts[i];
	if (rte_eal_init(N_ARGS, args) < 0)
		cgn_sim_die("EAL does not start");
	is_up = true;
	atexit(stop_eal);
}

static uint16_t
data_room(const struct cgn_conf *conf)
{
	uint16_t room = 2048;

	for (uint16_t p = 0; p < conf->n_ports; p++)
		if (conf->ports[p].mtu + 64 > room)
			room = (uint16_t)(conf->ports[p].mtu + 64);
	return room;
}

static void
set_defaults(struct cgn_sim_params *p)
{
	p->n_mbufs = p->n_mbufs > 0 ? p->n_mbufs : 8191;
	p->ring_size = p->ring_size > 0 ? p->ring_size : 1024;
	p->seed = p->seed > 0 ? p->seed : 1;
}

static void
create_box(struct cgn_sim *sim)
{
	struct cgn_box_params p = {.conf = sim->conf,
		.devs = sim->devs,
		.mempool = sim->mempool,
		.name = sim->name,
		.seed = sim->params.seed};
	struct cgn_errmsg err;

	sim->box = cgn_box_create(&p, &err);
	if (sim->box == NULL)
		cgn_sim_die("no box: %s", err.text);
	for (uint16_t w = 0; w < sim->box->dp.n_workers; w++)
		cgn_worker_online(sim->box->dp.workers[w]);
	cgn_control_start(sim->box->control, sim->now);
}

struct cgn_sim *
cgn_sim_create(const struct cgn_sim_params *params)
{
	static uint32_t number;
	struct cgn_sim *sim = calloc(1, sizeof(*sim));
	char name[32];

	if (sim == NULL)
		cgn_sim_die("no memory");
	sim->params = *params;
	set_defaults(&sim->params);
	sim->now = START_S * CGN_NS_PER_S;
	snprintf(sim->name, sizeof(sim->name), "sim%u", number++ % 10000000);
	sim->conf = cgn_sim_conf_load(&sim->params);
	sim->n_ports = sim->conf->n_ports;
	for (uint16_t p = 0; p < sim->n_ports; p++)
		sim->roles[p] = sim->conf->ports[p].role;
	sim->queues = calloc(sim->conf->n_ports, sizeof(*sim->queues));
	if (sim->queues == NULL)
		cgn_sim_die("no memory");
	for (uint16_t p = 0; p < sim->conf->n_ports; p++)
		sim->queues[p].last = &sim->queues[p].first;
	snprintf(name, sizeof(name), "%s_mbufs", sim->name);
	sim->mempool = cgn_box_mempool(name, sim->params.n_mbufs,
		sim->params.data_room > 0 ? sim->params.data_room : data_room(sim->conf));
	if (sim->mempool == NULL)
		cgn_sim_die("no memory for %u buffers", sim->params.n_mbufs);
	cgn_sim_devs_open(sim);
	create_box(sim);
	cgn_sim_run(sim);
	return sim;
}

void
cgn_sim_destroy(struct cgn_sim *sim)
{
	unsigned int lost;

	if (sim == NULL)
		return;
	for (uint16_t w = 0; w < sim->box->dp.n_workers; w++)
		cgn_worker_offline(sim->box->dp.workers[w]);
	cgn_sim_collect(sim);
	cgn_box_settle(sim->box);
	/* Frames that the box never took from its devices are still the test's. */
	for (uint16_t p = 0; p < sim->conf->n_ports; p++) {
		cgn_sim_flush(sim, p);
		for (uint16_t q = 0; q < sim->devs[p].n_rxq; q++)
			sim->n_sent -= rte_ring_count(sim->rx[p][q]);
	}
	if (!cgn_sim_conserves(sim)) {
		cgn_sim_dump(sim, stderr);
		cgn_sim_die("a packet has no fate, or two");
	}
	cgn_box_destroy(sim->box);
	cgn_sim_devs_close(sim);
	lost = rte_mempool_in_use_count(sim->mempool);
	if (lost > 0)
		cgn_sim_die("%u packet buffers are lost", lost);
	rte_mempool_free(sim->mempool);
	cgn_conf_free(sim->retired);
	cgn_conf_free(sim->conf);
	free(sim->queues);
	free(sim);
}

uint32_t
cgn_sim_poll_workers(struct cgn_sim *sim)
{
	uint32_t n = 0;

	for (uint16_t w = 0; w < sim->box->dp.n_workers; w++)
		n += cgn_worker_poll(sim->box->dp.workers[w], sim->now);
	return n;
}

uint32_t
cgn_sim_poll_control(struct cgn_sim *sim)
{
	return cgn_control_poll(sim->box->control, sim->now);
}

static uint32_t
collect_queue(struct cgn_sim *sim, uint16_t port, uint16_t queue)
{
	static uint8_t copy[CGN_SIM_FRAME_MAX];
	struct rte_mbuf *m;
	uint32_t n = 0;

	for (; rte_ring_dequeue(sim->tx[port][queue], (void **)&m) == 0; n++) {
		const uint8_t *p = rte_pktmbuf_read(m, 0, m->pkt_len, copy);

		if (p == NULL)
			cgn_sim_die("a sent packet is shorter than it says");
		if (m->nb_segs > 1 && sim->params.no_tx_chains)
			cgn_sim_die("a chain for a device that takes none");
		cgn_sim_wire_take(sim, port, p, m->pkt_len);
		rte_pktmbuf_free(m);
	}
	return n;
}

uint32_t
cgn_sim_collect(struct cgn_sim *sim)
{
	uint32_t n = 0;

	for (uint16_t p = 0; p < sim->n_ports; p++)
		for (uint16_t q = 0; q < sim->devs[p].n_txq; q++)
			n += collect_queue(sim, p, q);
	return n;
}

void
cgn_sim_run(struct cgn_sim *sim)
{
	uint32_t turns = 0;

	for (uint32_t idle = 0; idle < IDLE_TURNS; idle++) {
		uint32_t n = cgn_sim_poll_workers(sim);

		n += cgn_sim_poll_control(sim);
		n += cgn_sim_collect(sim);
		if (n > 0)
			idle = 0;
		if (++turns > MAX_TURNS)
			cgn_sim_die("no rest after %d turns", MAX_TURNS);
	}
}

void
cgn_sim_jump_ms(struct cgn_sim *sim, uint32_t milliseconds)
{
	sim->now += milliseconds * CGN_NS_PER_MS;
	cgn_sim_run(sim);
}

void
cgn_sim_jump_s(struct cgn_sim *sim, uint32_t seconds)
{
	sim->now += seconds * CGN_NS_PER_S;
	cgn_sim_run(sim);
}

void
cgn_sim_elapse_s(struct cgn_sim *sim, uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds; i++)
		cgn_sim_jump_s(sim, 1);
}
