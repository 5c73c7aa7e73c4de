/* SPDX-License-Identifier: BSD-3-Clause */
/* See pptp_bed.h. */
#include "pptp_bed.h"

#include <string.h>

#include "row.h"

bool
pptp_end(struct cgn_sim *sim, bool ok)
{
	ok &= CHECK(cgn_sim_is_sound(sim));
	if (!ok)
		cgn_sim_dump(sim, stderr);
	cgn_sim_destroy(sim);
	return ok;
}

uint8_t pptp_got[2048];
uint32_t pptp_got_len;

uint16_t
pptp_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool
pptp_receive(struct cgn_sim *sim, uint16_t port)
{
	static struct cgn_sim_frame f;

	if (!CHECK(cgn_sim_receive(sim, port, &f)) || !CHECK(f.len - 14 <= sizeof(pptp_got)) ||
		!CHECK(cgn_sim_n_waiting(sim, port) == 0))
		return false;
	pptp_got_len = f.len - 14;
	memcpy(pptp_got, f.bytes + 14, pptp_got_len);
	return pptp_got[9] != 6 || CHECK(packet_l4_csum_is_right(pptp_got));
}

struct cgn_sim *
pptp_create(const char *a, const char *box)
{
	struct cgn_sim *sim = cgn_sim_create(&(struct cgn_sim_params){.a = a, .box = box});

	cgn_sim_elapse_s(sim, 130);
	for (uint16_t p = SIM_ACCESS; p <= SIM_WAN; p++)
		cgn_sim_flush(sim, p);
	return sim;
}

bool
pptp_send(
	const struct pptp_client *c, bool to_server, uint8_t flags, const void *text, uint16_t len)
{
	struct packet_spec s = to_server ? packet_tcp(c->addr, C_PORT, c->server, PPTP, flags)
					 : packet_tcp(c->server, PPTP, POOL, c->port, flags);

	s.tcp_seq = to_server ? c->seq : c->ack;
	s.tcp_ack = flags & ACK ? (to_server ? c->ack : c->seq) : 0;
	s.payload = text != NULL ? text : "";
	s.payload_len = len;
	cgn_sim_send_spec(c->sim, to_server ? SIM_ACCESS : SIM_WAN, &s);
	cgn_sim_run(c->sim);
	return pptp_receive(c->sim, to_server ? SIM_WAN : SIM_ACCESS);
}

struct pptp_client
pptp_dial(struct cgn_sim *sim, uint32_t addr, uint32_t server)
{
	static uint32_t isn;
	struct pptp_client c = {sim, addr, server, 0, isn += 0x10000000, S_SEQ};

	if (pptp_send(&c, true, SYN, NULL, 0))
		c.port = pptp_get16(pptp_got + 20);
	pptp_send(&c, false, SYN | ACK, NULL, 0);
	c.seq++;
	c.ack++;
	return c;
}

uint16_t
pptp_message(uint8_t *p, uint16_t type, uint16_t first, uint16_t second)
{
	static const uint16_t lens[] = {[OCRQ] = 168,
		[OCRP] = 32,
		[ICRP] = 24,
		[ICCN] = 28,
		[CCR] = 16,
		[CDN] = 148,
		[WEN] = 40,
		[SLI] = 24,
		[5] = 16};
	const uint8_t header[] = {(uint8_t)(lens[type] >> 8), (uint8_t)lens[type], 0, 1, 0x1a, 0x2b,
		0x3c, 0x4d, 0, (uint8_t)type, 0, 0, (uint8_t)(first >> 8), (uint8_t)first,
		(uint8_t)(second >> 8), (uint8_t)second, 1};

	memset(p, 0, lens[type]);
	memcpy(p, header, lens[type] > 16 ? 17 : 16);
	return lens[type];
}

uint16_t pptp_word1, pptp_word2;

bool
pptp_says(struct pptp_client *c, bool to_server, uint16_t type, uint16_t first, uint16_t second)
{
	uint8_t text[256];
	uint16_t len = pptp_message(text, type, first, second);
	bool ok = pptp_send(c, to_server, PSH_ACK, text, len) && CHECK(pptp_got_len == 40u + len) &&
		CHECK(memcmp(pptp_got + 40, text, 12) == 0) &&
		CHECK(memcmp(pptp_got + 56, text + 16, len - 16) == 0);

	pptp_word1 = pptp_get16(pptp_got + 52);
	pptp_word2 = pptp_get16(pptp_got + 54);
	if (to_server)
		c->seq += len;
	else
		c->ack += len;
	return ok && (to_server || pptp_send(c, true, ACK, NULL, 0));
}
