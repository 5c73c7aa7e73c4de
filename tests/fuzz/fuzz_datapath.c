/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target of the whole data path and control core: an input is a list of frames, taken from
 * templates with bytes changed or raw, whole or in chained buffers, into any port of a box with
 * live mappings, with time passing in between. The state lives on for some inputs. After each input
 * the law must hold, every frame of the box must be well formed, and none may carry an inside
 * address to the outside.
 *
 * A record starts with two bytes, operation and argument; reading stops when bytes run out:
 *   bits 0..1 of the operation: 0 access, 1 trunk, 2 wan; 3: time passes, argument in seconds
 *   bit 2: raw, argument bytes of frame follow; else the template of that number, changed by
 *          pairs (place, value), their number in the next byte
 *   bit 3: the IPv4 header checksum is made right afterwards; bit 4: in three buffers; bit 5: not
 *          run at once, so that frames share a burst
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sim.h"

const char *__asan_default_options(void);

enum { RESET_EVERY = 200, MAX_RECORDS = 64, L2_MAX = 22 };

static struct cgn_sim *sim;
static unsigned int n_inputs;

struct input {
	const uint8_t *p;
	size_t left;
};

static uint8_t
next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

/* The outside end of tenant a's UDP mapping, so that templates from outside hit it. */
static struct packet_spec
from_outside(void)
{
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, SIM_A1, 5000);

	if (m == NULL)
		return packet_udp(SIM_PEER, 53, SIM_POOL_A, 40000);
	return packet_udp(
		SIM_PEER, 53, rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port));
}

/* An error about a packet of that mapping, from either side. */
static struct packet_spec
error_about_it(bool from_inside)
{
	static uint8_t quoted[PACKET_MAX];
	struct packet_spec out = from_outside(), q, s;

	q = from_inside ? packet_udp(SIM_PEER, 53, SIM_A1, 5000)
			: packet_udp(out.dst, out.dport, SIM_PEER, 53);
	s = from_inside ? packet_icmp(SIM_A1, SIM_PEER, 3, 3)
			: packet_icmp(SIM_PEER2, out.dst, 11, 0);
	s.payload_len = (uint16_t)(packet_build(&q, quoted) - 14);
	s.payload = quoted + 14;
	return s;
}

/* From A2 to A1 by its outside address; and A1's error about it. */
static struct packet_spec
hairpin(bool error)
{
	static uint8_t quoted[PACKET_MAX];
	const struct cgn_mapping *m = cgn_sim_mapping(sim, "a", 17, SIM_A2, 6000);
	struct packet_spec q, s, out = from_outside();

	if (!error || m == NULL)
		return packet_udp(SIM_A2, 6000, out.dst, out.dport);
	q = packet_udp(
		rte_be_to_cpu_32(m->outside_addr), rte_be_to_cpu_16(m->outside_port), SIM_A1, 5000);
	s = packet_icmp(SIM_A1, rte_be_to_cpu_32(m->outside_addr), 3, 3);
	s.payload_len = (uint16_t)(packet_build(&q, quoted) - 14);
	s.payload = quoted + 14;
	return s;
}

static struct packet_spec
tagged(struct packet_spec s, uint8_t n)
{
	s.n_tags = n;
	s.tags[0] = n == 2 ? (struct packet_tag){0x88a8, 200} : (struct packet_tag){0x8100, 102};
	s.tags[1] = (struct packet_tag){0x8100, 7};
	return s;
}

