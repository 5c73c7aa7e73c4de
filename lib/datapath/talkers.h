/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which subscribers move the most bytes of late, and how many, in 32 KiB a worker: of each burst
 * one packet, drawn at random, stands for all that are sent of it. So the counts are estimates
 * without bias, and exact where packets come one by one. A subscriber has one slot, by its number,
 * and who stands in a slot is decided by majority of bytes, as in control/busiest.h; its bytes are
 * counted from when it came to stand there.
 *
 * Written by one worker; read by the control thread for telemetry.
 */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "burst.h"

struct cgn_directory;

enum {
	CGN_TALKERS_SLOTS = 1024,
	/* Bytes that others of the slot have to move until one that has fallen silent is gone. */
	CGN_TALKERS_VOTES = 4 << 20,
};

struct cgn_talker {
	_Atomic uint32_t inside; /* holder + 1; 0: nobody yet */
	uint32_t votes;          /* bytes */
	uint32_t reserved[2];
	_Atomic uint64_t bytes[2]; /* of IP, by enum cgn_dir */
};
static_assert(sizeof(struct cgn_talker) == 32, "two to a cache line");

/* Zeroed: nobody. */
struct cgn_talkers {
	uint64_t random; /* xorshift64; 0: not begun. Nobody gains by guessing it */
	struct cgn_talker slots[CGN_TALKERS_SLOTS];
};

/* Neighbours by number are neighbours here, and those of one prefix do not meet. */
static inline uint32_t
cgn_talkers_slot(uint32_t inside)
{
	return (inside ^ inside >> 10 ^ inside >> 20) % CGN_TALKERS_SLOTS;
}

/* So many bytes of this holder. The worker. */
void cgn_talkers_note(struct cgn_talkers *t, uint32_t inside, enum cgn_dir dir, uint32_t bytes);

/* One of the packets in the lane tx for all of it; its n > 0. The worker. */
void cgn_talkers_sample(
	struct cgn_talkers *t, struct cgn_burst *b, const struct cgn_directory *dir);

/* The bytes of a holder, if it stands in its slot. Any thread. */
bool cgn_talkers_get(const struct cgn_talkers *t, uint32_t inside, uint64_t bytes[2]);

/* Who stands in a slot, or CGN_NONE. Any thread. */
uint32_t cgn_talkers_at(const struct cgn_talkers *t, uint32_t slot);
