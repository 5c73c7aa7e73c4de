/* SPDX-License-Identifier: BSD-3-Clause */
/* The bed of the cases about ICMP errors; see icmp_bed.h. */
#include "icmp_bed.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void
forget(struct cgn_sim *sim)
{
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
}

struct icmp_end
icmp_inside(const struct cgn_mapping *m)
{
	return (struct icmp_end){
		rte_be_to_cpu_32(m->inside_addr), rte_be_to_cpu_16(m->inside_port)};
}

struct icmp_end
icmp_outside(const struct cgn_mapping *m)
{
	return (struct icmp_end){
		rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port)};
}

struct icmp_end
icmp_peer(void)
{
	return (struct icmp_end){SIM_PEER, 53};
}

struct packet_spec
icmp_quoted(uint8_t proto, struct icmp_end from, struct icmp_end to, bool reply)
{
	if (proto == IPPROTO_TCP)
		return packet_tcp(from.addr, from.port, to.addr, to.port, 0x02);
	if (proto == IPPROTO_UDP)
		return packet_udp(from.addr, from.port, to.addr, to.port);
	return packet_echo(from.addr, to.addr, !reply, reply ? to.port : from.port);
}

static const struct cgn_mapping *
open_flow(struct icmp_bed *bed, uint32_t addr, uint16_t port)
{
	struct packet_spec s = icmp_quoted(
		bed->proto, (struct icmp_end){addr, port}, icmp_peer(), false);

	cgn_sim_send_spec(bed->sim, SIM_ACCESS, &s);
	cgn_sim_run(bed->sim);
	return cgn_sim_mapping(bed->sim, "a", bed->proto, addr, port);
}

struct icmp_bed
icmp_bed_create(uint8_t proto, const struct cgn_sim_params *params)
{
	struct icmp_bed bed = {.sim = cgn_sim_create(params), .proto = proto};

	bed.a1 = open_flow(&bed, SIM_A1, ICMP_A1_PORT);
	bed.a2 = open_flow(&bed, SIM_A2, ICMP_A2_PORT);
	if (bed.a1 == NULL || bed.a2 == NULL)
		abort();
	forget(bed.sim);
	return bed;
}

bool
icmp_bed_end(struct icmp_bed *bed, bool ok)
{
	ok &= CHECK(cgn_sim_is_sound(bed->sim));
	if (!ok)
		cgn_sim_dump(bed->sim, stderr);
	cgn_sim_destroy(bed->sim);
	return ok;
}

uint32_t
icmp_error_build(const struct icmp_error *e, struct cgn_sim_frame *frame)
{
	/* An MPLS label stack object (RFC 4950). */
	static const uint8_t extension[] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0x12, 0x34, 0x51, 0x40};
	static uint8_t quoted[PACKET_MAX];
	struct packet_spec s = e->outer;
	uint32_t len = packet_build(&e->quoted, quoted) - 14;
	uint32_t hdr = (quoted[14] & 15) * 4u;

	if (e->transport != 0 && len > hdr + e->transport)
		len = hdr + e->transport;
	if (e->extended) {
		for (; len < 128; len++)
			quoted[14 + len] = 0;
		memcpy(quoted + 14 + len, extension, sizeof(extension));
		s.icmp_rest = len / 4 << 16;
		len += sizeof(extension);
	}
	s.payload = quoted + 14;
	s.payload_len = (uint16_t)len;
	frame->len = packet_build(&s, frame->bytes);
	return frame->len;
}

void
icmp_error_send(struct icmp_bed *bed, uint16_t port, const struct icmp_error *e)
{
	static struct cgn_sim_frame frame;
	struct icmp_error sent = *e;

	memcpy(sent.outer.dst_mac, cgn_sim_port_mac(bed->sim, port), 6);
	cgn_sim_host_mac(
		bed->sim, port == SIM_WAN ? SIM_NEXT_HOP : e->outer.src, sent.outer.src_mac);
	icmp_error_build(&sent, &frame);
	cgn_sim_send(bed->sim, port, frame.bytes, frame.len);
	cgn_sim_run(bed->sim);
}

bool
icmp_error_came(struct icmp_bed *bed, uint16_t port, const struct icmp_error *e)
{
	static struct cgn_sim_frame got, want;
	struct icmp_error sent = *e;

	if (!CHECK(cgn_sim_receive(bed->sim, port, &got)))
		return false;
	memcpy(sent.outer.src_mac, cgn_sim_port_mac(bed->sim, port), 6);
	cgn_sim_host_mac(
		bed->sim, port == SIM_WAN ? SIM_NEXT_HOP : e->outer.dst, sent.outer.dst_mac);
	sent.outer.ttl--;
	sent.outer.pad_to = 0;
	if (sent.outer.frag == 0) /* not atomic: it may have got another one */
		sent.outer.id = (uint16_t)(got.bytes[18] << 8 | got.bytes[19]);
	icmp_error_build(&sent, &want);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		if (!CHECK(cgn_sim_n_waiting(bed->sim, p) == 0))
			return false;
	if (CHECK(got.len == want.len) && CHECK(memcmp(got.bytes, want.bytes, want.len) == 0))
		return true;
	for (uint32_t i = 0; i < got.len && i < want.len; i++)
		if (got.bytes[i] != want.bytes[i])
			printf("# byte %u: %02x instead of %02x\n", i, got.bytes[i], want.bytes[i]);
	return false;
}

bool
icmp_error_ends(struct icmp_bed *bed, uint16_t port, const struct icmp_error *e, const char *fate)
{
	uint64_t was = cgn_sim_fate(bed->sim, fate);
	uint32_t n = 0;

	icmp_error_send(bed, port, e);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		n += cgn_sim_n_waiting(bed->sim, p);
	return CHECK(n == 0) && CHECK(cgn_sim_fate(bed->sim, fate) == was + 1);
}
