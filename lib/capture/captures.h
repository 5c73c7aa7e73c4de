/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures: what an operator asked to be recorded, bounded in packets, bytes and time, and the
 * pcapng files it goes to. One thread (the daemon's capture thread, or a test) calls poll: it reads
 * the rings of the tap, writes files and ends captures, and takes no lock. Telemetry threads start,
 * stop and list; among them a mutex. Workers only see the tap (tap.h).
 *
 * A file is made in the configured directory under a name of the box's choice
 * (TENANT-ID-TIME.pcapng), mode 0640, never over one that is there and never through a link.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "conf.h"
#include "err.h"
#include "tap.h"

enum {
	CGN_CAPTURES_MAX = 4, /* at a time; as many that ended are remembered */
	CGN_CAPTURE_PACKETS = 10000,
	CGN_CAPTURE_PACKETS_MAX = 10000000,
	CGN_CAPTURE_BYTES = 64 << 20,
	CGN_CAPTURE_BYTES_MIN = 4096, /* the heads of a file and a packet */
	CGN_CAPTURE_SECONDS = 60,
	CGN_CAPTURE_SECONDS_MAX = 3600,
	CGN_CAPTURE_SNAPLEN_MIN = 64, /* Ethernet with two tags, IP and TCP headers nearly */
};
static_assert((int)CGN_CAPTURES_MAX < (int)CGN_TAPS, "a place is left to remember one");

/* Why a capture is not going on. */
enum cgn_capture_end {
	CGN_CAPTURE_GOES_ON,
	CGN_CAPTURE_FULL_PACKETS,
	CGN_CAPTURE_FULL_BYTES,
	CGN_CAPTURE_TIME,
	CGN_CAPTURE_STOPPED,  /* by command */
	CGN_CAPTURE_RELOADED, /* another configuration: its numbers may mean somebody else */
	CGN_CAPTURE_EXIT,     /* the daemon ends */
	CGN_CAPTURE_FAILED,   /* the file cannot be written on */
	CGN_CAPTURE_N_ENDS
};

/* "running", "packets", "bytes", "seconds", "stopped", "reload", "exit", "failed". */
const char *cgn_capture_end_str(enum cgn_capture_end end);

struct cgn_capture_spec {
	char tenant_name[CGN_NAME_LEN];
	char by[64]; /* who asked */
	uint16_t tenant;
	uint32_t inside;            /* directory index, or CGN_NONE */
	uint32_t inside_addr, peer; /* host order; peer 0: all */
	uint8_t ip_proto;           /* 0: all */
	uint8_t sides;              /* bit by enum cgn_tap_side */
	uint32_t packets, seconds, snaplen;
	uint64_t bytes; /* of the file */
};

/* A copy for whoever asks. */
struct cgn_capture_info {
	struct cgn_capture_spec spec;
	uint32_t id;
	enum cgn_capture_end end;
	uint64_t packets, bytes, lost;
	uint64_t started_utc_ns;
	uint32_t left_s; /* 0 when it has ended */
	char file[CGN_DEVICE_LEN + 96];
};

struct cgn_captures;

/* dir exists by now or not: it is made on the first start. NULL: no memory. Main thread. */
struct cgn_captures *cgn_captures_create(struct cgn_tap *tap, const char *dir, uint32_t max_mib);

/* Nothing may be going on: poll has returned after cgn_captures_end. NULL is accepted. */
void cgn_captures_destroy(struct cgn_captures *c);

/*
 * Starts one at the times now (of the workers) and utc_ns. 0 with *info filled, or negative with
 * *err. Any thread but the workers'.
 */
int cgn_captures_start(struct cgn_captures *c, const struct cgn_capture_spec *spec, cgn_ns_t now,
	uint64_t utc_ns, struct cgn_capture_info *info, struct cgn_errmsg *err);

/* Asks a capture to end; the next poll does it. 0, -ENOENT, -EALREADY. Same threads. */
int cgn_captures_stop(struct cgn_captures *c, uint32_t id, struct cgn_capture_info *info);

/* Asks all to end. Same threads. */
void cgn_captures_end(struct cgn_captures *c, enum cgn_capture_end why);

/* The one with the lowest id of at least id; false when there is none. Same threads. */
bool cgn_captures_find(
	struct cgn_captures *c, uint32_t id, cgn_ns_t now, struct cgn_capture_info *info);

/* Takes what is in the rings to the files, ends what is over. Returns records read. Its thread. */
uint32_t cgn_captures_poll(struct cgn_captures *c, cgn_ns_t now);

uint64_t cgn_captures_max_bytes(const struct cgn_captures *c);
