/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client in front of lib/portctl with the model NAT behind it. Every exchange of every test and
 * fuzz target is held against the rules that hold for all requests (exchange_check.c); a breach
 * aborts with the rule's text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "portctl.h"

struct bed {
	struct model model;
	struct cgn_portctl_policy policy;
	struct cgn_portctl_client client;
	/* Of the last exchange. */
	uint32_t n_replies;
	struct cgn_portctl_reply replies[CGN_EXPLICIT_MAX_ANSWERS];
	struct cgn_portctl_outcome outcome;
};

/* A request under construction. */
struct request {
	uint32_t len;
	uint8_t bytes[1600];
};

/* Everything on, client 100.64.0.10:40000 (inside index 0). */
void bed_init(struct bed *bed);

/* The client with this inside index speaks from now on. */
void bed_client(struct bed *bed, uint32_t inside);

/* One exchange, checked. Returns the number of replies; they are in bed->replies. */
uint32_t bed_send(struct bed *bed, const uint8_t *payload, uint32_t len);
uint32_t bed_ask(struct bed *bed, const struct request *r);

/* As bed_ask; returns the only reply's result code, -1 for silence, -2 for several replies. */
int bed_result(struct bed *bed, const struct request *r);

/* Breaches of the rules for one exchange abort. before: the model as it was. */
void exchange_check(
	struct bed *bed, const struct model *before, const uint8_t *payload, uint32_t len);

/* NAT-PMP: opcode 1 or 2. */
struct request pmp_map(
	uint8_t opcode, uint16_t inside_port, uint16_t suggested, uint32_t lifetime_s);

/* PCP; the header names the bed's client, the nonce is 0xa0 … 0xab. */
struct request pcp_announce(const struct bed *bed);
struct request pcp_map(
	const struct bed *bed, uint8_t protocol, uint16_t inside_port, uint32_t lifetime_s);
struct request pcp_peer(
	const struct bed *bed, uint8_t protocol, uint16_t inside_port, uint32_t lifetime_s);
void pcp_suggest(struct request *r, uint32_t addr, uint16_t port);
void pcp_option(struct request *r, uint8_t code, const void *data, uint16_t len);
void pcp_third_party(struct request *r, uint32_t addr);
void pcp_filter(struct request *r, uint8_t prefix_len, uint16_t port, uint32_t addr);
void pcp_port_set(struct request *r, uint16_t size, uint16_t first, bool parity);

/* Fields of messages, from fixed offsets. */
uint16_t at16(const uint8_t *p, uint32_t off);
uint32_t at32(const uint8_t *p, uint32_t off);
void put16(uint8_t *p, uint32_t off, uint16_t v);
void put32(uint8_t *p, uint32_t off, uint32_t v);
