/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/box: wiring of queues, and that creation and end leave the heap as it was. */
#include "box.h"

#include <string.h>

#include <criterion/criterion.h>
#include <rte_malloc.h>

#include "conf_text.h"
#include "eal_fixture.h"

enum { N_WORKERS = 3, N_PORTS = 3 };

static struct cgn_conf *conf;
static struct rte_mempool *mempool;
static struct cgn_dev devs[N_PORTS];

static void
start(void)
{
	eal_fixture_start();
	conf = conf_text_load_one(CONF_TEXT_BOX
		"table: {mappings: 8192}\npunt: {ring: 256}\ntenants: [t0.yaml]\n",
		"tenant: a\nattachments: [{port: access, address: 100.64.0.1/24, "
		"subscribers: [{prefix: 100.64.0.0/24}]}]\npool: [203.0.113.16/31]\n");
	conf->cores.n_workers = N_WORKERS;
	for (uint16_t p = 0; p < N_PORTS; p++)
		devs[p] = (struct cgn_dev){.id = p, .n_rxq = 2, .n_txq = 2};
	mempool = cgn_box_mempool("packets", 2047, 2048);
	cr_assert_not_null(mempool);
}

static void
finish(void)
{
	rte_mempool_free(mempool);
	cgn_conf_free(conf);
	rte_eal_cleanup();
}

TestSuite(box, .init = start, .fini = finish);

static struct cgn_box *
create(void)
{
	struct cgn_box_params params = {
		.conf = conf, .devs = devs, .mempool = mempool, .name = "test", .seed = 1};
	struct cgn_errmsg err = {""};
	struct cgn_box *box = cgn_box_create(&params, &err);

	cr_assert_not_null(box, "%s", err.text);
	return box;
}

static size_t
heap_in_use(void)
{
	struct rte_malloc_socket_stats stats;

	cr_assert_eq(rte_malloc_get_socket_stats(0, &stats), 0);
	return stats.heap_allocsz_bytes;
}

Test(box, creation_and_end_leave_the_heap_as_it_was)
{
	size_t before;

	cgn_box_destroy(create());
	before = heap_in_use();
	for (int round = 0; round < 5; round++)
		cgn_box_destroy(create());
	cr_assert_eq(heap_in_use(), before);
}

Test(box, two_boxes_can_be_when_their_names_differ)
{
	struct cgn_box_params params = {
		.conf = conf, .devs = devs, .mempool = mempool, .name = "other", .seed = 1};
	struct cgn_errmsg err;
	struct cgn_box *one = create(), *two = cgn_box_create(&params, &err);

	cr_assert_not_null(two);
	cr_assert_neq(one->dp.table, two->dp.table);
	cgn_box_destroy(one);
	cgn_box_destroy(two);
}

Test(box, end_of_nothing_is_accepted)
{
	cgn_box_destroy(NULL);
	cgn_control_destroy(NULL);
}

Test(box, every_receive_queue_has_one_worker)
{
	uint32_t n[N_PORTS][2] = {{0}};
	struct cgn_box *box = create();

	for (uint16_t i = 0; i < N_WORKERS; i++) {
		cr_assert_eq(box->workers[i].n_rxqs, 2);
		for (uint16_t q = 0; q < box->workers[i].n_rxqs; q++)
			n[box->workers[i].rxqs[q].port][box->workers[i].rxqs[q].queue]++;
	}
	for (uint16_t p = 0; p < N_PORTS; p++)
		cr_assert(n[p][0] == 1 && n[p][1] == 1);
	cgn_box_destroy(box);
}

Test(box, worker_without_a_transmit_queue_hands_over_to_one_that_has_it)
{
	struct cgn_box *box = create();

	for (uint16_t p = 0; p < N_PORTS; p++) {
		cr_assert(box->workers[0].tx[p].own_queue);
		cr_assert_eq(box->workers[1].tx[p].queue, 1);
		cr_assert_not(box->workers[2].tx[p].own_queue);
		cr_assert(box->workers[box->workers[2].tx[p].owner].tx[p].own_queue);
	}
	cgn_box_destroy(box);
}

Test(box, new_box_conserves_packets)
{
	struct cgn_box *box = create();
	struct cgn_conservation law = cgn_box_conservation(box);

	cr_assert_eq(law.received + law.fates + law.held, 0);
	cgn_box_destroy(box);
}

static struct rte_mbuf *
packet(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(mempool);

	cr_assert_not_null(m);
	*cgn_pkt_of(m) = (struct cgn_pkt){.tenant = 0};
	return m;
}

Test(box, packets_in_rings_end_as_stopped_and_the_law_holds)
{
	unsigned int free_before = rte_mempool_avail_count(mempool);
	struct cgn_box *box = create();
	struct cgn_conservation law;

	for (uint16_t i = 0; i < N_WORKERS; i++) {
		struct cgn_worker *w = &box->workers[i];
		struct rte_ring *rings[] = {w->new_flows.ring, w->local.ring, w->back, w->handover};

		for (int r = 0; r < 4; r++)
			cr_assert_eq(rte_ring_enqueue(rings[r], packet()), 0);
		cgn_counter_add(&w->counters.received, 4);
	}
	law = cgn_box_conservation(box);
	cr_assert_eq(law.held, 4 * N_WORKERS);
	cr_assert_eq(law.received, law.fates + law.held);
	cgn_box_settle(box);
	law = cgn_box_conservation(box);
	cr_assert_eq(law.held, 0);
	cr_assert_eq(law.received, law.fates);
	cr_assert_eq(cgn_box_fate(box, 0, CGN_FATE_STOPPED), 4 * N_WORKERS);
	cgn_box_settle(box);
	cr_assert_eq(cgn_box_conservation(box).fates, law.fates, "settling again changes nothing");
	cgn_box_destroy(box);
	cr_assert_eq(rte_mempool_avail_count(mempool), free_before);
}

Test(box, fates_of_workers_and_control_are_summed)
{
	struct cgn_box *box = create();

	cgn_counters_fate(&box->workers[0].counters, 0, CGN_FATE_NO_ROUTE);
	cgn_counters_fate(&box->workers[2].counters, 0, CGN_FATE_NO_ROUTE);
	cgn_counters_fate(&box->control->counters, 0, CGN_FATE_NO_ROUTE);
	cgn_counters_fate(&box->control->counters, CGN_TENANT_BOX, CGN_FATE_NO_ROUTE);
	cr_assert_eq(cgn_box_fate(box, 0, CGN_FATE_NO_ROUTE), 3);
	cr_assert_eq(cgn_box_fate(box, CGN_TENANT_BOX, CGN_FATE_NO_ROUTE), 1);
	cr_assert_eq(cgn_box_conservation(box).fates, 4);
	cr_assert_eq(cgn_box_fate_sum(box, CGN_FATE_NO_ROUTE), 4);
	cgn_box_destroy(box);
}
