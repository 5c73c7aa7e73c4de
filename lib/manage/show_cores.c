/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers about cores and ports: workers, ports. Telemetry threads. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_ethdev.h>
#include <rte_ring.h>

#include "clock.h"
#include "show.h"

/* How long a core is watched for its present share of work; a client waits for it. */
enum { SAMPLE_MS = 100 };

struct core_sample {
	uint64_t busy_ns[CGN_MAX_WORKERS + 1];
	cgn_ns_t at;
};

static void
sample(const struct cgn_show *show, uint32_t worker, struct core_sample *s)
{
	const struct cgn_counters *c;

	s->at = cgn_clock_now();
	for (uint32_t i = 0; (c = cgn_show_counters(show, worker, i)) != NULL; i++)
		s->busy_ns[i] = cgn_counter_read(&c->busy_ns);
}

/* Mean size of a received burst in tenths of a packet: received / bursts. */
static uint64_t
burst_tenths(const struct cgn_counters *c)
{
	uint64_t n = 0;

	for (int b = 0; b < CGN_BURST_BUCKETS; b++)
		n += cgn_counter_read(&c->bursts[b]);
	return n > 0 ? cgn_counter_read(&c->received) * 10 / n : 0;
}

static void
add_queues(struct cgn_show *show, const struct cgn_worker *w)
{
	const struct cgn_conf *conf = show->box->conf;
	char text[CGN_REPLY_STRING_LEN] = "";
	size_t n = 0;

	for (uint32_t q = 0; q < w->n_rxqs && n < sizeof(text) - 1; q++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s:%u", q > 0 ? " " : "",
			conf->ports[w->rxqs[q].port].name, w->rxqs[q].queue);
	cgn_reply_str(show->reply, "rx_queues", text);
}

static void
add_rings(struct cgn_show *show, const struct cgn_worker *w)
{
	struct cgn_reply *r = show->reply;

	cgn_reply_u64(r, "ring_new", cgn_punt_under_way(&w->punt_sent.all, &w->punt_done.all));
	cgn_reply_u64(r, "ring_local", rte_ring_count(w->local.ring));
	cgn_reply_u64(r, "ring_back", rte_ring_count(w->back));
	cgn_reply_u64(r, "ring_handover", rte_ring_count(w->handover));
	cgn_reply_u64(r, "ring_size", rte_ring_get_capacity(w->new_flows.ring));
	cgn_show_fragments_at(show, w);
	add_queues(show, w);
}

static void
add_core(struct cgn_show *show, const struct cgn_counters *c, uint64_t busy_ns, uint64_t span_ns)
{
	struct cgn_reply *r = show->reply;
	uint64_t tenths = burst_tenths(c);

	cgn_reply_u64(r, "busy_now_percent", busy_ns < span_ns ? busy_ns * 100 / span_ns : 100);
	cgn_reply_u64(r, "busy_ms", cgn_counter_read(&c->busy_ns) / CGN_NS_PER_MS);
	cgn_reply_u64(r, "sleep_ms", cgn_counter_read(&c->sleep_ns) / CGN_NS_PER_MS);
	cgn_reply_u64(r, "turns", cgn_counter_read(&c->loops));
	cgn_reply_u64(r, "busy_turns", cgn_counter_read(&c->busy_loops));
	cgn_reply_u64(r, "received", cgn_counter_read(&c->received));
	cgn_reply_fmt(
		r, "burst", "%u.%u", (unsigned int)(tenths / 10), (unsigned int)(tenths % 10));
	cgn_reply_u64(r, "punted", cgn_counter_read(&c->punted));
	cgn_reply_u64(r, "returned", cgn_counter_read(&c->returned));
	cgn_reply_u64(r, "handed_over", cgn_counter_read(&c->handed_over));
	cgn_reply_u64(r, "taken_over", cgn_counter_read(&c->taken_over));
}

