/* SPDX-License-Identifier: BSD-3-Clause */
/* Selective acknowledgements (RFC 2018) switched off for a connection whose text is edited: their
 * numbers would have to be. */
#pragma once

#include <stdint.h>

#include "pkt.h"

/*
 * frame: contiguous bytes of a SYN that pkt describes, len of them, kind FLOW, protocol TCP. Every
 * SACK-permitted option becomes two NOPs; the TCP checksum follows by difference. Worker threads.
 */
void cgn_tcp_sack_forbid(uint8_t *frame, uint32_t len, const struct cgn_pkt *pkt);
