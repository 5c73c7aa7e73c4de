/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accounting requests for tests, signed with RB_SECRET:
 *
 *	rb_begin(&p, 7);
 *	rb_number(&p, RB_STATUS, 1);
 *	rb_text(&p, RB_SESSION, "S1");
 *	rb_sign(&p);
 */
#pragma once

#include <stdint.h>

#include "radius_packet.h"

#define RB_SECRET "testing123"

enum {
	RB_USER = 1,
	RB_NAS = 4,
	RB_ADDRESS = 8,
	RB_FILTER = 11,
	RB_CLASS = 25,
	RB_STATION = 31,
	RB_NAS_ID = 32,
	RB_PROXY = 33,
	RB_STATUS = 40,
	RB_DELAY = 41,
	RB_SESSION = 44,
	RB_EVENT = 55,
	RB_MESSAGE = 80,
};

struct rb_packet {
	uint16_t len;
	uint8_t bytes[CGN_RADIUS_MAX];
};

void rb_begin(struct rb_packet *p, uint8_t id);
void rb_bytes(struct rb_packet *p, uint8_t type, const void *value, uint8_t len);
void rb_text(struct rb_packet *p, uint8_t type, const char *text);
void rb_number(struct rb_packet *p, uint8_t type, uint32_t number);

/* Length and Request Authenticator; again after a change. */
void rb_sign(struct rb_packet *p);

/* RB_SECRET. */
struct cgn_radius_secret rb_secret(void);
