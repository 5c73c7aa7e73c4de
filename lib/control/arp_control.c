/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ARP on the control core: answers for the box's own addresses and the pool addresses on a link,
 * questions for neigh/, and announcements at start (RFC 5227 section 2.3).
 */
#include <string.h>

#include "arp.h"
#include "control.h"
#include "log.h"

enum { ANNOUNCE_NUM = 2, ANNOUNCE_INTERVAL_S = 2, ANNOUNCE_SLICE = 16 }; /* RFC 5227 section 1.1 */

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

/* Sends an ARP message by an interface, from the box's MAC there. */
static void
send_arp(struct cgn_control *c, enum cgn_originated kind, uint32_t iface_number,
	struct cgn_arp *arp, const struct rte_ether_addr *to)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[iface_number];
	const struct rte_ether_addr *mac = &c->dp->devs[iface->port].mac;
	struct rte_mbuf *m = cgn_originate(c, kind, iface->port);
	uint16_t l2 = cgn_l2_len(&iface->tags);
	uint8_t *p;

	if (m == NULL)
		return;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(l2 + CGN_ARP_LEN)); /* fits any buffer */
	cgn_l2_write(p, to, mac, &iface->tags, RTE_ETHER_TYPE_ARP);
	arp->sender_mac = *mac;
	cgn_arp_write(p + l2, arp);
	cgn_pkt_of(m)->iface = iface_number;
	cgn_reinject(c, m, CGN_ACT_SEND_RAW);
}

/* Is addr answered for on this interface: its own, or a pool address on its link? */
static bool
is_ours(const struct cgn_directory *dir, const struct cgn_iface *iface, uint32_t addr)
{
	const struct cgn_range *range;

	if (addr == iface->onlink.addr)
		return true;
	if (iface->role == CGN_ROLE_INSIDE || !cgn_prefix_has(iface->onlink, addr))
		return false;
	range = cgn_range_map_find(&dir->outside_dst, addr);
	return range != NULL && cgn_dst_class_of(range->value) == CGN_DST_POOL;
}

static void
answer(struct cgn_control *c, const struct cgn_pkt *pkt, const struct cgn_arp *question)
{
	struct cgn_arp arp = {.op = CGN_ARP_REPLY,
		.sender_ip = question->target_ip,
		.target_mac = question->sender_mac,
		.target_ip = question->sender_ip};

	send_arp(c, CGN_ORIG_ARP_REPLY, pkt->iface, &arp, &question->sender_mac);
}

/* Notes where the sender is, if it can be there. */
static void
learn(struct cgn_control *c, const struct cgn_pkt *pkt, const struct cgn_arp *arp, bool for_us)
{
	const struct cgn_iface *iface = &c->dp->dir->ifaces[pkt->iface];
	uint32_t first = cgn_prefix_first(iface->onlink);
	char ip[CGN_IP4_STRLEN];

	if (is_ours(c->dp->dir, iface, arp->sender_ip)) {
		if (!rte_is_same_ether_addr(&arp->sender_mac, &c->dp->devs[iface->port].mac))
			cgn_debug("arp", "another station claims an address of the box address=%s",
				cgn_ip4_str(arp->sender_ip, ip));
		return;
	}
	if (!cgn_prefix_has(iface->onlink, arp->sender_ip))
		return;
	cgn_neigh_learn(c->neigh, iface->neigh_base + (arp->sender_ip - first), &arp->sender_mac,
		for_us, c->now_s);
}

void
cgn_arp_input(struct cgn_control *c, struct rte_mbuf *m)
{
	const struct cgn_pkt *pkt = cgn_pkt_of(m);
	const struct cgn_iface *iface = &c->dp->dir->ifaces[pkt->iface];
	struct cgn_arp arp;
	bool for_us;

	if (!cgn_arp_parse(rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l3_off),
		    m->data_len - pkt->l3_off, &arp)) {
		cgn_control_drop(c, m, CGN_FATE_BAD_ARP);
		return;
	}
	for_us = is_ours(c->dp->dir, iface, arp.target_ip);
	learn(c, pkt, &arp, for_us);
	if (for_us && arp.op == CGN_ARP_REQUEST && arp.sender_ip != arp.target_ip) {
		answer(c, pkt, &arp);
		cgn_control_drop(c, m, CGN_FATE_ANSWERED_ARP);
	} else
		cgn_control_drop(c, m, CGN_FATE_CONSUMED_ARP);
}

static void
announce(struct cgn_control *c, uint32_t iface, uint32_t addr)
{
	struct cgn_arp arp = {.op = CGN_ARP_REQUEST, .sender_ip = addr, .target_ip = addr};

	send_arp(c, CGN_ORIG_ARP_REQUEST, iface, &arp, &broadcast);
}

/* Item i of the list "addresses of the interfaces, then pool addresses". */
static void
announce_item(struct cgn_control *c, uint32_t i)
{
	const struct cgn_directory *dir = c->dp->dir;

	if (i < dir->n_ifaces) {
		if (dir->ifaces[i].live)
			announce(c, i, dir->ifaces[i].onlink.addr);
		return;
	}
	i -= dir->n_ifaces;
	for (uint32_t u = 0; cgn_directory_pool_live(dir, i) && u < dir->conf->n_uplinks; u++)
		if (cgn_prefix_has(dir->ifaces[dir->uplinks[u]].onlink, dir->pool_addrs[i]))
			announce(c, dir->uplinks[u], dir->pool_addrs[i]);
}

void
cgn_arp_announce_start(struct cgn_control *c)
{
	c->announce_next = c->announce_round = 0;
	c->announce_at_s = c->now_s;
}

void
cgn_arp_announce(struct cgn_control *c)
{
	uint32_t n = c->dp->dir->n_ifaces + c->dp->dir->n_pool;

	if (c->announce_round == ANNOUNCE_NUM || (int32_t)(c->now_s - c->announce_at_s) < 0 ||
		c->now < c->announce_slice_at)
		return;
	c->announce_slice_at = c->now + CGN_NS_PER_MS;
	for (int k = 0; k < ANNOUNCE_SLICE && c->announce_next < n; k++)
		announce_item(c, c->announce_next++);
	if (c->announce_next == n) {
		c->announce_next = 0;
		c->announce_round++;
		c->announce_at_s = c->now_s + ANNOUNCE_INTERVAL_S;
	}
}

static void
ask(void *ctx, uint32_t neigh, const struct rte_ether_addr *mac)
{
	struct cgn_control *c = ctx;
	struct cgn_arp arp = {.op = CGN_ARP_REQUEST};
	uint32_t iface = cgn_directory_neigh_iface(c->dp->dir, neigh, &arp.target_ip);

	if (iface == CGN_NONE)
		return; /* its link has gone from the directory, but it not yet from the table */
	arp.sender_ip = c->dp->dir->ifaces[iface].onlink.addr;
	send_arp(c, CGN_ORIG_ARP_REQUEST, iface, &arp, mac != NULL ? mac : &broadcast);
}

static void
release(void *ctx, struct rte_mbuf *m, enum cgn_fate fate)
{
	struct cgn_control *c = ctx;

	if (cgn_pkt_of(m)->originated != 0)
		cgn_counter_add(&c->tcp_ending.held, UINT64_MAX);
	if (fate == CGN_FATE_NONE)
		cgn_reinject(c, m, CGN_ACT_SEND);
	else
		cgn_control_drop(c, m, c->stopping ? CGN_FATE_STOPPED : fate);
}

const struct cgn_neigh_ops cgn_arp_neigh_ops = {.ask = ask, .release = release};
