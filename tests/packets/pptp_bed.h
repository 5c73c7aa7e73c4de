/* SPDX-License-Identifier: BSD-3-Clause */
/* A PPTP client of tenant a and its server, as case_pptp.c plays them. Addresses, ports and call
 * ids are host order. */
#pragma once

#include "sim.h"

enum { W1 = SIM_PEER, W2 = SIM_PEER2, A1 = SIM_A1, A2 = SIM_A2, POOL = SIM_POOL_A };
enum { SYN = 2, RST = 4, ACK = 16, PSH_ACK = 0x18, PPTP = 1723, C_PORT = 6000, S_SEQ = 5000 };
enum { OCRQ = 7, OCRP, ICRQ, ICRP, ICCN, CCR, CDN, WEN, SLI };
enum { CALL = 77, PAC = 9, GRE = 47 };

/* One client and its connection to one server. */
struct pptp_client {
	struct cgn_sim *sim;
	uint32_t addr, server;
	uint16_t port;     /* outside */
	uint32_t seq, ack; /* of what the client sends next, and waits for */
};

/* The last packet that was received, from its IPv4 header on, and the words of its message. */
extern uint8_t pptp_got[2048];
extern uint32_t pptp_got_len;
extern uint16_t pptp_word1, pptp_word2;

struct cgn_sim *pptp_create(const char *a, const char *box);

/* Sound, or says why not; destroys. Returns ok and that. */
bool pptp_end(struct cgn_sim *sim, bool ok);

uint16_t pptp_get16(const uint8_t *p);

/* The only packet that waits at the port; TCP with a right checksum. */
bool pptp_receive(struct cgn_sim *sim, uint16_t port);

/* A segment that passes; text NULL: none. */
bool pptp_send(
	const struct pptp_client *c, bool to_server, uint8_t flags, const void *text, uint16_t len);

struct pptp_client pptp_dial(struct cgn_sim *sim, uint32_t addr, uint32_t server);

/* A message with two 16-bit words behind its header, and result code 1; returns its length. */
uint16_t pptp_message(uint8_t *p, uint16_t type, uint16_t first, uint16_t second);

/* Sends it; nothing of it changes but these two words. What the client has got it acknowledges. */
bool pptp_says(
	struct pptp_client *c, bool to_server, uint16_t type, uint16_t first, uint16_t second);
