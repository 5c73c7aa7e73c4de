/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and flows of a bench; see flows.h. */
#include "flows.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "machine.h"

enum { FIRST_PORT = 5000, FEW = 16, MANY = 128, MANY_FROM = 100000, BATCH = 64 };
enum { TCP_SYN = 0x02, TCP_ACK = 0x10, TWO_TAGS = 22 };

uint32_t
flows_subscribers(uint32_t n)
{
	uint32_t each = n < MANY_FROM ? FEW : MANY;

	return (n + each - 1) / each;
}

struct flows *
flows_create(uint32_t n, const uint8_t shares[CGN_N_PROTOS])
{
	return flows_spread(n, flows_subscribers(n), 1, shares);
}

struct flows *
flows_spread(
	uint32_t n, uint32_t n_subscribers, uint32_t n_tenants, const uint8_t shares[CGN_N_PROTOS])
{
	struct flows *flows = calloc(1, sizeof(*flows));

	if (flows == NULL || (flows->at = calloc(n, sizeof(*flows->at))) == NULL)
		machine_die("no memory for %u flows", n);
	flows->n = n;
	flows->n_subscribers = n_subscribers;
	flows->n_tenants = n_tenants;
	if (flows->n_subscribers > BED_MAX_SUBSCRIBERS)
		machine_die("%u flows need too many subscribers", n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t part = (uint32_t)((uint64_t)i * 61 % 100); /* mixed, each part exact */

		flows->at[i] = (struct flow){
			.tenant = (uint16_t)(i % n_tenants),
			.inside = (uint32_t)BED_INSIDE + i % n_subscribers / n_tenants,
			.inside_port = (uint16_t)(FIRST_PORT + i / n_subscribers),
			.proto = part < shares[CGN_TCP]                              ? CGN_TCP
				: part < (uint32_t)shares[CGN_TCP] + shares[CGN_UDP] ? CGN_UDP
										     : CGN_ICMP,
		};
	}
	return flows;
}

void
flows_destroy(struct flows *flows)
{
	free(flows->at);
	free(flows);
}

/* A segment of a connection in which each side's data is what has been sent before: numbers that
 * fit, or it would be looked at more closely than a connection's segments are. */
static struct packet_spec
segment(const struct frame_spec *s, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	static const uint32_t begin[2] = {[CGN_IN2OUT] = 0x01020304, [CGN_OUT2IN] = 0x11121314};
	const uint32_t own = begin[s->dir],
		       other = begin[s->dir == CGN_IN2OUT ? CGN_OUT2IN : CGN_IN2OUT];
	struct packet_spec p = packet_tcp(src, sport, dst, dport, s->tcp_flags);

	p.tcp_seq = own + !(s->tcp_flags & TCP_SYN);
	p.tcp_ack = s->tcp_flags & TCP_ACK ? other + 1 : 0;
	return p;
}

static struct packet_spec
spec_of(const struct frame_spec *s)
{
	bool out = s->dir == CGN_IN2OUT;
	uint32_t src = out ? 0 : FLOWS_PEER, dst = out ? FLOWS_PEER : 0;
	uint16_t sport = out ? 0 : FLOWS_PEER_PORT, dport = out ? FLOWS_PEER_PORT : 0;

	if (s->proto == CGN_UDP)
		return packet_udp(src, sport, dst, dport);
	if (s->proto == CGN_TCP)
		return segment(s, src, sport, dst, dport);
	return packet_echo(src, dst, out, 0);
}

void
frame_make(struct frame *frame, const struct bed *bed, const struct frame_spec *s)
{
	const int port = s->dir == CGN_IN2OUT ? WIRE_INSIDE : WIRE_OUTSIDE;
	static const uint8_t l4_len[CGN_N_PROTOS] = {20, 8, 8};
	struct packet_spec p = spec_of(s);
	uint8_t bytes[PACKET_MAX];

	memcpy(p.dst_mac, bed->wire->devs[port].mac.addr_bytes, 6);
	p.frag = s->no_df ? 0 : PACKET_DF;
	if (port == WIRE_INSIDE && bed->n_tags > 0) {
		p.n_tags = (uint8_t)bed->n_tags;
		p.tags[0] = p.tags[1] = (struct packet_tag){.tpid = 0x8100, .tci = bed->vlan};
	}
	frame->l3_off = (uint16_t)(14 + 4 * p.n_tags);
	p.payload_len = (uint16_t)(s->len - 14 - 20 - l4_len[s->proto]);
	frame->len = (uint16_t)packet_build(&p, bytes);
	frame->proto = s->proto;
	frame->dir = s->dir;
	if (frame->len > FRAME_MAX)
		machine_die("a frame of %u bytes", frame->len);
	memcpy(frame->bytes, bytes, frame->len);
}

/* Of the L4 header: where its checksum is. */
static uint32_t
csum_off(uint8_t proto)
{
	return proto == CGN_TCP ? 16 : proto == CGN_UDP ? 6 : 2;
}

