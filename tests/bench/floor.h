/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the machine takes for the least that a translation of this kind needs: a bulk look-up in
 * rte_hash of a key of 8 bytes and a touch of the 64-byte entry that it names, at random among so
 * many, in the same memory. Measured beside the benches, so that their ratios to it hold on any
 * machine. One rte_hash with DPDK's own hash function (CRC) and with lock-free readers, in bursts
 * of 64 with a prefetch of the entries, as anybody would write it.
 */
#pragma once

#include <stdint.h>

struct floor;

/* Ends the process when there is no memory. */
struct floor *floor_create(uint32_t n);
void floor_destroy(struct floor *floor);

/* ns per look-up: the median of the rounds of so many milliseconds. */
double floor_run(struct floor *floor, uint32_t ms);

/* ns of CPU per key added, from none to n. */
double floor_add_ns(const struct floor *floor);
