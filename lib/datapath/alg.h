/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * alg: connections whose text names addresses or calls (alg.ftp, alg.pptp), on workers. A mapping
 * that may carry one has a bit (mapping.h); no other packet comes here. Segments from inside with
 * text go to control (control/alg_edit.h), which reads and edits them; once a text has become
 * longer or shorter, so do all segments of that connection, both ways. They come back like first
 * packets, with a mapping.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "pkt.h"

struct cgn_worker;
struct rte_mbuf;

enum { CGN_PORT_FTP = 21, CGN_ALG_MARKS = 1 << 16 };

/*
 * Which connections are edited, by a hash: a number of them for each mark. A mark that several
 * share sends more to control than must be, and that is all. Writer: control.
 */
struct cgn_alg_marks {
	_Atomic uint16_t n[CGN_ALG_MARKS];
};

static inline uint32_t
cgn_alg_mark(uint32_t mapping, rte_be32_t peer, rte_be16_t port)
{
	uint64_t key = (uint64_t)peer << 16 | port;

	return (uint32_t)(((key ^ (uint64_t)mapping << 40) * UINT64_C(0x9e3779b97f4a7c15)) >> 48);
}

/*
 * m: of the mapping, about to be translated, nothing of it changed. True: it has gone to control,
 * or was dropped. False: it goes on; of a SYN from inside the SACK option is gone.
 */
bool cgn_alg_takes(struct cgn_worker *w, struct rte_mbuf *m, uint32_t mapping);
