/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a pcapng file back, apart from the writer; anything that is not right ends the test. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { READ_MAX = 2048, READ_FRAME = 2048 };

struct read_packet {
	uint32_t interface, len, cap_len, flags;
	uint64_t at;
	uint8_t bytes[READ_FRAME];
	char comment[128];
};

struct read_file {
	char comment[512];
	uint32_t n_interfaces, n_packets, n_statistics;
	char names[4][32];
	uint64_t received[4], dropped[4]; /* of the statistics, by interface */
	struct read_packet packets[READ_MAX];
};

/* The caller frees it. */
struct read_file *pcapng_read(const char *path);
