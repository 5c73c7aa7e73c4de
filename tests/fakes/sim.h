/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A whole appliance in one process and one thread, with a clock that only tests move: the real
 * configuration loader, box, workers and control over net_ring devices. Packet tables, scenarios,
 * the data path's fuzzer and property tests use it.
 *
 *	struct cgn_sim *sim;
 *
 *	cgn_sim_eal();
 *	sim = cgn_sim_create(&(struct cgn_sim_params){.a = "quota: {subscriber: {udp: 2}}\n"});
 *	spec = packet_udp(SIM_A1, 5000, SIM_PEER, 53);
 *	cgn_sim_send_spec(sim, SIM_ACCESS, &spec);
 *	cgn_sim_run(sim);
 *	cr_assert(cgn_sim_receive(sim, SIM_WAN, &frame));
 *	cr_assert(cgn_sim_is_sound(sim));
 *	cgn_sim_destroy(sim);
 *
 * The default box has three ports:
 *   SIM_ACCESS  inside   untagged: tenant a, 100.64.0.1/22, all of it subscribers
 *   SIM_TRUNK   inside   VLAN 101: tenant a again, 100.65.0.1/24, all of it subscribers
 *                        VLAN 102: tenant b, 100.64.0.1/24: the same addresses as a's
 *                        88a8 tag 200, VLAN 7: tenant c, 100.66.0.1/24
 *   SIM_WAN     outside  untagged: 198.51.100.2/24, default route by 198.51.100.1
 * with the pools a 203.0.113.16/28, b 203.0.113.32/28, c 203.0.113.48/32. Every next hop answers
 * ARP at once unless told otherwise. Wrong use and failures to set up end the process with a
 * message. Addresses are HOST order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "box.h"
#include "load.h"
#include "packet_build.h"

enum { SIM_ACCESS, SIM_TRUNK, SIM_WAN };

enum {
	SIM_A1 = 0x6440000a,       /* 100.64.0.10 */
	SIM_A2 = 0x6440000b,       /* 100.64.0.11 */
	SIM_B1 = SIM_A1,           /* tenant b's, VLAN 102 */
	SIM_GATEWAY = 0x64400001,  /* 100.64.0.1: service address of a, and of b */
	SIM_UPLINK = 0xc6336402,   /* 198.51.100.2 */
	SIM_NEXT_HOP = 0xc6336401, /* 198.51.100.1 */
	SIM_PEER = 0xc0000201,     /* 192.0.2.1, W1 */
	SIM_PEER2 = 0xc0000202,    /* 192.0.2.2, W2 */
	SIM_POOL_A = 0xcb007110,   /* 203.0.113.16, first of 16 */
	SIM_POOL_B = 0xcb007120,   /* 203.0.113.32 */
	SIM_POOL_C = 0xcb007130,   /* 203.0.113.48, the only one */
};

enum { CGN_SIM_FRAME_MAX = 9728, CGN_SIM_MAX_HOSTS = 32 };

struct cgn_sim_frame {
	uint32_t len;
	uint8_t bytes[CGN_SIM_FRAME_MAX];
};

/* Everything may be zero or NULL: then it is the default. */
struct cgn_sim_params {
	/* YAML lines for the appliance and the tenants' files. A top-level key given here replaces
	 * the default one (`ports`, `uplinks`, `routes`, `table`, `pool`, …). */
	const char *box, *a, *b, *c;
	/* Or all files at once; the four above are then ignored. */
	const struct cgn_conf_source *files;
	size_t n_files;
	uint16_t n_workers;    /* 1; ignored with files and with a `cores` key */
	uint32_t n_mbufs;      /* 8191 */
	uint16_t data_room;    /* bytes of a frame in one buffer; 0: enough for the largest MTU */
	uint32_t ring_size;    /* packets in a device's ring, a power of two; 1024 */
	uint16_t n_txq;        /* transmit queues of each device; 0: one per worker */
	uint64_t seed;         /* of ports and secrets; 1 */
	bool no_tx_chains;     /* devices do not take chained buffers */
	bool spread_fragments; /* devices hash first fragments by their ports, later ones not */
	bool show_arp;         /* the box's ARP requests can be received like other frames */
};

/* What the test said about a host on a link. */
struct cgn_sim_host {
	uint32_t addr;
	uint8_t mac[6];
	bool silent;
};

struct cgn_sim_queue; /* of received frames */

struct cgn_sim {
	struct cgn_box *box;
	cgn_ns_t now;
	uint64_t n_sent;         /* frames given to the box */
	uint64_t n_arp_requests; /* that the box has sent, announcements included */
	uint64_t n_arp_announcements;
	uint64_t n_leaks;      /* frames on an outside port that carry a 100.64/10 address */
	uint64_t n_bad_frames; /* frames from the box with wrong lengths or header checksum */
	/* The rest is the simulator's own. */
	struct cgn_sim_params params;
	struct cgn_conf *conf, *retired; /* retired: while a reload goes on */
	uint16_t n_ports;                /* as conf says, which a reload never changes */
	enum cgn_role roles[CGN_MAX_PORTS];
	struct rte_mempool *mempool;
	struct cgn_dev devs[CGN_MAX_PORTS];
	struct rte_ring *rx[CGN_MAX_PORTS][CGN_MAX_WORKERS], *tx[CGN_MAX_PORTS][CGN_MAX_WORKERS];
	struct cgn_sim_queue *queues; /* [n_ports] */
	struct cgn_sim_host hosts[CGN_SIM_MAX_HOSTS];
	uint32_t n_hosts;
	char name[12];
};

