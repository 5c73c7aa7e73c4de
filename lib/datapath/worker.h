/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one poll-mode core. READ FIRST. Each turn it takes bursts from its receive queues and
 * rings and sends each through
 *
 *   rx → classify → lookup → in2out | out2in | hairpin → tx        (files of these names)
 *           │           └ miss → punt → control → back → lookup …
 *           ├ icmp_error → tx
 *           └ fragment → lookup, as the first of its datagram, or tx, or held until that has gone
 *
 * It allocates nothing, takes no lock, logs nothing and writes no table. Everything in the struct
 * but the rings and punt_done is written by its own thread only.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "burst.h"
#include "counters.h"
#include "dataplane.h"
#include "ip_id.h"
#include "punt_share.h"
#include "talkers.h"
#include "tap.h"

enum { CGN_MAX_RXQS = 256 };

struct cgn_rxq {
	uint16_t port, queue; /* port: index into dataplane.devs */
	/* The worker's own, to see that it is behind (worker.c): */
	uint32_t n_whole;      /* turns in a row that brought a whole burst */
	cgn_ns_t whole_since;  /* time of the first of them */
	cgn_ns_t behind_until; /* soon behind again until then */
};

/* Ways of ARP to control per interface, each with its own rate, by the sender's MAC. */
enum { CGN_ARP_RATES = 64 };

/* Packets of one kind that follow each other in a buffer: counted when a device has taken them,
 * for then they are the device's. */
struct cgn_sent {
	union {
		uint64_t kind; /* all of: */
		struct {
			uint8_t in_port, zero;
			uint16_t tenant;
			uint8_t fate, originated;
			uint16_t to_tenant;
		};
	};
	uint32_t n;
	uint32_t bytes;    /* of the frames */
	uint32_t ip_bytes; /* before they were cut */
};
static_assert(sizeof(struct cgn_sent) == 24, "a kind is compared as a whole");

/* What waits to be sent by one port at the end of the turn. */
struct cgn_tx_buffer {
	uint16_t n;
	uint16_t n_sent; /* runs in sent, of n packets together */
	bool own_queue;  /* this worker has a queue of its own; else it hands over to `owner` */
	uint16_t queue;
	uint16_t owner; /* worker that sends for this one */
	struct rte_mbuf *mbufs[CGN_BURST];
	struct cgn_sent sent[CGN_BURST];
};

/* Packets for control, handed over at the end of the turn. */
struct cgn_punt_buffer {
	struct rte_ring *ring;
	uint16_t n;
	struct rte_mbuf *mbufs[CGN_BURST];
};

struct cgn_worker {
	_Alignas(64) struct cgn_dataplane *dp; /* no line of a worker is another's too */
	const struct cgn_directory *dir;       /* of this turn */
	uint32_t tapping;                      /* filters of the tap in use, of this turn */
	uint16_t id;
	uint16_t n_rxqs;
	bool describes; /* also what can be refused without a description: explain.c reads it */
	struct cgn_rxq rxqs[CGN_MAX_RXQS];
	/* → control, single producer and consumer: new flows and requests */
	struct cgn_punt_buffer new_flows;
	struct cgn_punt_count punt_sent; /* to control by that way */
	uint32_t punt_window;            /* packets that may be under way; fixed */
	struct cgn_punt_buffer local; /* → control: ARP, unresolved next hops, refusals to tell */
	struct rte_ring *back;        /* control →, single producer and consumer */
	struct rte_ring *handover;    /* other workers →, multi producer */
	/* Reserved arrays (base/reserve.h). */
	uint64_t *subscriber_full_at; /* [n_inside] by holder: state of the punt rate, rate.h */
	uint64_t *request_full_at;    /* [n_inside] likewise of the NAT-PMP and PCP rate */
	uint64_t *arp_full_at;   /* [n_ifaces][CGN_ARP_RATES] states of the local rate, punt.c */
	uint64_t *local_full_at; /* [CGN_MAX_SHARES] the same for all but ARP */
	uint64_t *echo_full_at;  /* [CGN_MAX_SHARES] states of the rate of echo replies */
	uint64_t *syn_full_at;   /* [n_tenants] of the local rate, for cgn_punt_unsolicited */
	struct cgn_tx_buffer tx[CGN_MAX_PORTS];
	struct cgn_fragments fragments;
	struct cgn_ip_ids ip_ids;
	struct cgn_burst burst;
	struct cgn_talkers talkers;   /* read by control, for telemetry */
	struct cgn_counters counters; /* read by telemetry */
	/* Written by control: of punt_sent, what it is done with. */
	_Alignas(64) struct cgn_punt_count punt_done;
};

