/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The links and hosts around the simulated box: frames in, frames out, ARP answered, and what must
 * hold for every frame that the box sends.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "sim_internal.h"

enum { ETHERTYPE_ARP = 0x0806, ETHERTYPE_IP4 = 0x0800, ARP_LEN = 28 };

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* --- Into the box. --- */

/* A buffer chain with the given room per segment; NULL when buffers ran out. */
static struct rte_mbuf *
make_chain(struct cgn_sim *sim, const uint8_t *p, uint32_t len, const uint16_t *lens, uint32_t n)
{
	struct rte_mbuf *head = NULL;
	uint32_t room = rte_pktmbuf_data_room_size(sim->mempool) - RTE_PKTMBUF_HEADROOM;

	for (uint32_t i = 0; len > 0 || head == NULL; i++) {
		uint32_t part = i < n && lens[i] < len ? lens[i] : len;
		struct rte_mbuf *m = rte_pktmbuf_alloc(sim->mempool);

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		part = part < room ? part : room;
		memcpy(rte_pktmbuf_append(m, (uint16_t)part), p, part);
		p += part;
		len -= part;
		if (head == NULL)
			head = m;
		else if (rte_pktmbuf_chain(head, m) < 0)
			cgn_sim_die("a frame of too many segments");
	}
	return head;
}

/* Frames are spread over the queues of a port as a device would: by the flow, here by the bytes
 * of the addresses and ports, whichever way round; fragments by the addresses alone. */
static uint16_t
choose_queue(const struct cgn_sim *sim, uint16_t port, const uint8_t *frame, uint32_t len)
{
	uint32_t sum = 0, end = 38;

	if (sim->devs[port].n_rxq == 1)
		return 0;
	if (len > 22 && get16(frame + 12) == ETHERTYPE_IP4 && (get16(frame + 20) & 0x3fff) != 0 &&
		!(sim->params.spread_fragments && (get16(frame + 20) & 0x1fff) == 0))
		end = 34;
	for (uint32_t i = 26; i < end && i < len; i++)
		sum += frame[i];
	return (uint16_t)(sum % sim->devs[port].n_rxq);
}

