/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC-32C four bits at a time; called by journal_record.c on the main and the exporter thread. A
 * table of 16 entries can be checked by eye, and the disk is slower all the same.
 */
#include "crc32c.h"

/* The remainders of the 16 nibbles, polynomial 0x1edc6f41 with its bits reflected. */
static const uint32_t remainders[16] = {
	0x00000000,
	0x105ec76f,
	0x20bd8ede,
	0x30e349b1,
	0x417b1dbc,
	0x5125dad3,
	0x61c69362,
	0x7198540d,
	0x82f63b78,
	0x92a8fc17,
	0xa24bb5a6,
	0xb21572c9,
	0xc38d26c4,
	0xd3d3e1ab,
	0xe330a81a,
	0xf36e6f75,
};

uint32_t
cgn_crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ remainders[crc & 15];
		crc = crc >> 4 ^ remainders[crc & 15];
	}
	return ~crc;
}
