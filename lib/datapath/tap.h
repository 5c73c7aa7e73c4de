/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tap: copies of packets on their way, for captures (lib/capture). Off, it costs one relaxed
 * load a turn and a test of what was loaded where a packet is translated, sent or dropped. On, a
 * packet that a filter matches is copied into a slot of the bounded ring of its source: no
 * allocation, no lock, no wait. A full ring is a loss that is counted, and nothing else changes.
 *
 * A packet is recorded at most once on each side of the box: where it came in, when it is about to
 * be translated or when it ends; where it leaves, when the device has taken it or when it is lost.
 *
 * Filters can change while workers read them, word by word. What a worker finds is therefore only
 * a first selection: the reader of the ring asks cgn_tap_matches again, of a filter it knows to be
 * whole, so that nobody's packet gets into somebody else's capture.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_ring_peek_zc.h>

#include "burst.h"
#include "conf.h"
#include "directory.h"
#include "fates.h"

enum {
	CGN_TAPS = 8, /* filters, a bit each */
	CGN_TAP_RECORD = 2048,
	CGN_TAP_HEAD = 64,
	CGN_TAP_DATA = CGN_TAP_RECORD - CGN_TAP_HEAD, /* bytes of a packet at most */
};

enum cgn_tap_event { CGN_TAP_RECEIVED, CGN_TAP_SENT, CGN_TAP_DROPPED };
enum cgn_tap_side { CGN_TAP_INSIDE, CGN_TAP_OUTSIDE, CGN_TAP_N_SIDES };

/* One element of a ring. Owner: the source until it is enqueued, then the reader. */
struct cgn_tap_record {
	cgn_ns_t at;                /* start of the turn */
	uint32_t inside, to_inside; /* directory indices or CGN_NONE; to: the hairpin's receiver */
	uint32_t peer;              /* host order; 0: unknown */
	uint32_t len, cap_len;      /* bytes of the frame, and of them here */
	uint16_t tenant, to_tenant; /* to: the hairpin's receiver, else as tenant */
	uint8_t taps;               /* filters that matched, a bit each */
	uint8_t side;               /* enum cgn_tap_side */
	uint8_t event;              /* enum cgn_tap_event */
	uint8_t leaves;             /* on its way out of the box, on that side */
	uint8_t fate;               /* enum cgn_fate; RECEIVED: CGN_FATE_NONE */
	uint8_t ip_proto;
	uint8_t originated; /* made by the box */
	uint8_t reserved[25];
	uint8_t bytes[CGN_TAP_DATA];
};
static_assert(offsetof(struct cgn_tap_record, bytes) == CGN_TAP_HEAD, "a cache line of head");
static_assert(sizeof(struct cgn_tap_record) == CGN_TAP_RECORD, "an element of the ring");

/* Relaxed; written by who starts a capture while its bit is not in cgn_tap.active. */
struct cgn_tap_filter {
	_Atomic uint32_t tenant;   /* tenant number */
	_Atomic uint32_t inside;   /* directory index, or CGN_NONE: all of the tenant */
	_Atomic uint32_t peer;     /* host order, or 0: all */
	_Atomic uint32_t ip_proto; /* or 0: all */
	_Atomic uint32_t sides;    /* bit by enum cgn_tap_side */
	_Atomic uint32_t snaplen;  /* bytes, at most CGN_TAP_DATA */
};

/* A worker, or control: one thread. */
struct cgn_tap_source {
	_Alignas(
		64) struct rte_ring *ring; /* of struct cgn_tap_record; single producer, consumer */
	uint64_t lost[CGN_TAPS][CGN_TAP_N_SIDES]; /* packets the ring had no room for; monotonic */
};

struct cgn_tap {
	_Alignas(64) _Atomic uint32_t active; /* filters in use, a bit each */
	struct cgn_tap_filter filters[CGN_TAPS];
	uint16_t n_sources; /* workers by their number, then control */
	struct cgn_tap_source sources[CGN_MAX_WORKERS + 1];
};

struct cgn_worker;
struct cgn_tx_buffer;

/* n_records: a power of two, of each ring. NULL and errno ENOMEM. Main thread. */
struct cgn_tap *cgn_tap_create(
	const char *name, uint16_t n_workers, uint32_t n_records, int socket);

/* After all sources have ended. NULL is accepted. */
void cgn_tap_destroy(struct cgn_tap *tap);

/* The filters in use; once a turn. NULL: 0. */
static inline uint32_t
cgn_tap_active(const struct cgn_tap *tap)
{
	return tap != NULL ? atomic_load_explicit(&tap->active, memory_order_relaxed) : 0;
}

/* Whether a record is what a filter wants. Any thread. */
bool cgn_tap_matches(const struct cgn_tap_filter *f, const struct cgn_tap_record *head);

/* A received packet, unchanged yet, that is about to be translated. Only if w->tapping. */
void cgn_tap_received(struct cgn_worker *w, struct rte_mbuf *m);

/* A packet that ends here. Only if w->tapping; for control: source is the number of workers. */
void cgn_tap_dropped(struct cgn_worker *w, const struct rte_mbuf *m, enum cgn_fate fate);
void cgn_tap_dropped_at(struct cgn_tap *tap, uint16_t source, const struct cgn_directory *dir,
	cgn_ns_t now, const struct rte_mbuf *m, enum cgn_fate fate);

/*
 * Packets for a device: begin copies them, for they are the device's once it has taken them; end
 * publishes the copies of the n that it took.
 */
struct cgn_tap_sending {
	struct rte_ring_zc_data room;
	uint32_t n_room, n;
	uint8_t of[CGN_BURST]; /* place in the buffer of each copy */
};
void cgn_tap_sending_begin(struct cgn_worker *w, uint16_t port, const struct cgn_tx_buffer *buf,
	struct cgn_tap_sending *s);
void cgn_tap_sending_end(struct cgn_worker *w, struct cgn_tap_sending *s, uint16_t n);