static void
csum_patch(uint8_t *at, uint64_t delta)
{
	uint16_t csum;

	memcpy(&csum, at, 2);
	csum = cgn_csum_update(csum, delta);
	memcpy(at, &csum, 2);
}

/* Where they stand in a frame that has two. */
static void
put_tags(uint8_t *frame, uint32_t tenant)
{
	uint16_t tci[2];

	bed_tags(tenant, tci);
	for (int i = 0; i < 2; i++) {
		rte_be16_t wire = rte_cpu_to_be_16(tci[i]);

		memcpy(frame + 14 + 4 * i, &wire, sizeof(wire));
	}
}

/* Where the IPv4 header begins. Ends the process if the frame has another tenant's tags. */
static uint32_t
skip_tags(const uint8_t *frame, uint32_t tenant)
{
	uint8_t want[TWO_TAGS];

	if (frame[12] != 0x81)
		return 14;
	if (frame[16] != 0x81)
		return 18;
	put_tags(want, tenant);
	if (memcmp(frame + 14, want + 14, 2) != 0 || memcmp(frame + 18, want + 18, 2) != 0)
		machine_die("a packet went to another tenant");
	return TWO_TAGS;
}

void
frame_put(const struct frame *frame, const struct flows *flows, uint32_t flow, struct rte_mbuf *m)
{
	const struct flow *f = &flows->at[flow];
	bool out = frame->dir == CGN_IN2OUT;
	rte_be32_t addr = rte_cpu_to_be_32(out ? f->inside : f->outside);
	rte_be16_t port = rte_cpu_to_be_16(out ? f->inside_port : f->outside_port);
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *), *ip = p + frame->l3_off, *l4 = ip + 20;
	uint64_t pseudo = frame->proto == CGN_ICMP ? 0 : cgn_csum_delta32(0, addr);

	memcpy(p, frame->bytes, frame->len);
	if (frame->l3_off == TWO_TAGS)
		put_tags(p, f->tenant);
	m->data_len = frame->len;
	m->pkt_len = frame->len;
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	m->hash.usr = flow;
	memcpy(ip + (out ? 12 : 16), &addr, 4);
	csum_patch(ip + 10, cgn_csum_delta32(0, addr));
	memcpy(l4 + (frame->proto == CGN_ICMP ? 4 : out ? 0 : 2), &port, 2);
	csum_patch(l4 + csum_off(frame->proto), pseudo + cgn_csum_delta16(0, port));
	if (frame->proto == CGN_UDP && l4[6] == 0 && l4[7] == 0)
		l4[6] = l4[7] = 0xff; /* RFC 768: 0 would say that there is none */
}

static void
change(uint8_t *ip, uint32_t off, uint16_t value)
{
	rte_be16_t was, is = rte_cpu_to_be_16(value);

	memcpy(&was, ip + off, sizeof(was));
	memcpy(ip + off, &is, sizeof(is));
	csum_patch(ip + 10, cgn_csum_delta16(was, is));
}

void
frame_fragment(struct rte_mbuf *m, uint16_t id, bool first)
{
	enum { LEN = 24, MORE = 0x2000 }; /* the last one has no more than that too */
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, 14);

	change(ip, 2, 20 + LEN);
	change(ip, 4, id);
	change(ip, 6, first ? MORE : LEN / 8);
}

void
frame_check(const struct rte_mbuf *m, const struct flows *flows, enum cgn_dir dir)
{
	enum { L4_EVERY = 64 };
	const struct flow *f = &flows->at[frame_flow(m)];
	bool out = dir == CGN_IN2OUT;
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *ip = p + skip_tags(p, f->tenant);
	bool more = (ip[6] & 0x20) != 0, later = (ip[6] & 0x1f) != 0 || ip[7] != 0;
	uint32_t addr;
	uint16_t port;

	memcpy(&addr, ip + (out ? 12 : 16), 4);
	memcpy(&port, ip + 20 + (f->proto == CGN_ICMP ? 4 : out ? 0 : 2), 2);
	if (rte_be_to_cpu_32(addr) != (out ? f->outside : f->inside) ||
		(!later && rte_be_to_cpu_16(port) != (out ? f->outside_port : f->inside_port)))
		machine_die("a packet was translated wrongly");
	if (!packet_ip_csum_is_right(ip) ||
		(!more && !later && frame_flow(m) % L4_EVERY == 0 && !packet_l4_csum_is_right(ip)))
		machine_die("a checksum is wrong");
}

/* Learns what its outside end is from the first packet of a flow. */
static void
note_outside(struct flows *flows, const struct rte_mbuf *m)
{
	struct flow *f = &flows->at[frame_flow(m)];
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
	uint32_t addr;
	uint16_t port;

	memcpy(&addr, ip + 12, 4);
	memcpy(&port, ip + 20 + (f->proto == CGN_ICMP ? 4 : 0), 2);
	f->outside = rte_be_to_cpu_32(addr);
	f->outside_port = rte_be_to_cpu_16(port);
}

