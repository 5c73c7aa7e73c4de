/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The appliance of a bench, built as the daemon builds it: configuration → box with its workers and
 * control, only that its devices are those of wire.h. One tenant, or many with two tags each;
 * subscribers behind a router, one uplink. Everything that is done to it goes through
 * cgn_worker_poll and cgn_control_poll.
 *
 * The bench's thread is control and worker 0; a bench with two workers gives the other one a thread
 * of its own. Time is the machine's, and stands still while packets are prepared.
 */
#pragma once

#include <stdint.h>

#include "box.h"
#include "clock.h"
#include "wire.h"

enum {
	BED_INSIDE = 0x64600000,   /* 100.96.0.0: the first subscriber; host order as all here */
	BED_ROUTER = 0x64400002,   /* 100.64.0.2: all are behind it */
	BED_NEXT_HOP = 0xc6336401, /* 198.51.100.1 */
	BED_POOL = 0xc6120000,     /* 198.18.0.0 */
	BED_MAX_SUBSCRIBERS = 1 << 20,
};

/* Texts are YAML, spliced in; NULL: none. */
struct bed_params {
	uint32_t n_mappings, n_subscribers; /* of all tenants together */
	uint32_t n_tenants;       /* 0: 1, without tags; else each with the same addresses inside */
	uint32_t subscribers_len; /* prefix of each tenant's; 0: 16 */
	uint32_t pool_len;        /* of each tenant's pool; 0: a block for each subscriber */
	uint32_t n_packets;       /* of a round */
	uint16_t n_workers;       /* 0: 1 */
	uint64_t seed;            /* 0: random numbers of the kernel, as in the daemon */
	const char *box, *tenant; /* lines of their own */
	const char *table, *attachment, *subscribers, *ports; /* ", key: value" for these maps */
	uint32_t block_size;                                  /* 0: the default */
	uint32_t last_port;                                   /* 0: 65535 */
};

struct bed {
	struct cgn_box *box;
	struct cgn_conf *conf;
	struct rte_mempool *mempool;
	struct wire *wire;
	cgn_ns_t ahead;        /* of the machine's clock, modulo 2⁶⁴ */
	cgn_ns_t stopped_at;   /* while it stands */
	uint64_t n_given;      /* packets that it was given, ARP included */
	uint64_t tables_bytes; /* of EAL's heap, for all but packet buffers */
	uint16_t n_tags;       /* of frames inside: as attachment says */
	uint16_t lane;         /* whose worker opens flows */
	uint16_t vlan;
};

/* Ends the process with a message when that fails. */
struct bed *bed_create(const struct bed_params *params);

/* Ends the process if a packet has no fate or a buffer is lost. */
void bed_destroy(struct bed *bed);

/* Packets that control makes and answers, until nothing moves; time stands still. */
void bed_settle(struct bed *bed);

/* Ends the process unless received = Σ fates + held and all packets given were received. */
void bed_check(const struct bed *bed);

/* The tags, outer and inner, of a tenant of a bed that has two. */
static inline void
bed_tags(uint32_t tenant, uint16_t tci[2])
{
	tci[0] = (uint16_t)(100 + tenant / 100);
	tci[1] = (uint16_t)(1 + tenant % 100);
}

/* Bytes of EAL's heap in use. */
uint64_t bed_heap_bytes(void);

static inline cgn_ns_t
bed_now(const struct bed *bed)
{
	return cgn_clock_now() + bed->ahead;
}

static inline void
bed_clock_start(struct bed *bed)
{
	bed->ahead = bed->stopped_at - cgn_clock_now();
}

static inline void
bed_clock_stop(struct bed *bed)
{
	bed->stopped_at = bed_now(bed);
}

/*
 * What is measured: turns of a worker until its queues are empty and all is sent, each with its
 * look at the clock as in the daemon. The clock runs.
 */
void bed_turns(struct bed *bed, uint16_t worker);
