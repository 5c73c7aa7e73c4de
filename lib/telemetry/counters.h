/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of one writer: each worker has a block and control has one. The owner adds with relaxed
 * stores; readers on any thread sum the blocks. Monotonic from start to stop; nobody resets them.
 */
#pragma once

#include <stdint.h>

#include "conf.h"
#include "fates.h"

/* Packets that the box makes itself; they are not received and have no fate. */
enum cgn_originated {
	CGN_ORIG_ARP_REQUEST,
	CGN_ORIG_ARP_REPLY,
	CGN_ORIG_ICMP_ERROR,
	CGN_ORIG_PORTCTL,
	CGN_ORIG_TCP_RESET,
	CGN_ORIG_FRAGMENT, /* beyond the first of a packet that was cut for the next link */
	CGN_ORIG_LOST,     /* made, but the ring or the device had no room */
	CGN_N_ORIGINATED
};

extern const char *const cgn_originated_names[CGN_N_ORIGINATED];

enum { CGN_BURST_BUCKETS = 7 }; /* bursts of 1, 2–3, 4–7, … 64 packets */

struct cgn_counters {
	uint32_t n_tenants; /* rows there are, beside the box's; never becomes less */
	uint32_t n_ports;
	uint64_t *fates;      /* [tenant or CGN_TENANT_BOX][fate], packets */
	uint64_t *port_fates; /* [port][fate], packets that were not forwarded */
	uint64_t *rx_pkts, *rx_bytes, *tx_pkts, *tx_bytes; /* [port] */
	/* [tenant or box][in2out, out2in], IP bytes; a hairpin counts in both */
	uint64_t *forwarded_bytes;
	/* [tenant or box] of the receiver; the fate is counted for the sender */
	uint64_t *hairpin_pkts;
	uint64_t punted, returned; /* to and from control; the difference is held or ended there */
	uint64_t handed_over, taken_over; /* between workers, for ports with too few queues */
	uint64_t originated[CGN_N_ORIGINATED];
	uint64_t loops, busy_loops, busy_ns, sleep_ns;
	uint64_t bursts[CGN_BURST_BUCKETS];
	uint64_t received; /* packets taken from all ports: the left side of the law */
};

/* 0 or -ENOMEM. fini accepts a zeroed struct. */
int cgn_counters_init(struct cgn_counters *c, uint32_t n_tenants, uint32_t n_ports);
void cgn_counters_fini(struct cgn_counters *c);

/*
 * Rows for tenants up to n_tenants-1, while the owner counts; the rows of tenants that are gone
 * stay, so that the law holds. 0 or -ENOMEM. Main thread, before a packet can have such a tenant.
 */
int cgn_counters_grow(struct cgn_counters *c, uint32_t n_tenants);

static inline void
cgn_counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t
cgn_counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static inline void
cgn_counters_fates(struct cgn_counters *c, uint32_t tenant, enum cgn_fate fate, uint64_t n)
{
	cgn_counter_add(&c->fates[(uint64_t)tenant * CGN_N_FATES + fate], n);
}

static inline void
cgn_counters_fate(struct cgn_counters *c, uint32_t tenant, enum cgn_fate fate)
{
	cgn_counters_fates(c, tenant, fate, 1);
}

/* Packets from the port that were not forwarded; they are counted for a tenant or the box too. */
static inline void
cgn_counters_port_fates(struct cgn_counters *c, uint32_t port, enum cgn_fate fate, uint64_t n)
{
	cgn_counter_add(&c->port_fates[(uint64_t)port * CGN_N_FATES + fate], n);
}

/* Sum over all tenants and the box of one block. */
uint64_t cgn_counters_fate_sum(const struct cgn_counters *c, enum cgn_fate fate);