/* EAL without hugepages, devices and telemetry; once per process, later calls do nothing. */
void cgn_sim_eal(void);

/* Any number of times, several at once too. Time starts at 1000 s. */
struct cgn_sim *cgn_sim_create(const struct cgn_sim_params *params);

/* Settles, and ends the process if a packet has no fate or a buffer is lost. */
void cgn_sim_destroy(struct cgn_sim *sim);

/*
 * Reload with what params say (box, a, b, c or files; the rest is ignored) and the same ports.
 * begin: control has published the new directory, no worker has seen it yet, and what follows goes
 * on with each poll; end: until it is over. 0, or negative with *err filled: nothing has changed.
 */
int cgn_sim_reload_begin(
	struct cgn_sim *sim, const struct cgn_sim_params *params, struct cgn_errmsg *err);
void cgn_sim_reload_end(struct cgn_sim *sim);
int cgn_sim_reload(
	struct cgn_sim *sim, const struct cgn_sim_params *params, struct cgn_errmsg *err);

/* What params say as a configuration, with all its errors, or NULL when there are some. */
struct cgn_conf *cgn_sim_conf_try(
	const struct cgn_sim_params *params, struct cgn_conf_errors *errors);

/* --- Packets --- */

/* Gives a frame to the receive queue of a port; false when its ring or the buffers are full. */
bool cgn_sim_send(struct cgn_sim *sim, uint16_t port, const void *frame, uint32_t len);

/* As chained buffers: lens are the sizes of the first n segments, the rest is the last one. */
bool cgn_sim_send_chain(struct cgn_sim *sim, uint16_t port, const struct cgn_sim_frame *frame,
	const uint16_t *lens, uint32_t n);

/* Builds and sends. A destination MAC left at packet_build's default becomes that of the port; a
 * source MAC likewise that of the host spec->src (cgn_sim_host_mac). */
bool cgn_sim_send_spec(struct cgn_sim *sim, uint16_t port, const struct packet_spec *spec);

/* The next frame that the box has sent by a port, oldest first; false when there is none. */
bool cgn_sim_receive(struct cgn_sim *sim, uint16_t port, struct cgn_sim_frame *frame);

/* Frames waiting to be received on a port, and forgetting them all. */
uint32_t cgn_sim_n_waiting(const struct cgn_sim *sim, uint16_t port);
void cgn_sim_flush(struct cgn_sim *sim, uint16_t port);

/* The box's MAC address on a port: 02:00:00:00:01:<port>. */
const uint8_t *cgn_sim_port_mac(const struct cgn_sim *sim, uint16_t port);

/* --- Hosts on the links; unknown ones answer with 02:01 and the address. --- */

void cgn_sim_host_mac(const struct cgn_sim *sim, uint32_t addr, uint8_t mac[6]);
void cgn_sim_host_set_mac(struct cgn_sim *sim, uint32_t addr, const uint8_t mac[6]);
void cgn_sim_host_set_silent(struct cgn_sim *sim, uint32_t addr, bool silent);

/* --- Time --- */

/* Turns until nothing moves any more; time stands still. */
void cgn_sim_run(struct cgn_sim *sim);

/* One jump, and then until nothing moves. */
void cgn_sim_jump_s(struct cgn_sim *sim, uint32_t seconds);
void cgn_sim_jump_ms(struct cgn_sim *sim, uint32_t milliseconds);

/* Second by second. */
void cgn_sim_elapse_s(struct cgn_sim *sim, uint32_t seconds);

/* Single turns, for tests of what happens in between; nothing is taken from the devices. */
uint32_t cgn_sim_poll_workers(struct cgn_sim *sim);
uint32_t cgn_sim_poll_control(struct cgn_sim *sim);

/* Takes what the box has sent from the devices: answers ARP, checks, queues. Returns frames. */
uint32_t cgn_sim_collect(struct cgn_sim *sim);

/* --- What is so --- */

/* The law: received = Σ fates + held, and received = what the test has sent. */
bool cgn_sim_conserves(const struct cgn_sim *sim);

/* The law holds, no frame leaked an inside address, every frame of the box was well formed. When
 * not, says why on standard error. At the end of each test. */
bool cgn_sim_is_sound(const struct cgn_sim *sim);

/* Packets that ended with a fate (its telemetry name): of all tenants and the box; of one tenant
 * ("-": the box). */
uint64_t cgn_sim_fate(const struct cgn_sim *sim, const char *fate);
uint64_t cgn_sim_tenant_fate(const struct cgn_sim *sim, const char *tenant, const char *fate);

uint32_t cgn_sim_n_mappings(const struct cgn_sim *sim); /* live, of all tenants */
uint32_t cgn_sim_tenant_n_mappings(const struct cgn_sim *sim, const char *tenant);

/* The mapping of an inside transport address, or NULL. proto as in the IP header: 6, 17, 1. */
const struct cgn_mapping *cgn_sim_mapping(
	const struct cgn_sim *sim, const char *tenant, uint8_t proto, uint32_t addr, uint16_t port);

/* Time, fates that are not zero, mappings. */
void cgn_sim_dump(const struct cgn_sim *sim, FILE *out);
