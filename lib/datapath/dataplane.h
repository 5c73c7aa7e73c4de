/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all workers and control share: the tables, each with its one writer, and the devices. The
 * struct itself is fixed from start to stop; box/ fills it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_rcu_qsbr.h>

#include "alg.h"
#include "contact.h"
#include "dependent.h"
#include "directory.h"
#include "filter.h"
#include "fragment_table.h"
#include "neigh.h"
#include "others.h"
#include "pool.h"
#include "table.h"
#include "tcp_session.h"

/* A port as the workers need it. Index: as in cgn_conf.ports. */
struct cgn_dev {
	uint16_t id; /* DPDK port id */
	uint16_t n_rxq, n_txq;
	struct rte_ether_addr mac;
	bool tx_chains;  /* takes chained buffers */
	bool rx_ip_csum; /* verifies IPv4 header checksums */
};

struct cgn_tap;

/*
 * Of the inside index of a holder: CGN_UNSERVED, and a count of how often its address has changed
 * its owner. A worker reads it before it sends something to control, and the packet carries it
 * there, so that nothing of an owner before counts as the present one's.
 */
enum { CGN_UNSERVED = 0x80 };

struct cgn_dataplane {
	/* Writer: control. A worker takes it once a turn (cgn_worker.dir), so that all of a turn
	 * sees one directory; the one before is freed after a grace period. */
	_Atomic(const struct cgn_directory *) dir;
	const struct cgn_table *table;           /* writer: control */
	const struct cgn_pool *pool;             /* writer: control */
	const struct cgn_filters *filters;       /* writer: control */
	const struct cgn_others *others;         /* writer: control */
	const struct cgn_dependents *dependents; /* writer: control */
	const struct cgn_alg_marks *alg_marks;   /* writer: control */
	const struct cgn_tcp_session_pool
		*tcp_sessions;               /* records: workers write what is in them */
	const struct cgn_contacts *contacts; /* writer: control; workers write last_use_s */
	_Atomic uint8_t *owners; /* [n_inside], reserved; writer: control, see CGN_UNSERVED */
	/* [n_inside], reserved; of a holder: number of the class that its session names, or 0.
	 * Writer: control. */
	_Atomic uint8_t *session_classes;
	struct cgn_neigh_table *neigh;              /* writer: control; workers set used marks */
	struct cgn_tap *tap;                        /* NULL: captures are not configured */
	struct rte_rcu_qsbr *rcu;                   /* reader threads: worker numbers */
	struct cgn_fragment_secret fragment_secret; /* fixed */
	struct cgn_dev devs[CGN_MAX_PORTS];
	uint16_t n_devs;
	struct cgn_worker *workers[CGN_MAX_WORKERS];
	uint16_t n_workers;
};
