/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must come out, byte for byte, composed anew from the row with packet_build: full checksums,
 * nothing of lib/net's arithmetic by differences.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>

#include "row.h"

enum { ETHERTYPE_ARP = 0x0806, ICMP_ERROR_MAX = 576, ICMP_HEAD = 28 };

static void
set_port(struct packet_spec *s, bool source, uint16_t port)
{
	if (s->proto == IPPROTO_ICMP)
		s->icmp_rest = (uint32_t)port << 16 | (s->icmp_rest & 0xffff);
	else if (source)
		s->sport = port;
	else
		s->dport = port;
}

/* Links of the default box: what is on the uplink's /24 is asked for itself. */
static uint32_t
next_hop(uint32_t dst)
{
	return (dst ^ SIM_NEXT_HOP) >> 8 == 0 ? dst : SIM_NEXT_HOP;
}

static struct packet_spec
forwarded(const struct row_run *run, const struct cgn_mapping *m)
{
	struct packet_spec out = run->in;
	const struct row_expect *e = &run->row->out;
	bool in2out = run->row->fate == CGN_FATE_IN2OUT;

	if (in2out) {
		out.src = rte_be_to_cpu_32(m->outside_addr);
		set_port(&out, true, rte_be_to_cpu_16(m->outside_port));
	} else {
		out.dst = rte_be_to_cpu_32(m->inside_addr);
		set_port(&out, false, rte_be_to_cpu_16(m->inside_port));
	}
	out.ttl--;
	out.pad_to = 0;
	out.n_tags = e->n_tags;
	memcpy(out.tags, e->tags, sizeof(e->tags));
	memcpy(out.src_mac, cgn_sim_port_mac(run->sim, e->port), 6);
	cgn_sim_host_mac(run->sim, in2out ? next_hop(out.dst) : out.dst, out.dst_mac);
	return out;
}

/* The first half of every answer: back to the station that sent the frame. Outer tags go out with
 * the TPID of the default box. */
static struct packet_spec
turned(const struct row_run *run)
{
	struct packet_spec out = run->in;

	memcpy(out.dst_mac, run->in.src_mac, 6);
	memcpy(out.src_mac, cgn_sim_port_mac(run->sim, run->row->port), 6);
	out.pad_to = 0;
	if (out.n_tags == 2)
		out.tags[0].tpid = 0x88a8;
	for (int i = 0; i < out.n_tags; i++)
		out.tags[i].tci &= 0xfff;
	return out;
}

/* Turned around where it is: tags and padding stay as they came. */
static struct packet_spec
echoed(const struct row_run *run)
{
	struct packet_spec out = turned(run);

	memcpy(out.tags, run->in.tags, sizeof(out.tags));
	out.pad_to = run->in.pad_to;
	out.src = run->in.dst;
	out.dst = run->in.src;
	out.icmp_type = 0;
	out.ttl = 64;
	return out;
}

static struct packet_spec
arp_answer(const struct row_run *run)
{
	static uint8_t body[28];
	const uint8_t *asked = run->in.payload;
	struct packet_spec out = turned(run);

	memcpy(body, asked, sizeof(body));
	body[7] = 2;
	memcpy(body + 8, out.src_mac, 6);
	memcpy(body + 14, asked + 24, 4);
	memcpy(body + 18, asked + 8, 10);
	memcpy(out.dst_mac, asked + 8, 6);
	out.payload = body;
	out.payload_len = sizeof(body);
	return out;
}

/* The box's own address where the frame came in. */
static uint32_t
own_address(const struct row_run *run)
{
	const struct cgn_directory *dir = run->sim->box->dir;
	struct cgn_pkt pkt = {.n_tags = run->in.n_tags,
		.outer = run->in.tags[0].tci & 0xfff,
		.inner = run->in.tags[1].tci & 0xfff};

	return dir->ifaces[cgn_directory_iface(dir, run->row->port, &pkt)].onlink.addr;
}

static struct packet_spec
told(const struct row_run *run)
{
	uint32_t l3 = 14 + 4u * run->in.n_tags;
	const uint8_t *orig = run->sent.bytes + l3;
	uint32_t quote = (uint32_t)(orig[2] << 8 | orig[3]);
	const struct row_expect *e = &run->row->out;
	struct packet_spec turn = turned(run);
	struct packet_spec out = packet_icmp(own_address(run), run->in.src, e->type, e->code);

	/* What one buffer of a chain holds is quoted. */
	if (run->row->segs.lens[0] > 102 && quote > run->row->segs.lens[0] - l3)
		quote = run->row->segs.lens[0] - l3;
	if (quote > ICMP_ERROR_MAX - ICMP_HEAD)
		quote = ICMP_ERROR_MAX - ICMP_HEAD;
	memcpy(out.dst_mac, turn.dst_mac, 6);
	memcpy(out.src_mac, turn.src_mac, 6);
	out.n_tags = turn.n_tags;
	memcpy(out.tags, turn.tags, sizeof(out.tags));
	out.icmp_rest = e->mtu;
	out.tos = run->in.tos & 0xfc;
	out.payload = orig;
	out.payload_len = (uint16_t)quote;
	return out;
}

void
row_expected(
	const struct row_run *run, const struct cgn_mapping *mapping, struct cgn_sim_frame *frame)
{
	struct packet_spec out = {0};

	switch (run->row->out.what) {
	case ROW_FORWARDED:
		out = forwarded(run, mapping);
		break;
	case ROW_ECHOED:
		out = echoed(run);
		break;
	case ROW_ARP_ANSWER:
		out = arp_answer(run);
		break;
	case ROW_TELLS:
		out = told(run);
		break;
	case ROW_NOTHING:
		break;
	}
	frame->len = packet_build(&out, frame->bytes);
}

static const uint8_t *
ip_of(const struct cgn_sim_frame *frame)
{
	uint32_t off = 12;

	while (frame->bytes[off] == 0x81 || frame->bytes[off] == 0x88 || frame->bytes[off] == 0x91)
		off += 4;
	return frame->bytes + off + 2;
}

/* Transport bytes and the addresses of the pseudo header, modulo 65535. */
static uint32_t
residue(const uint8_t *ip)
{
	uint32_t hdr = (ip[0] & 15) * 4u, len = (uint32_t)(ip[2] << 8 | ip[3]);
	uint32_t sum = (uint16_t)~packet_csum(ip + hdr, len - hdr);

	if (ip[9] != IPPROTO_ICMP)
		sum += (uint16_t)~packet_csum(ip + 12, 8);
	return sum % 0xffff;
}

bool
row_errs_alike(const struct row_run *run, const struct cgn_sim_frame *got)
{
	return residue(ip_of(&run->sent)) == residue(ip_of(got));
}
