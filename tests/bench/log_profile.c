/* SPDX-License-Identifier: BSD-3-Clause */
/* See log_profile.h. Minute by minute: so many leases as the hour asks for, at random subscribers;
 * each ends in a minute that is drawn when it begins. */
#include "log_profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rand.h"

enum {
	DAY_MIN = 1440,
	MINUTE_MS = 60000,
	WHEEL = 2 * DAY_MIN, /* no block is held longer than that */
	FIRST_PORT = 1024,
};
static const uint32_t inside_base = 0x64400000;  /* 100.64.0.0/10 */
static const uint32_t outside_base = 0xcb007100; /* 203.0.113.0 and on */

struct block {
	uint32_t subscriber, next; /* of those that end in the same minute */
	uint32_t addr;
	uint16_t slot;
};

struct cgn_log_profile {
	struct cgn_log_profile_params params;
	struct cgn_rand rand;
	uint32_t n_addrs, n_slots; /* slots: blocks of an address */
	uint64_t *taken;           /* [n_addrs * words] */
	uint32_t words;
	uint16_t *n_held; /* blocks of each subscriber */
	struct block *blocks;
	uint32_t n_blocks, free; /* free: + 1, a chain; 0: none */
	uint32_t wheel[WHEEL];   /* + 1: blocks that end in the minute */
	uint64_t minute, number;
	double owed;      /* leases of this minute still to come */
	uint32_t n_steps; /* of this minute, and how many of them are over */
	uint32_t step;
	uint64_t utc_ms;
	struct cgn_natlog_record queued[2];
	uint32_t n_queued;
};

struct cgn_log_profile_params
cgn_log_profile_defaults(void)
{
	return (struct cgn_log_profile_params){.seed = 1,
		.utc_ms = UINT64_C(1787443200000), /* 2026-08-23 */
		.n_tenants = 4,
		.n_subscribers = 100000,
		.ratio = 32,
		.block_ports = 512,
		.leases_a_day = 8,
		.hold_s = 5400};
}

struct cgn_log_profile *
cgn_log_profile_create(const struct cgn_log_profile_params *params)
{
	struct cgn_log_profile *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->params = *params;
	cgn_rand_init(&p->rand, params->seed);
	p->n_addrs = (params->n_subscribers + params->ratio - 1) / params->ratio;
	p->n_slots = (UINT16_MAX + 1 - FIRST_PORT) / params->block_ports;
	p->words = (p->n_slots + 63) / 64;
	p->taken = calloc((size_t)p->n_addrs * p->words, sizeof(*p->taken));
	p->n_held = calloc(params->n_subscribers, sizeof(*p->n_held));
	p->blocks = calloc((size_t)p->n_addrs * p->n_slots, sizeof(*p->blocks));
	p->number = 1;
	p->utc_ms = params->utc_ms;
	if (p->taken == NULL || p->n_held == NULL || p->blocks == NULL) {
		cgn_log_profile_destroy(p);
		return NULL;
	}
	return p;
}

void
cgn_log_profile_destroy(struct cgn_log_profile *p)
{
	if (p == NULL)
		return;
	free(p->taken);
	free(p->n_held);
	free(p->blocks);
	free(p);
}

/* A wave with its top at 20:30 and a second, lower one: the evening has five times the night. */
double
cgn_log_profile_diurnal(uint32_t minute)
{
	const double day = 2 * M_PI * ((double)minute - 20.5 * 60) / DAY_MIN;

	return 1 + 0.65 * cos(day) + 0.15 * cos(2 * day);
}

/* --- Blocks --- */

static int
find_slot(struct cgn_log_profile *p, uint32_t addr)
{
	const uint32_t start = cgn_rand_below(&p->rand, p->n_slots);

	for (uint32_t i = 0; i < p->n_slots; i++) {
		uint32_t slot = (start + i) % p->n_slots;
		uint64_t *word = &p->taken[(size_t)addr * p->words + slot / 64];

		if (*word >> slot % 64 & 1)
			continue;
		*word |= UINT64_C(1) << slot % 64;
		return (int)slot;
	}
	return -1;
}

