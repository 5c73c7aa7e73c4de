/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes pcapng files (draft-ietf-opsawg-pcapng): section header, interfaces, packets with a
 * comment each, statistics; times in nanoseconds. DPDK 22.11's librte_pcapng has no comment for a
 * packet and describes ethdevs instead of sides (docs/decisions/0014). Only whole blocks reach the
 * file: when it cannot be written on, what does not fit is cut off again, and the file stays valid.
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CGN_PCAPNG_BUFFER = 256 * 1024 };

struct cgn_pcapng {
	int fd;         /* the caller's; append position is the end of what is written */
	int error;      /* 0, or the negative errno that ended writing */
	uint64_t total; /* bytes of all blocks, also of those that still are in the buffer */
	uint64_t whole; /* bytes in the file, whole blocks */
	uint32_t n;     /* bytes in the buffer */
	uint32_t block; /* where the open block begins in it */
	uint8_t buffer[CGN_PCAPNG_BUFFER];
};

struct cgn_pcapng_packet {
	uint64_t at_ns; /* UTC since 1970 */
	const uint8_t *bytes;
	uint32_t len, cap_len; /* of the frame; of bytes */
	uint32_t interface;    /* number, in the order in which they were written */
	bool is_outbound;
	const char *comment;
};

struct cgn_pcapng_statistics {
	uint64_t start_ns, end_ns; /* UTC */
	uint64_t received, dropped;
	uint32_t interface;
	const char *comment;
};

/* Begins a file with its section header. fd stays the caller's. */
void cgn_pcapng_begin(struct cgn_pcapng *p, int fd, const char *application, const char *comment);

void cgn_pcapng_interface(
	struct cgn_pcapng *p, const char *name, const char *description, uint32_t snaplen);
void cgn_pcapng_packet(struct cgn_pcapng *p, const struct cgn_pcapng_packet *packet);
void cgn_pcapng_statistics(struct cgn_pcapng *p, const struct cgn_pcapng_statistics *s);

/* Bytes that a packet will take in the file. */
uint32_t cgn_pcapng_packet_size(const struct cgn_pcapng_packet *packet);

/* Empties the buffer into the file. 0, or the negative errno that ended writing. */
int cgn_pcapng_flush(struct cgn_pcapng *p);