/*
 * Memory and rings of worker id; name: prefix of the ring names, unique in the process. Main
 * thread. 0 or negative errno. The caller fills rxqs and tx[].own_queue/queue/owner.
 */
int cgn_worker_init(
	struct cgn_worker *w, struct cgn_dataplane *dp, uint16_t id, const char *name, int socket);

/*
 * Memory for what dir, the next directory, has; before the worker can see dir, while it runs. 0 or
 * -ENOMEM, and nothing has changed. Main thread.
 */
int cgn_worker_fill(struct cgn_worker *w, const struct cgn_directory *dir);

/*
 * The arrays of a worker alone, reserved: 0 or -ENOMEM; for cgn_worker_init, and for whoever runs
 * stages without a thread (control/explain.c). Main thread.
 */
int cgn_worker_reserve(struct cgn_worker *w, int socket);
void cgn_worker_unreserve(struct cgn_worker *w);

/* Ends what is still in its rings as STOPPED. After the loop ended; any number of times. */
void cgn_worker_drain(struct cgn_worker *w);

/* Drained before. Frees rings and memory. */
void cgn_worker_fini(struct cgn_worker *w);

/* Worker thread: announces itself to the RCU variable; before the first poll. */
void cgn_worker_online(struct cgn_worker *w);
void cgn_worker_offline(struct cgn_worker *w);

/* One turn at time now. Returns the number of packets handled. Worker thread, online. */
uint32_t cgn_worker_poll(struct cgn_worker *w, cgn_ns_t now);

/* Stages, in the order of the path; all work on w->burst. */
uint32_t cgn_rx(struct cgn_worker *w, const struct cgn_rxq *q);
void cgn_classify(struct cgn_worker *w);
void cgn_lookup(struct cgn_worker *w);
void cgn_in2out(struct cgn_worker *w);
void cgn_out2in(struct cgn_worker *w);
void cgn_hairpin(struct cgn_worker *w);
void cgn_icmp_errors(struct cgn_worker *w);
void cgn_other_protos(struct cgn_worker *w);
void cgn_punt_misses(struct cgn_worker *w);
void cgn_tx(struct cgn_worker *w);

/* Packets that come back from control or over from another worker. */
uint32_t cgn_back(struct cgn_worker *w);
uint32_t cgn_handover(struct cgn_worker *w);

/* End of turn: hand over to control, then to the devices. */
void cgn_punt_flush(struct cgn_worker *w);
void cgn_tx_flush(struct cgn_worker *w);

/* One translated packet, as cgn_tx does with each of its lane (tx.c). */
void cgn_tx_one(struct cgn_worker *w, struct rte_mbuf *m);

/* Cuts a complete frame with DF clear into pieces of at most mtu bytes of IP, and puts them into
 * the buffer of pkt->out_port in order (tx_cut.c). */
void cgn_tx_cut(struct cgn_worker *w, struct rte_mbuf *m, uint16_t mtu);

/* Puts a complete frame into the buffer of pkt->out_port (tx.c). */
void cgn_tx_buffer(struct cgn_worker *w, struct rte_mbuf *m);

/* Hands a NAT-PMP or PCP request to control, within the subscriber's rate and share (punt.c). */
void cgn_punt_request(struct cgn_worker *w, struct rte_mbuf *m);

/* Hands a segment of a connection with an ALG to control, as a first packet of its subscriber. */
void cgn_punt_alg(struct cgn_worker *w, struct rte_mbuf *m);

/*
 * Ends a packet from outside that no mapping lets in. One whose sender may be told so later
 * (nat.unsolicited_syn) goes to control for that, within a rate of its tenant's own, and ends
 * there.
 */
void cgn_punt_unsolicited(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_fate fate);

/*
 * Hands a packet to control for an action other than a new flow, within the interface's rate.
 * Beyond it the packet ends with the fate `refused`.
 */
void cgn_punt_local(struct cgn_worker *w, struct rte_mbuf *m, enum cgn_pkt_action action,
	enum cgn_fate refused);