static void
queue(struct cgn_log_profile *p, enum cgn_natlog_id id, const struct block *b)
{
	const bool is_block = id == CGN_NATLOG_BLOCK_LEASED || id == CGN_NATLOG_BLOCK_RETURNED;
	const uint32_t per_tenant = (p->params.n_subscribers + p->params.n_tenants - 1) /
		p->params.n_tenants;
	struct cgn_natlog_record *r = &p->queued[p->n_queued++];

	memset(r, 0, sizeof(*r));
	r->id = (uint8_t)id;
	r->number = ++p->number;
	r->utc_ms = p->utc_ms;
	r->vrf = b->subscriber / per_tenant + 1;
	snprintf(r->tenant, sizeof(r->tenant), "tenant-%u", r->vrf);
	r->inside_addr = inside_base + b->subscriber % per_tenant;
	r->outside_addr = outside_base + b->addr;
	if (!is_block)
		return;
	r->outside_port = (uint16_t)(FIRST_PORT + b->slot * p->params.block_ports);
	r->last_port = (uint16_t)(r->outside_port + p->params.block_ports - 1);
}

static struct block *
take_block(struct cgn_log_profile *p)
{
	struct block *b;

	if (p->free == 0)
		return &p->blocks[p->n_blocks++];
	b = &p->blocks[p->free - 1];
	p->free = b->next;
	return b;
}

static void
lease(struct cgn_log_profile *p)
{
	const uint32_t subscriber = cgn_rand_below(&p->rand, p->params.n_subscribers);
	const uint32_t addr = subscriber / p->params.ratio;
	const double u = ((double)cgn_rand_below(&p->rand, 1u << 30) + 1) / (1u << 30);
	const double minutes = -log(u) * p->params.hold_s / 60;
	const int slot = find_slot(p, addr);
	struct block *b;
	uint64_t end;

	if (slot < 0)
		return; /* the address is full */
	b = take_block(p);
	*b = (struct block){.subscriber = subscriber, .addr = addr, .slot = (uint16_t)slot};
	end = (p->minute + 1 + (minutes < WHEEL - 2 ? (uint64_t)minutes : WHEEL - 2)) % WHEEL;
	b->next = p->wheel[end];
	p->wheel[end] = (uint32_t)(b - p->blocks) + 1;
	if (p->n_held[subscriber]++ == 0)
		queue(p, CGN_NATLOG_ADDRESS_BOUND, b);
	queue(p, CGN_NATLOG_BLOCK_LEASED, b);
}

static void
give_back(struct cgn_log_profile *p)
{
	uint32_t *head = &p->wheel[p->minute % WHEEL];
	struct block *b = &p->blocks[*head - 1];

	*head = b->next;
	p->taken[(size_t)b->addr * p->words + b->slot / 64] &= ~(UINT64_C(1) << b->slot % 64);
	queue(p, CGN_NATLOG_BLOCK_RETURNED, b);
	if (--p->n_held[b->subscriber] == 0)
		queue(p, CGN_NATLOG_ADDRESS_UNBOUND, b);
	b->next = p->free;
	p->free = (uint32_t)(b - p->blocks) + 1;
}

static void
begin_minute(struct cgn_log_profile *p)
{
	const double leases = p->params.n_subscribers * p->params.leases_a_day / DAY_MIN *
		cgn_log_profile_diurnal((uint32_t)(p->utc_ms / MINUTE_MS % DAY_MIN));

	p->owed += leases;
	p->step = 0;
	p->n_steps = (uint32_t)p->owed;
	for (uint32_t i = p->wheel[p->minute % WHEEL]; i != 0; i = p->blocks[i - 1].next)
		p->n_steps++;
}

static void
step(struct cgn_log_profile *p)
{
	if (p->step == p->n_steps) {
		p->minute++;
		p->utc_ms = p->params.utc_ms + p->minute * MINUTE_MS;
		begin_minute(p);
		return;
	}
	p->utc_ms = p->params.utc_ms + p->minute * MINUTE_MS +
		(uint64_t)p->step * MINUTE_MS / p->n_steps;
	p->step++;
	/* Leases and returns in turn, until one of them has ended. */
	if (p->owed >= 1 && (p->step % 2 == 0 || p->wheel[p->minute % WHEEL] == 0)) {
		p->owed -= 1;
		lease(p);
	} else if (p->wheel[p->minute % WHEEL] != 0) {
		give_back(p);
	}
}

void
cgn_log_profile_next(struct cgn_log_profile *p, struct cgn_natlog_record *r)
{
	while (p->n_queued == 0)
		step(p);
	*r = p->queued[0];
	p->queued[0] = p->queued[1];
	p->n_queued--;
}
