/* SPDX-License-Identifier: BSD-3-Clause */
/* The turn of a worker, and what comes back to it over its rings; see worker.h. */
#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "contact_check.h"
#include "fragment.h"
#include "reserve.h"
#include "subscriber.h"
#include "verdict.h"

static struct rte_ring *
make_ring(
	const char *name, uint16_t id, const char *what, uint32_t size, int socket, unsigned flags)
{
	char full[RTE_RING_NAMESIZE];

	snprintf(full, sizeof(full), "%.12s_%s%u", name, what, id);
	return rte_ring_create(full, size, socket, flags);
}

int
cgn_worker_reserve(struct cgn_worker *w, int socket)
{
	w->subscriber_full_at = cgn_reserve_create(
		CGN_MAX_INSIDE, sizeof(*w->subscriber_full_at), socket);
	w->request_full_at = cgn_reserve_create(
		CGN_MAX_INSIDE, sizeof(*w->request_full_at), socket);
	w->arp_full_at = cgn_reserve_create(
		CGN_MAX_IFACES, CGN_ARP_RATES * sizeof(*w->arp_full_at), socket);
	w->local_full_at = cgn_reserve_create(CGN_MAX_SHARES, sizeof(*w->local_full_at), socket);
	w->echo_full_at = cgn_reserve_create(CGN_MAX_SHARES, sizeof(*w->echo_full_at), socket);
	w->syn_full_at = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*w->syn_full_at), socket);
	w->punt_sent.tenants = cgn_reserve_create(
		CGN_MAX_TENANTS, sizeof(*w->punt_sent.tenants), socket);
	w->punt_done.tenants = cgn_reserve_create(
		CGN_MAX_TENANTS, sizeof(*w->punt_done.tenants), socket);
	return w->subscriber_full_at != NULL && w->request_full_at != NULL &&
			w->arp_full_at != NULL && w->local_full_at != NULL &&
			w->echo_full_at != NULL && w->syn_full_at != NULL &&
			w->punt_sent.tenants != NULL && w->punt_done.tenants != NULL
		? 0
		: -ENOMEM;
}

void
cgn_worker_unreserve(struct cgn_worker *w)
{
	cgn_reserve_destroy(w->subscriber_full_at);
	cgn_reserve_destroy(w->request_full_at);
	cgn_reserve_destroy(w->arp_full_at);
	cgn_reserve_destroy(w->local_full_at);
	cgn_reserve_destroy(w->echo_full_at);
	cgn_reserve_destroy(w->syn_full_at);
	cgn_reserve_destroy(w->punt_sent.tenants);
	cgn_reserve_destroy(w->punt_done.tenants);
}

int
cgn_worker_init(
	struct cgn_worker *w, struct cgn_dataplane *dp, uint16_t id, const char *name, int socket)
{
	const struct cgn_directory *dir = dp->dir;
	const struct cgn_conf *conf = dir->conf;
	const unsigned int spsc = RING_F_SP_ENQ | RING_F_SC_DEQ;

	memset(w, 0, sizeof(*w));
	w->dp = dp;
	w->dir = dir;
	w->id = id;
	w->new_flows.ring = make_ring(name, id, "new", conf->punt.ring, socket, spsc);
	w->local.ring = make_ring(name, id, "local", conf->punt.ring, socket, spsc);
	w->back = make_ring(name, id, "back", conf->punt.ring * 2, socket, spsc);
	w->handover = make_ring(name, id, "over", conf->punt.ring, socket, RING_F_SC_DEQ);
	if (cgn_worker_reserve(w, socket) < 0 || w->new_flows.ring == NULL ||
		w->local.ring == NULL || w->back == NULL || w->handover == NULL ||
		cgn_counters_init(&w->counters, 0, conf->n_ports) < 0 ||
		cgn_fragments_init(&w->fragments, conf->fragments.datagrams, conf->fragments.hold,
			socket) < 0 ||
		cgn_worker_fill(w, dir) < 0) {
		cgn_worker_fini(w);
		return -ENOMEM;
	}
	w->ip_ids = (struct cgn_ip_ids){
		.worker = id, .bits = cgn_ip_id_bits(conf->cores.n_workers)};
	w->punt_window = rte_ring_get_capacity(w->new_flows.ring);
	return 0;
}

