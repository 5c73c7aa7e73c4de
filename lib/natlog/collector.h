/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IPFIX to collectors, over UDP, TCP or TLS: a lane is a queue of messages and the collectors that
 * may take them, each message by the first of them that is up. Never blocks; log thread.
 *
 * A collector that refuses (UDP: ICMP port unreachable; TCP: no connection, a reset, nothing taken
 * for STALL_MS) is down and tried again after RETRY_MS. Until one is up messages wait in the queue;
 * when it is full they are lost, and the next statistics record says how many records that were.
 * What was given to the kernel and never reached a collector that failed is not known here:
 * collectors see it by the sequence numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "ipfix.h"
#include "link.h"

enum {
	CGN_LANE_QUEUE = 1024, /* messages: about 25 000 records of blocks */
	CGN_COLLECTOR_RETRY_MS = 2000,
	/* UDP: a refusal of the templates has come back by then, on a network of the operator's. */
	CGN_COLLECTOR_PROBE_MS = 200,
	CGN_COLLECTOR_STALL_MS = 10000,
};

enum cgn_collector_state { CGN_COLLECTOR_DOWN, CGN_COLLECTOR_PROBING, CGN_COLLECTOR_UP };

struct cgn_collector {
	struct cgn_link link;
	enum cgn_collector_state state;
	uint64_t since_ms;    /* DOWN: tried last; PROBING: since; UP: templates sent last */
	uint64_t progress_ms; /* TCP: when it took something last */
	uint32_t sequence;    /* of this session */
	uint16_t sent;        /* TCP: bytes of the message at hand that it has */
	uint64_t n_records, n_messages, n_failures; /* since start */
	bool complained;
};

struct cgn_lane {
	struct cgn_collector *collectors; /* in the order in which they are wanted */
	uint32_t n_collectors;
	struct cgn_ipfix_message *queue; /* [CGN_LANE_QUEUE] */
	uint32_t first, n_queued;
	struct cgn_ipfix_message at_hand; /* sealed, and begun with by the collector */
	struct cgn_collector *taker;      /* of what is at hand; NULL: nothing is */
	uint64_t n_lost;                  /* records, since the queue was full */
	uint32_t domain, templates_ms, process;
	uint64_t lost_told;
};

/* 0 or -ENOMEM. Nothing is opened yet. */
int cgn_lane_init(struct cgn_lane *lane, const struct cgn_conf_collector *collectors,
	uint32_t n_collectors, const struct cgn_conf *conf);
void cgn_lane_fini(struct cgn_lane *lane);

/* Takes a copy of a message, or counts its records as lost. */
void cgn_lane_put(struct cgn_lane *lane, const struct cgn_ipfix_message *msg);

/* So many records never came to the lane. */
void cgn_lane_lose(struct cgn_lane *lane, uint64_t n);

/* Opens, connects, sends what can be sent. now_ms: a clock that only goes forward; utc_s: of the
 * messages. */
void cgn_lane_turn(struct cgn_lane *lane, uint64_t now_ms, uint32_t utc_s);
