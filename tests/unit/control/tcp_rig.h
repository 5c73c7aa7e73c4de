/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mapping of one subscriber's port, TCP connections over it with known numbers, and what is sent
 * when it ends; for tests of lib/control/tcp_end.
 */
#pragma once

#include "control.h"
#include "sim.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };
enum { PORT = 8080, WEB = 40000, ISN_PEER = 0x7fffff00, ISN_INSIDE = 0xfffffff0 };

extern struct cgn_sim *sim;
extern struct cgn_control *c;
extern uint32_t out_addr; /* the mapping's outside end */
extern uint16_t out_port;

void start(const char *box, const char *a);
/* No record is left over. */
void finish(void);
void flush(void);
enum cgn_explicit_result ask(
	enum cgn_explicit_origin origin, uint32_t subscriber, uint16_t port, uint32_t lifetime_s);
void map(uint32_t lifetime_s);
/* NAT-PMP's delete, and all that follows from it. */
void unmap(void);
void segment(uint16_t port, struct packet_spec s, uint32_t seq, uint32_t ack, uint16_t len);
void peer_sends(uint32_t peer, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len);
void inside_sends(uint32_t peer, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t len);
/* The peer connects; each side then has one byte's room of sequence numbers used. */
void handshake(uint32_t peer);
/* And sends 100 bytes, answered with 300, each acknowledged: across the wrap of both numbers. */
void talk(uint32_t peer);
void expect_reset_inside(uint32_t peer, uint32_t seq, uint32_t ack);
void expect_reset_peer(uint32_t peer, uint32_t seq, uint32_t ack);
void expect_silence(void);
void expect_both_resets_of_talk(void);
uint64_t n_resets(void);