static struct packet_spec
template_at(uint8_t number)
{
	struct packet_spec s;

	switch (number % 16) {
	case 0:
		return packet_udp(SIM_A1, 5000, SIM_PEER, 53);
	case 1:
		return packet_tcp(SIM_A1, 5001, SIM_PEER, 80, 0x02);
	case 2:
		return packet_echo(SIM_A1, SIM_PEER, true, 7);
	case 3:
		return packet_echo(SIM_A1, SIM_GATEWAY, true, 7);
	case 4:
		return tagged(packet_udp(SIM_B1, 5000, SIM_PEER, 53), 1);
	case 5:
		return tagged(packet_tcp(0x6442000a, 5000, SIM_PEER, 80, 0x02), 2);
	case 6:
		return packet_arp();
	case 7:
		return from_outside();
	case 8:
		s = from_outside();
		s.dport = 5351;
		return s;
	case 9:
		return packet_echo(SIM_PEER, SIM_UPLINK, true, 7);
	case 10:
		s = packet_tcp(SIM_PEER, 80, SIM_POOL_A, 5351, 0x12);
		s.payload_len = 600;
		return s;
	case 12:
	case 13:
		return error_about_it(number % 16 == 13);
	case 14:
	case 15:
		return hairpin(number % 16 == 15);
	default:
		s = packet_udp(SIM_A2, (uint16_t)(number * 257), SIM_PEER2, 53);
		s.ttl = (uint8_t)(number >> 4);
		return s;
	}
}

static void
fix_csum(struct cgn_sim_frame *f)
{
	uint32_t off = 12, hdr;
	uint8_t *ip;
	uint16_t csum;

	while (off + 6 <= f->len && off < L2_MAX && f->bytes[off] != 0x08)
		off += 4;
	off += 2;
	if (off + 20 > f->len)
		return;
	ip = f->bytes + off;
	hdr = (ip[0] & 15) * 4u;
	if (hdr < 20 || off + hdr > f->len)
		return;
	ip[10] = ip[11] = 0;
	csum = packet_csum(ip, hdr);
	ip[10] = (uint8_t)(csum >> 8);
	ip[11] = (uint8_t)csum;
}

static void
build(struct input *in, uint8_t op, uint8_t arg, struct cgn_sim_frame *f)
{
	struct packet_spec s;

	if (op & 4) {
		f->len = arg < in->left ? arg : (uint32_t)in->left;
		memcpy(f->bytes, in->p, f->len);
		in->p += f->len;
		in->left -= f->len;
	} else {
		s = template_at(arg);
		if (s.ethertype != 0x0806)
			memcpy(s.dst_mac, cgn_sim_port_mac(sim, op & 3), 6);
		f->len = packet_build(&s, f->bytes);
		for (uint8_t n = next(in) % 8; n > 0; n--) {
			uint8_t at = next(in);

			f->bytes[at % f->len] = next(in);
		}
	}
	if (op & 8)
		fix_csum(f);
}

static void
record(struct input *in)
{
	uint8_t op = next(in), arg = next(in);
	const uint16_t segs[2] = {(uint16_t)(1 + arg % 64), 9};
	static struct cgn_sim_frame f;

	if ((op & 3) == 3) {
		cgn_sim_jump_s(sim, arg);
		return;
	}
	build(in, op, arg, &f);
	if (f.len > 0)
		cgn_sim_send_chain(sim, op & 3, &f, segs, op & 16 ? 2 : 0);
	if (!(op & 32))
		cgn_sim_run(sim);
}

static void
open_flow(uint16_t port, struct packet_spec s)
{
	cgn_sim_send_spec(sim, port, &s);
	cgn_sim_run(sim);
}

static void
reset(void)
{
	cgn_sim_eal();
	cgn_sim_destroy(sim);
	sim = cgn_sim_create(&(struct cgn_sim_params){.n_mbufs = 2047});
	open_flow(SIM_ACCESS, packet_udp(SIM_A1, 5000, SIM_PEER, 53));
	open_flow(SIM_ACCESS, packet_tcp(SIM_A1, 5001, SIM_PEER, 80, 0x02));
	open_flow(SIM_TRUNK, tagged(packet_udp(SIM_B1, 5000, SIM_PEER, 53), 1));
}

/* The box that lives on is referred to from EAL's memory, where the leak checker does not look;
 * cgn_sim_destroy counts the packet buffers, and the packet tables end with every box destroyed. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.p = data, .left = size};

	if (n_inputs++ % RESET_EVERY == 0)
		reset();
	for (int i = 0; i < MAX_RECORDS && in.left > 0; i++)
		record(&in);
	cgn_sim_run(sim);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	if (!cgn_sim_is_sound(sim)) {
		cgn_sim_dump(sim, stderr);
		abort();
	}
	return 0;
}
