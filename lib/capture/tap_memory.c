/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of the tap, taken at start: the data path itself allocates nothing. Main thread. */
#include <errno.h>
#include <stdio.h>

#include <rte_ring_elem.h>

#include "mem.h"
#include "tap.h"

struct cgn_tap *
cgn_tap_create(const char *name, uint16_t n_workers, uint32_t n_records, int socket)
{
	struct cgn_tap *tap = cgn_mem_zalloc("tap", 1, sizeof(*tap), socket);

	if (tap == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	for (tap->n_sources = 0; tap->n_sources < n_workers + 1; tap->n_sources++) {
		char full[RTE_RING_NAMESIZE];
		struct rte_ring *ring;

		snprintf(full, sizeof(full), "%.12s_tap%u", name, tap->n_sources);
		ring = rte_ring_create_elem(
			full, CGN_TAP_RECORD, n_records, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (ring == NULL) {
			cgn_tap_destroy(tap);
			errno = ENOMEM;
			return NULL;
		}
		tap->sources[tap->n_sources].ring = ring;
	}
	return tap;
}

void
cgn_tap_destroy(struct cgn_tap *tap)
{
	if (tap == NULL)
		return;
	for (uint16_t i = 0; i < tap->n_sources; i++)
		rte_ring_free(tap->sources[i].ring);
	cgn_mem_free(tap);
}
