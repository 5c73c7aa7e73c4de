/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A day of residential subscribers: which connections they open, second by second.
 *
 * Numbers: 33 000 connections a day and subscriber on average (RFC 7422 section 1). Of ten
 * subscribers two are away (8 000 active of 10 000: Nokia's sizing example), three make a quarter
 * of the average and their devices leave with them, four make the average, and the last one 5.25
 * times as much, peer-to-peer included.
 *
 * Hours: the busiest has 7.2 % of a day, as in an ISP's log of hours (7.3 %, at 22 h).
 *
 * Bursts: a web page opens many connections at once (Lencse, IEICE Transactions on Communications
 * E98-B 8, 2015: what the first click takes), in sittings of people. One in four connections is
 * nobody's act: name look-ups, telephones and things that report, day and night.
 *
 * Lengths are an assumption: name look-ups have one packet each way, web connections take half a
 * minute, one in fifty of those in the background hours.
 *
 * With the default timeouts that comes to about 120 mappings a subscriber at a time. Operators
 * speak of 20 (NANOG) and of 50 to 60 on average, of 200 to 800, and of 1000 with BitTorrent.
 *
 * The same seed gives the same day. One thread has a profile.
 */
#pragma once

#include <stdint.h>

#include "rand.h"

enum { DAY_S = 86400, DAY_CONNECTIONS = 33000 };

/* A connection, in host order. */
struct day_flow {
	uint32_t subscriber, peer;
	uint16_t port, peer_port;
	uint8_t proto;       /* IP protocol number: TCP or UDP */
	uint32_t duration_s; /* to its last packet; 0: there is one packet only */
	uint32_t every_s;    /* the subscriber sends one as often, in between */
};

struct day_subscriber {
	double people;                 /* connections a day that somebody's pages open */
	double no_background, no_peer; /* probability that a second opens none of these */
	uint32_t sittings;             /* people who look at pages, in this half hour */
	uint32_t due;                  /* connections of their pages that are not open yet */
	uint16_t peer_port;            /* its own, of all peer-to-peer */
};

struct day_profile {
	struct cgn_rand rand;
	struct day_subscriber *subscribers;
	uint32_t n_subscribers;
	uint64_t n_flows;
};

/* 0 or -ENOMEM. */
int day_profile_init(struct day_profile *p, uint64_t seed, uint32_t n_subscribers);
void day_profile_fini(struct day_profile *p);

/* Tells of the connections that begin in a second of the day (0 to DAY_S - 1), in their order.
 * Seconds come one after the other, each once; what came before the first one is not there. */
void day_profile_second(struct day_profile *p, uint32_t second,
	void (*tell)(void *ctx, const struct day_flow *flow), void *ctx);
