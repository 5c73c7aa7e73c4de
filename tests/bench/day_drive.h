/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Takes a simulated appliance through a day (day_profile.h): each connection's packets from inside,
 * an Internet that answers them, and the clock, second by second. TCP opens, keeps alive and closes
 * with both sides' FIN; UDP is answered. One thread.
 */
#pragma once

#include "day_profile.h"
#include "sim.h"

enum {
	DRIVE_WARM_S =
		3600, /* the day's last hour goes before it, so that it finds what it would */
	DRIVE_END_S = DRIVE_WARM_S + DAY_S,
	DRIVE_FIRST = 0x6440000a, /* 100.64.0.10, the first subscriber; the others follow */
	DRIVE_MAX_SUBSCRIBERS = 1000,
};

struct day_live; /* connections with packets to come */

struct day_drive {
	struct cgn_sim *sim;
	struct day_profile profile;
	struct day_live *live;
	uint32_t n_live, free_live; /* free_live: index + 1; 0: none */
	uint32_t *due;              /* [DRIVE_END_S]: index + 1 of the first one */
	uint32_t second;            /* since the beginning */
	uint32_t n_batch;
	/* Connections since the beginning, and what a log of them would say of their peers, in
	 * characters of "address port". */
	uint64_t n_flows, peer_chars;
};

/* 0 or -ENOMEM. */
int day_drive_init(struct day_drive *d, struct cgn_sim *sim, uint64_t seed, uint32_t n_subscribers);
void day_drive_fini(struct day_drive *d);

/* The next second, to its end; call it DRIVE_END_S times. */
void day_drive_second(struct day_drive *d);