static bool
enqueue(struct cgn_sim *sim, uint16_t port, const struct cgn_sim_frame *frame, const uint16_t *lens,
	uint32_t n)
{
	struct rte_mbuf *m = make_chain(sim, frame->bytes, frame->len, lens, n);
	uint16_t queue = choose_queue(sim, port, frame->bytes, frame->len);

	if (m == NULL)
		return false;
	if (rte_ring_enqueue(sim->rx[port][queue], m) != 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	sim->n_sent++;
	return true;
}

bool
cgn_sim_send_chain(struct cgn_sim *sim, uint16_t port, const struct cgn_sim_frame *frame,
	const uint16_t *lens, uint32_t n)
{
	return enqueue(sim, port, frame, lens, n);
}

bool
cgn_sim_send(struct cgn_sim *sim, uint16_t port, const void *bytes, uint32_t len)
{
	struct cgn_sim_frame frame = {.len = len};

	if (len > sizeof(frame.bytes))
		cgn_sim_die("a frame of %u bytes", len);
	memcpy(frame.bytes, bytes, len);
	return enqueue(sim, port, &frame, NULL, 0);
}

bool
cgn_sim_send_spec(struct cgn_sim *sim, uint16_t port, const struct packet_spec *spec)
{
	const struct packet_spec unset = packet_udp(0, 0, 0, 0);
	struct packet_spec s = *spec;
	uint8_t frame[PACKET_MAX];

	if (memcmp(s.dst_mac, unset.dst_mac, 6) == 0)
		memcpy(s.dst_mac, cgn_sim_port_mac(sim, port), 6);
	if (memcmp(s.src_mac, unset.src_mac, 6) == 0)
		cgn_sim_host_mac(sim, s.src, s.src_mac);
	return cgn_sim_send(sim, port, frame, packet_build(&s, frame));
}

/* --- Hosts. --- */

static struct cgn_sim_host *
find_host(const struct cgn_sim *sim, uint32_t addr)
{
	for (uint32_t i = 0; i < sim->n_hosts; i++)
		if (sim->hosts[i].addr == addr)
			return (struct cgn_sim_host *)(uintptr_t)&sim->hosts[i];
	return NULL;
}

static struct cgn_sim_host *
make_host(struct cgn_sim *sim, uint32_t addr)
{
	struct cgn_sim_host *host = find_host(sim, addr);

	if (host != NULL)
		return host;
	if (sim->n_hosts == CGN_SIM_MAX_HOSTS)
		cgn_sim_die("more than %d hosts", CGN_SIM_MAX_HOSTS);
	host = &sim->hosts[sim->n_hosts];
	cgn_sim_host_mac(sim, addr, host->mac);
	host->addr = addr;
	sim->n_hosts++;
	return host;
}

void
cgn_sim_host_mac(const struct cgn_sim *sim, uint32_t addr, uint8_t mac[6])
{
	const struct cgn_sim_host *host = find_host(sim, addr);
	const uint8_t made[6] = {0x02, 0x01, (uint8_t)(addr >> 24), (uint8_t)(addr >> 16),
		(uint8_t)(addr >> 8), (uint8_t)addr};

	memcpy(mac, host != NULL ? host->mac : made, 6);
}

void
cgn_sim_host_set_mac(struct cgn_sim *sim, uint32_t addr, const uint8_t mac[6])
{
	memcpy(make_host(sim, addr)->mac, mac, 6);
}

void
cgn_sim_host_set_silent(struct cgn_sim *sim, uint32_t addr, bool silent)
{
	make_host(sim, addr)->silent = silent;
}

/* arp: the body of a request at off in frame. The answer goes back with the same tags. */
static void
answer_arp(struct cgn_sim *sim, uint16_t port, const uint8_t *frame, uint32_t off)
{
	const uint8_t *arp = frame + off;
	struct cgn_sim_frame reply = {.len = off + ARP_LEN};
	const struct cgn_sim_host *host = find_host(sim, get32(arp + 24));
	uint8_t *p = reply.bytes;

	if (host != NULL && host->silent)
		return;
	memcpy(p, frame, off + ARP_LEN);
	memcpy(p, arp + 8, 6);
	cgn_sim_host_mac(sim, get32(arp + 24), p + 6);
	p[off + 7] = 2;
	memcpy(p + off + 8, p + 6, 6);
	memcpy(p + off + 14, arp + 24, 4);
	memcpy(p + off + 18, arp + 8, 10);
	if (!enqueue(sim, port, &reply, NULL, 0))
		cgn_sim_die("no room for an ARP answer");
}

/* --- Out of the box. --- */

static bool
is_inside(const uint8_t *p)
{
	return p[0] == 100 && (p[1] & 0xc0) == 64; /* RFC 6598 */
}

/* ADV-25. Sources, destinations, and those that an ICMP error quotes. ip is well formed. */
static bool
leaks(const uint8_t *ip, uint32_t len)
{
	uint32_t hdr = (ip[0] & 15) * 4u;

	if (is_inside(ip + 12) || is_inside(ip + 16))
		return true;
	if (ip[9] != IPPROTO_ICMP || (get16(ip + 6) & 0x1fff) != 0 || len < hdr + 28)
		return false;
	switch (ip[hdr]) {
	case 3:
	case 4:
	case 5:
	case 11:
	case 12:
		return is_inside(ip + hdr + 20) || is_inside(ip + hdr + 24);
	default:
		return false;
	}
}

static bool
is_well_formed(const uint8_t *ip, uint32_t len)
{
	return len >= 20 && ip[0] >> 4 == 4 && (ip[0] & 15) >= 5 && (ip[0] & 15) * 4u <= len &&
		get16(ip + 2) == len && packet_ip_csum_is_right(ip);
}

/* What a tenant's nat.bypass says is reached with the inside address. */
static bool
is_bypassed(const struct cgn_conf *conf, const uint8_t *ip)
{
	for (uint32_t t = 0; t < conf->n_tenants; t++)
		for (uint32_t i = 0; i < conf->tenants[t].nat.n_bypasses; i++)
			if (cgn_prefix_has(conf->tenants[t].nat.bypasses[i].prefix, get32(ip + 16)))
				return true;
	return false;
}

static void
check(struct cgn_sim *sim, uint16_t port, const uint8_t *ip, uint32_t len)
{
	if (!is_well_formed(ip, len))
		sim->n_bad_frames++;
	else if (sim->roles[port] == CGN_ROLE_OUTSIDE && leaks(ip, len) &&
		!is_bypassed(sim->conf, ip))
		sim->n_leaks++;
}

static void
queue_add(struct cgn_sim *sim, uint16_t port, const uint8_t *frame, uint32_t len)
{
	struct cgn_sim_queue *queue = &sim->queues[port];
	struct cgn_sim_item *item = malloc(sizeof(*item) + len);

	if (item == NULL)
		cgn_sim_die("no memory");
	item->next = NULL;
	item->len = len;
	memcpy(item->bytes, frame, len);
	*queue->last = item;
	queue->last = &item->next;
	queue->n++;
}

void
cgn_sim_wire_take(struct cgn_sim *sim, uint16_t port, const uint8_t *frame, uint32_t len)
{
	uint32_t off = 12;
	bool request = false;

	while (off + 6 <= len && (get16(frame + off) == 0x8100 || get16(frame + off) == 0x88a8))
		off += 4;
	if (memcmp(frame + 6, cgn_sim_port_mac(sim, port), 6) != 0)
		sim->n_bad_frames++;
	if (off + 2 <= len && get16(frame + off) == ETHERTYPE_IP4)
		check(sim, port, frame + off + 2, len - off - 2);
	else if (off + 2 + ARP_LEN <= len && get16(frame + off) == ETHERTYPE_ARP)
		request = get16(frame + off + 8) == 1;
	else
		sim->n_bad_frames++;
	if (request) {
		const uint8_t *arp = frame + off + 2;

		sim->n_arp_requests++;
		if (memcmp(arp + 14, arp + 24, 4) == 0)
			sim->n_arp_announcements++;
		else
			answer_arp(sim, port, frame, off + 2);
	}
	if (!request || sim->params.show_arp)
		queue_add(sim, port, frame, len);
}

bool
cgn_sim_receive(struct cgn_sim *sim, uint16_t port, struct cgn_sim_frame *frame)
{
	struct cgn_sim_queue *queue = &sim->queues[port];
	struct cgn_sim_item *item = queue->first;

	if (item == NULL)
		return false;
	frame->len = item->len;
	memcpy(frame->bytes, item->bytes, item->len);
	queue->first = item->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->n--;
	free(item);
	return true;
}

uint32_t
cgn_sim_n_waiting(const struct cgn_sim *sim, uint16_t port)
{
	return sim->queues[port].n;
}

void
cgn_sim_flush(struct cgn_sim *sim, uint16_t port)
{
	struct cgn_sim_frame frame;

	while (cgn_sim_receive(sim, port, &frame))
		continue;
}

const uint8_t *
cgn_sim_port_mac(const struct cgn_sim *sim, uint16_t port)
{
	return sim->devs[port].mac.addr_bytes;
}
