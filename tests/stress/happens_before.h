/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ThreadSanitizer cannot see in DPDK's shared libraries, told to it: an index that is found in
 * rte_hash was stored there with release order before (rte_hash.h, LF mode); and a packet buffer
 * that is given back happens before it is handed out again.
 */
#pragma once

/* Packet pools made after this are behind a lock of this program, which the sanitizer sees. After
 * EAL has started. */
void happens_before_for_buffers(void);