void
cgn_show_workers(struct cgn_show *show)
{
	const struct timespec pause = {.tv_nsec = SAMPLE_MS * (long)CGN_NS_PER_MS};
	const struct cgn_box *box = show->box;
	struct core_sample before = {0}, after = {0};
	const struct cgn_counters *c;
	uint32_t worker;

	if (!cgn_show_worker_find(show, &worker))
		return;
	sample(show, worker, &before);
	nanosleep(&pause, NULL);
	sample(show, worker, &after);
	for (uint64_t i = cgn_show_cursor(show);
		i <= CGN_MAX_WORKERS && (c = cgn_show_counters(show, worker, (uint32_t)i)) != NULL;
		i++) {
		uint32_t id = worker != CGN_NONE ? worker : (uint32_t)i;

		cgn_reply_row_begin(show->reply);
		if (id < box->dp.n_workers) {
			cgn_reply_fmt(show->reply, "core", "%u", id);
			cgn_reply_u64(show->reply, "cpu", box->conf->cores.workers[id]);
		} else {
			cgn_reply_str(show->reply, "core", "control");
			cgn_reply_u64(show->reply, "cpu", box->conf->cores.control);
		}
		add_core(show, c, after.busy_ns[i] - before.busy_ns[i], after.at - before.at);
		if (id < box->dp.n_workers)
			add_rings(show, &box->workers[id]);
		if (!cgn_show_row_end(show, i, i + 1))
			break;
	}
	if (show->next > box->dp.n_workers || (worker != CGN_NONE && show->next > 0))
		show->next = 0;
}

static void
add_link(struct cgn_show *show, uint16_t id)
{
	struct rte_eth_link link;

	if (!rte_eth_dev_is_valid_port(id) || rte_eth_link_get_nowait(id, &link) < 0)
		return;
	cgn_reply_str(show->reply, "link", link.link_status == RTE_ETH_LINK_UP ? "up" : "down");
	cgn_reply_u64(show->reply, "speed_mbps",
		link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed);
}

static void
add_device_stats(struct cgn_show *show, uint16_t id)
{
	struct rte_eth_stats stats;

	if (!rte_eth_dev_is_valid_port(id) || rte_eth_stats_get(id, &stats) != 0)
		return;
	cgn_reply_u64(show->reply, "rx_missed", stats.imissed);
	cgn_reply_u64(show->reply, "rx_errors", stats.ierrors);
	cgn_reply_u64(show->reply, "rx_no_buffer", stats.rx_nombuf);
	cgn_reply_u64(show->reply, "tx_errors", stats.oerrors);
}

static void
add_traffic(struct cgn_show *show, uint32_t p)
{
	uint64_t rx_pkts = 0, rx_bytes = 0, tx_pkts = 0, tx_bytes = 0;
	const struct cgn_counters *c;

	for (uint32_t i = 0; (c = cgn_show_counters(show, CGN_NONE, i)) != NULL; i++) {
		rx_pkts += cgn_counter_read(&c->rx_pkts[p]);
		rx_bytes += cgn_counter_read(&c->rx_bytes[p]);
		tx_pkts += cgn_counter_read(&c->tx_pkts[p]);
		tx_bytes += cgn_counter_read(&c->tx_bytes[p]);
	}
	cgn_reply_u64(show->reply, "rx_packets", rx_pkts);
	cgn_reply_u64(show->reply, "rx_bytes", rx_bytes);
	cgn_reply_u64(show->reply, "tx_packets", tx_pkts);
	cgn_reply_u64(show->reply, "tx_bytes", tx_bytes);
}

static void
add_port(struct cgn_show *show, uint32_t p)
{
	const struct cgn_conf_port *conf = &show->box->conf->ports[p];
	const struct cgn_dev *dev = &show->box->dp.devs[p];
	const uint8_t *mac = dev->mac.addr_bytes;
	struct cgn_reply *r = show->reply;

	cgn_reply_str(r, "port", conf->name);
	cgn_reply_str(r, "role", conf->role == CGN_ROLE_INSIDE ? "inside" : "outside");
	add_link(show, dev->id);
	add_traffic(show, p);
	add_device_stats(show, dev->id);
	cgn_reply_u64(r, "mtu", conf->mtu);
	cgn_reply_fmt(r, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
	cgn_reply_u64(r, "rx_queues", dev->n_rxq);
	cgn_reply_u64(r, "tx_queues", dev->n_txq);
	cgn_reply_u64(r, "dpdk_port", dev->id);
	cgn_reply_str(r, "device", conf->device);
}

void
cgn_show_ports(struct cgn_show *show)
{
	uint32_t only;

	if (!cgn_show_port_find(show, &only))
		return;
	for (uint64_t p = cgn_show_cursor(show); p < show->box->dp.n_devs; p++) {
		if (only != CGN_NONE && p != only)
			continue;
		cgn_reply_row_begin(show->reply);
		add_port(show, (uint32_t)p);
		if (!cgn_show_row_end(show, p, p + 1))
			break;
	}
	if (show->next >= show->box->dp.n_devs || only != CGN_NONE)
		show->next = 0;
}