int
cgn_worker_fill(struct cgn_worker *w, const struct cgn_directory *dir)
{
	if (cgn_reserve_fill(w->subscriber_full_at, 0, dir->n_inside) < 0 ||
		cgn_reserve_fill(w->request_full_at, 0, dir->n_inside) < 0 ||
		cgn_reserve_fill(w->arp_full_at, 0, dir->n_ifaces) < 0 ||
		cgn_reserve_fill(w->syn_full_at, 0, dir->n_tenants) < 0 ||
		cgn_reserve_fill(w->punt_sent.tenants, 0, dir->n_tenants) < 0 ||
		cgn_reserve_fill(w->punt_done.tenants, 0, dir->n_tenants) < 0 ||
		cgn_directory_shares_fill(dir, w->local_full_at) < 0 ||
		cgn_directory_shares_fill(dir, w->echo_full_at) < 0 ||
		cgn_fragments_fill(&w->fragments, dir->n_tenants, dir->n_inside, dir->n_pool) < 0)
		return -ENOMEM;
	return cgn_counters_grow(&w->counters, dir->n_tenants);
}

static void
drain(struct cgn_worker *w, struct rte_ring *ring, uint64_t *counter)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0) {
		cgn_counter_add(counter, 1);
		cgn_drop(w, m, CGN_FATE_STOPPED);
	}
}

void
cgn_worker_drain(struct cgn_worker *w)
{
	drain(w, w->new_flows.ring, &w->counters.returned);
	drain(w, w->local.ring, &w->counters.returned);
	drain(w, w->back, &w->counters.returned);
	drain(w, w->handover, &w->counters.taken_over);
	cgn_fragment_drain(w);
}

void
cgn_worker_fini(struct cgn_worker *w)
{
	rte_ring_free(w->new_flows.ring);
	rte_ring_free(w->local.ring);
	rte_ring_free(w->back);
	rte_ring_free(w->handover);
	cgn_worker_unreserve(w);
	cgn_fragments_fini(&w->fragments);
	cgn_counters_fini(&w->counters);
	memset(w, 0, sizeof(*w));
}

void
cgn_worker_online(struct cgn_worker *w)
{
	rte_rcu_qsbr_thread_register(w->dp->rcu, w->id);
	rte_rcu_qsbr_thread_online(w->dp->rcu, w->id);
}

void
cgn_worker_offline(struct cgn_worker *w)
{
	rte_rcu_qsbr_thread_offline(w->dp->rcu, w->id);
	rte_rcu_qsbr_thread_unregister(w->dp->rcu, w->id);
}

/*
 * A worker is behind when a queue has brought whole bursts without a break for longer than it takes
 * to empty one that was full: a stall of the machine fills the ring once, and what arrives while a
 * worker that is loaded by three quarters empties it makes four rings; some devices have more room
 * than they were asked for, which the time covers. Once it was behind, a ring is enough
 * (docs/decisions/0013).
 */
enum {
	BEHIND_RINGS = 4,
	BEHIND_NS = 2000000,
	AGAIN_BURSTS = 16,
	AGAIN_NS = 100000000,
};

static bool
is_behind(const struct cgn_worker *w, const struct cgn_rxq *q)
{
	uint32_t ring = w->dir->conf->ports[q->port].rx_descriptors;

	if (q->n_whole < AGAIN_BURSTS)
		return false;
	return w->burst.now < q->behind_until ||
		(q->n_whole >= BEHIND_RINGS * ring / CGN_BURST &&
			w->burst.now - q->whole_since >= BEHIND_NS);
}