/* Those of a batch that are of the frame's protocol go in. */
static uint32_t
load(struct bed *bed, const struct frame *frame, const struct flows *flows, const uint32_t range[2])
{
	const int port = frame->dir == CGN_IN2OUT ? WIRE_INSIDE : WIRE_OUTSIDE;
	struct wire_queue *q = &bed->wire->lanes[bed->lane].rx[port];
	uint32_t n = 0;

	for (uint32_t i = range[0]; i < range[1]; i++) {
		struct rte_mbuf *m;

		if (flows->at[i].proto != frame->proto)
			continue;
		m = rte_pktmbuf_alloc(bed->mempool);
		if (m == NULL)
			machine_die("no packet buffers");
		frame_put(frame, flows, i, m);
		wire_put(q, m);
		n++;
	}
	bed->n_given += n;
	return n;
}

/* Takes n packets of flows out of the sink, and gives the buffers back. */
static void
unload(struct bed *bed, struct flows *flows, enum cgn_dir dir, uint32_t n, bool first)
{
	struct wire_lane *lane = &bed->wire->lanes[bed->lane];
	struct wire_queue *tx = &lane->tx[dir == CGN_IN2OUT ? WIRE_OUTSIDE : WIRE_INSIDE];
	uint32_t n_flows = 0;

	for (uint32_t i = 0; i < tx->n; i++) {
		if (frame_is_arp(tx->mbufs[i]))
			continue;
		n_flows++;
		if (first)
			note_outside(flows, tx->mbufs[i]);
		frame_check(tx->mbufs[i], flows, dir);
	}
	if (n_flows != n)
		machine_die("%u of %u first packets came through", n_flows, n);
	for (int p = 0; p < WIRE_PORTS; p++)
		rte_pktmbuf_free_bulk(lane->tx[p].mbufs, lane->tx[p].n);
	wire_reset(lane);
}

uint32_t
flows_turn_cpu(void *arg, struct bed *bed)
{
	uint64_t *cpu_ns = arg, began = machine_cpu_ns();
	uint32_t work = cgn_control_poll(bed->box->control, bed->stopped_at);

	*cpu_ns += machine_cpu_span(began);
	return work;
}

/* One batch of first packets. */
static void
open_batch(
	struct bed *bed, struct flows *flows, const uint32_t range[2], flows_turn *turn, void *arg)
{
	static const uint8_t flags[CGN_N_PROTOS] = {[CGN_TCP] = TCP_SYN};
	struct frame frame;
	uint32_t n = 0;

	for (int proto = 0; proto < CGN_N_PROTOS; proto++) {
		frame_make(&frame, bed,
			&(struct frame_spec){
				.proto = (uint8_t)proto, .len = 60, .tcp_flags = flags[proto]});
		n += load(bed, &frame, flows, range);
	}
	bed_clock_start(bed);
	bed_turns(bed, bed->lane);
	if (turn != NULL)
		turn(arg, bed);
	else
		cgn_control_poll(bed->box->control, bed_now(bed));
	cgn_worker_poll(&bed->box->workers[bed->lane], bed_now(bed));
	bed_clock_stop(bed);
	unload(bed, flows, CGN_IN2OUT, n, true);
}

/* SYN-ACK and ACK of a batch. */
static void
shake_hands(struct bed *bed, struct flows *flows, const uint32_t range[2])
{
	for (int step = 0; step < 2; step++) {
		enum cgn_dir dir = step == 0 ? CGN_OUT2IN : CGN_IN2OUT;
		struct frame frame;
		uint32_t n;

		frame_make(&frame, bed,
			&(struct frame_spec){.proto = CGN_TCP,
				.dir = (uint8_t)dir,
				.len = 60,
				.tcp_flags = step == 0 ? TCP_SYN | TCP_ACK : TCP_ACK});
		n = load(bed, &frame, flows, range);
		if (n == 0)
			return;
		bed_clock_start(bed);
		bed_turns(bed, 0);
		bed_clock_stop(bed);
		unload(bed, flows, dir, n, false);
	}
}

void
flows_open_timed(struct bed *bed, struct flows *flows, uint32_t first, uint32_t n, flows_turn *turn,
	void *arg)
{
	for (uint32_t i = first; i < first + n; i += BATCH)
		open_batch(bed, flows, (uint32_t[2]){i, RTE_MIN(i + BATCH, first + n)}, turn, arg);
}

void
flows_open(struct bed *bed, struct flows *flows, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i += BATCH) {
		const uint32_t range[2] = {i, RTE_MIN(i + BATCH, first + n)};

		open_batch(bed, flows, range, NULL, NULL);
		shake_hands(bed, flows, range);
	}
}
