/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Deterministic ports (RFC 7422): which outside address and ports a subscriber has, and who has an
 * outside port, computed from a tenant's file alone. The daemon's pool, its telemetry and cgnatctl
 * without a daemon use this and nothing else, so that they cannot differ.
 *
 *   subscribers  numbered from 0 through attachments[].subscribers[] as they stand in the file;
 *                each prefix of subscriber_mask bits is one, whether assigned or not
 *   addresses    numbered from 0 through pool[] as it stands, without those of static_addresses
 *   C            ratio; 0: ⌈subscribers / addresses⌉
 *   range        ⌊(ports.last + 1 - ports.first) / 64 / (C + D)⌋ × 64 ports
 *   subscriber k sequential: address ⌊k / C⌋, range k mod C; spread: address k mod n, range ⌊k / n⌋
 *   range s      begins at ports.first + s × range; behind the C ranges of an address, if D > 0, is
 *                the room for dynamic blocks
 *
 * Reserved ports (R) that fall into a range are not used there; they move nothing.
 * Addresses are HOST order. Const after create; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conf.h"

enum { CGN_DET_STEP = 64 }; /* ports; ranges and blocks are multiples of it */

/* Consecutive addresses with consecutive numbers, 1 << shift of them for each. */
struct cgn_det_run {
	uint32_t first_addr, n;
	uint32_t first_number;
	uint8_t shift;
};

struct cgn_det_list {
	struct cgn_det_run *runs; /* by number */
	uint32_t *by_addr;        /* indices of runs */
	uint32_t n_runs;
	uint64_t n; /* numbers in all */
};

struct cgn_det {
	const struct cgn_conf_tenant *conf; /* outlives it */
	struct cgn_det_list subscribers, addresses;
	uint32_t ratio;                    /* C in force */
	uint32_t range_ports;              /* 0: it does not fit */
	uint32_t dynamic_first, n_dynamic; /* ports of each address for dynamic blocks; 0: none */
};

/* Also of a tenant whose pool is too small, for whoever says so. NULL when memory is short. */
struct cgn_det *cgn_det_create(const struct cgn_conf_tenant *conf);
void cgn_det_destroy(struct cgn_det *det); /* NULL is accepted */

/* Has each subscriber a range? */
bool cgn_det_fits(const struct cgn_det *det);

/* Ports of one subscriber at most (M), with its range and blocks up to this number. */
uint32_t cgn_det_max_ports(const struct cgn_det *det, uint32_t max_blocks);

enum cgn_det_kind {
	CGN_DET_RANGE,    /* a subscriber's range */
	CGN_DET_RESERVED, /* in that range, but nobody gets this port (reverse only) */
	CGN_DET_DYNAMIC,  /* a block's, whose events say who had it (reverse only) */
	CGN_DET_VACANT,   /* no subscriber has this range yet, or nothing uses these ports */
	CGN_DET_OWN,      /* all of the address is one subscriber's by static_addresses */
	CGN_DET_FOREIGN,  /* not an assigned address, or not one of the pool */
};

struct cgn_det_answer {
	enum cgn_det_kind kind;
	uint32_t number;          /* of the subscriber; RANGE, RESERVED */
	struct cgn_prefix inside; /* the subscriber's addresses; RANGE, RESERVED, OWN */
	uint32_t outside;
	uint16_t first, last; /* ports; RANGE, RESERVED, OWN; DYNAMIC: all such of the address */
};

/* Range of the subscriber of an inside address. */
void cgn_det_forward(const struct cgn_det *det, uint32_t inside, struct cgn_det_answer *answer);

/* The same of one that has no outside address for itself: static_addresses is not looked at. */
void cgn_det_range(const struct cgn_det *det, uint32_t inside, struct cgn_det_answer *answer);

/* Who has an outside port. */
void cgn_det_reverse(
	const struct cgn_det *det, uint32_t outside, uint16_t port, struct cgn_det_answer *answer);

/* Do all ranges of old stay where they are, those of new subscribers apart? NULL: off. */
bool cgn_det_keeps(const struct cgn_det *old, const struct cgn_det *fresh);

/* Are I, O, C, D, M, A and R the same, both on or both off? */
bool cgn_det_params_are_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b);

/* Ports that are reserved for TCP and UDP, a bit each. */
void cgn_reserved_map(const struct cgn_conf_tenant *conf, uint64_t map[65536 / 64]);
bool cgn_port_is_reserved(const struct cgn_conf_tenant *conf, uint16_t port);

/* An answer in words, "-" for what it has not (deterministic_text.c). */
struct cgn_det_text {
	const char *status; /* by enum cgn_det_kind, in lower case */
	char answer[128];   /* a sentence */
	char subscriber[CGN_PREFIX_STRLEN], outside[CGN_IP4_STRLEN], ports[16];
	uint32_t usable; /* of the ports, those that are not reserved */
};
void cgn_det_text_init(
	const struct cgn_det *det, const struct cgn_det_answer *answer, struct cgn_det_text *text);

const char *cgn_det_algorithm_str(enum cgn_det_algorithm algorithm);
