/* SPDX-License-Identifier: BSD-3-Clause */
/* Assembly and undoing of the appliance; see box.h. */
#include "box.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_lcore.h>
#include <rte_malloc.h>

#include "directory_switch.h"
#include "mem.h"

static void *
eal_zalloc(const char *name, size_t size, int socket)
{
	return rte_zmalloc_socket(name, size, RTE_CACHE_LINE_SIZE, socket);
}

static const struct cgn_mem_ops eal_mem = {.zalloc = eal_zalloc, .free = rte_free};

struct rte_mempool *
cgn_box_mempool(const char *name, uint32_t n, uint16_t data_room)
{
	enum { CACHE = 256 };

	/* DPDK wants n to be 2^q - 1 for the best use of memory; any n works. */
	return rte_pktmbuf_pool_create(name, n, CACHE, RTE_ALIGN(sizeof(struct cgn_pkt), 8),
		(uint16_t)(RTE_PKTMBUF_HEADROOM + data_room), (int)rte_socket_id());
}

static int
create_rcu(struct cgn_box *box)
{
	size_t size = rte_rcu_qsbr_get_memsize(CGN_MAX_WORKERS);

	box->dp.rcu = cgn_mem_zalloc("rcu", 1, size, (int)rte_socket_id());
	if (box->dp.rcu == NULL)
		return -ENOMEM;
	return rte_rcu_qsbr_init(box->dp.rcu, CGN_MAX_WORKERS) == 0 ? 0 : -EINVAL;
}

/* Receive queues are dealt out in turn; a port with too few transmit queues has owners for them. */
static void
assign_queues(struct cgn_box *box)
{
	uint32_t next = 0;

	for (uint16_t p = 0; p < box->dp.n_devs; p++) {
		const struct cgn_dev *dev = &box->dp.devs[p];

		assert(dev->n_txq > 0 && box->dp.n_workers > 0);
		for (uint16_t q = 0; q < dev->n_rxq; q++) {
			struct cgn_worker *w = &box->workers[next++ % box->dp.n_workers];

			if (w->n_rxqs < CGN_MAX_RXQS)
				w->rxqs[w->n_rxqs++] = (struct cgn_rxq){.port = p, .queue = q};
		}
		for (uint16_t i = 0; i < box->dp.n_workers; i++)
			box->workers[i].tx[p] = (struct cgn_tx_buffer){.own_queue = i < dev->n_txq,
				.queue = i,
				.owner = (uint16_t)(i % dev->n_txq)};
	}
}

static int
create_workers(struct cgn_box *box, const char *name)
{
	box->workers = cgn_mem_zalloc(
		"workers", box->conf->cores.n_workers, sizeof(*box->workers), (int)rte_socket_id());
	if (box->workers == NULL)
		return -ENOMEM;
	for (uint16_t i = 0; i < box->conf->cores.n_workers; i++) {
		if (cgn_worker_init(&box->workers[i], &box->dp, i, name, (int)rte_socket_id()) < 0)
			return -ENOMEM;
		box->dp.workers[i] = &box->workers[i];
		box->dp.n_workers++;
	}
	assign_queues(box);
	return 0;
}

static int
create_captures(struct cgn_box *box, const char *name, struct cgn_errmsg *err)
{
	const struct cgn_conf *conf = box->conf;

	if (conf->capture.directory[0] == '\0')
		return 0;
	box->dp.tap = cgn_tap_create(
		name, conf->cores.n_workers, conf->capture.ring, (int)rte_socket_id());
	if (box->dp.tap != NULL)
		box->captures = cgn_captures_create(
			box->dp.tap, conf->capture.directory, conf->capture.max_mib);
	if (box->captures != NULL)
		return 0;
	cgn_errmsg_set(err, "no memory for captures: lower capture.ring or raise memory.size_mib");
	errno = ENOMEM;
	return -ENOMEM;
}

struct cgn_box *
cgn_box_create(const struct cgn_box_params *p, struct cgn_errmsg *err)
{
	struct cgn_control_params cp = {.mempool = p->mempool,
		.name = p->name,
		.seed = p->seed,
		.socket = (int)rte_socket_id()};
	struct cgn_box *box;

	cgn_mem = &eal_mem;
	box = calloc(1, sizeof(*box));
	if (box == NULL) {
		cgn_errmsg_set(err, "not enough memory");
		errno = ENOMEM;
		return NULL;
	}
	box->conf = p->conf;
	box->mempool = p->mempool;
	box->dp.n_devs = p->conf->n_ports;
	memcpy(box->dp.devs, p->devs, p->conf->n_ports * sizeof(*p->devs));
	cgn_fragment_secret_draw(&box->dp.fragment_secret, p->seed);
	box->dir = cgn_directory_create(p->conf, NULL, err);
	if (box->dir == NULL)
		goto fail;
	box->dp.dir = box->dir;
	if (create_rcu(box) < 0 || create_workers(box, p->name) < 0) {
		cgn_errmsg_set(
			err, "no memory for the workers: raise memory.size_mib or free some");
		errno = ENOMEM;
		goto fail;
	}
	if (create_captures(box, p->name, err) < 0)
		goto fail;
	cp.dp = &box->dp;
	box->control = cgn_control_create(&cp, err);
	if (box->control != NULL)
		return box;
fail:
	cgn_box_destroy(box);
	return NULL;
}

int
cgn_box_prepare(struct cgn_box *box, const struct cgn_directory *fresh,
	const struct cgn_pool_need *need, struct cgn_errmsg *err)
{
	int rc = cgn_switch_prepare(box->control, fresh, need, err);

	for (uint16_t i = 0; rc == 0 && i < box->dp.n_workers; i++) {
		rc = cgn_worker_fill(&box->workers[i], fresh);
		if (rc < 0)
			cgn_errmsg_set(err, "no memory for the numbers of new subscribers");
	}
	return rc;
}

void
cgn_box_adopt(struct cgn_box *box, struct cgn_directory *fresh)
{
	if (box->captures != NULL)
		cgn_captures_end(box->captures, CGN_CAPTURE_RELOADED);
	box->retired = box->dir;
	box->dir = fresh;
	box->conf = fresh->conf;
}

void
cgn_box_retire(struct cgn_box *box)
{
	cgn_switch_retire(box->control);
	cgn_directory_destroy(box->retired);
	box->retired = NULL;
}

void
cgn_box_settle(struct cgn_box *box)
{
	if (box->control != NULL)
		cgn_control_settle(box->control);
	for (uint16_t i = 0; i < box->dp.n_workers; i++)
		cgn_worker_drain(&box->workers[i]);
}

void
cgn_box_destroy(struct cgn_box *box)
{
	if (box == NULL)
		return;
	cgn_box_settle(box);
	for (uint16_t i = 0; i < box->dp.n_workers; i++)
		cgn_worker_fini(&box->workers[i]);
	cgn_control_destroy(box->control);
	cgn_captures_destroy(box->captures);
	cgn_tap_destroy(box->dp.tap);
	cgn_mem_free(box->workers);
	cgn_mem_free(box->dp.rcu);
	cgn_directory_destroy(box->retired);
	cgn_directory_destroy(box->dir);
	free(box);
}
