/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC-32C (Castagnoli), the checksum of RFC 7143 section 13.1 and RFC 9260 appendix A: finds every
 * error of up to three bits and every burst of up to 32 bits in records as short as ours. Pure; any
 * thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* crc: 0 to begin, or the result for the bytes before, to go on. */
uint32_t cgn_crc32c(uint32_t crc, const void *data, size_t len);