static void
see_backlog(struct cgn_worker *w, struct cgn_rxq *q)
{
	struct cgn_burst *b = &w->burst;

	b->is_behind = false;
	if (b->n < CGN_BURST) {
		q->n_whole = 0;
		return;
	}
	if (q->n_whole++ == 0)
		q->whole_since = b->now;
	b->is_behind = is_behind(w, q);
	if (unlikely(b->is_behind)) {
		q->behind_until = b->now + AGAIN_NS;
		memset(b->new_flows, 0, sizeof(b->new_flows));
	}
}

/* From look-up on, the same for packets from a port and for those that control sent back. */
static void
forward(struct cgn_worker *w)
{
	cgn_lookup(w);
	cgn_peers_prefetch(w);
	cgn_in2out(w);
	cgn_out2in(w);
	if (w->burst.hit_hairpin.n > 0)
		cgn_hairpin(w);
	if (w->burst.icmp_error.n > 0)
		cgn_icmp_errors(w);
	if (w->burst.other.n > 0)
		cgn_other_protos(w);
	if (w->burst.tx.n > 0)
		cgn_talkers_sample(&w->talkers, &w->burst, w->dir);
	cgn_tx(w);
	if (w->fragments.released != 0)
		cgn_fragment_release(w);
	cgn_punt_misses(w);
}

uint32_t
cgn_back(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;
	uint64_t returned = 0;

	b->n = (uint16_t)rte_ring_sc_dequeue_burst(w->back, (void **)b->mbufs, CGN_BURST, NULL);
	if (b->n == 0)
		return 0;
	b->is_behind = false;
	cgn_burst_clear_lanes(b);
	for (uint32_t i = 0; i < b->n; i++) {
		struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[i]);

		returned += pkt->originated == 0;
		if (pkt->action == CGN_ACT_SEND_RAW)
			cgn_tx_buffer(w, b->mbufs[i]);
		else if (pkt->action == CGN_ACT_END)
			cgn_drop(w, b->mbufs[i], (enum cgn_fate)pkt->lane);
		else if (pkt->action == CGN_ACT_SEND)
			cgn_lane_add(&b->tx, (uint8_t)i);
		else if (pkt->proto == CGN_OTHER)
			cgn_lane_add(&b->other, (uint8_t)i);
		else if (pkt->dir == CGN_OUT2IN) {
			b->found[i] = pkt->neigh;
			cgn_lane_add(&b->out2in, (uint8_t)i);
		} else
			cgn_lane_add(pkt->hairpin ? &b->hairpin : &b->in2out, (uint8_t)i);
	}
	cgn_counter_add(&w->counters.returned, returned);
	forward(w);
	return b->n;
}

uint32_t
cgn_handover(struct cgn_worker *w)
{
	struct cgn_burst *b = &w->burst;

	b->n = (uint16_t)rte_ring_sc_dequeue_burst(w->handover, (void **)b->mbufs, CGN_BURST, NULL);
	for (uint32_t i = 0; i < b->n; i++)
		cgn_tx_buffer(w, b->mbufs[i]);
	cgn_counter_add(&w->counters.taken_over, b->n);
	return b->n;
}

uint32_t
cgn_worker_poll(struct cgn_worker *w, cgn_ns_t now)
{
	const struct cgn_directory *before = w->dir;
	uint32_t n = 0;

	w->dir = atomic_load_explicit(&w->dp->dir, memory_order_acquire);
	w->tapping = cgn_tap_active(w->dp->tap);
	w->burst.now = now;
	w->burst.now_s = cgn_ns_to_s(now);
	if (w->fragments.n > 0)
		cgn_fragment_turn(w, w->dir != before);
	for (uint32_t q = 0; q < w->n_rxqs; q++) {
		uint32_t got = cgn_rx(w, &w->rxqs[q]);

		see_backlog(w, &w->rxqs[q]);
		if (got == 0)
			continue;
		n += got;
		cgn_classify(w);
		forward(w);
	}
	n += cgn_back(w);
	n += cgn_handover(w);
	cgn_punt_flush(w);
	cgn_tx_flush(w);
	rte_rcu_qsbr_quiescent(w->dp->rcu, w->id);
	return n;
}
