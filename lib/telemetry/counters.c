/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory and sums of counter blocks; init on the main thread, sums on any. */
#include "counters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reserve.h"

const char *const cgn_originated_names[CGN_N_ORIGINATED] = {
	[CGN_ORIG_ARP_REQUEST] = "arp_request",
	[CGN_ORIG_ARP_REPLY] = "arp_reply",
	[CGN_ORIG_ICMP_ERROR] = "icmp_error",
	[CGN_ORIG_PORTCTL] = "portctl",
	[CGN_ORIG_TCP_RESET] = "tcp_reset",
	[CGN_ORIG_FRAGMENT] = "fragment",
	[CGN_ORIG_LOST] = "lost",
};

/* Its own cache lines, so that two writers never share one. */
static uint64_t *
alloc_row(uint64_t n)
{
	size_t size = (n * sizeof(uint64_t) + 63) & ~(size_t)63;
	uint64_t *row = aligned_alloc(64, size);

	if (row != NULL)
		memset(row, 0, size);
	return row;
}

/* Rows of all tenants there can be, and the box's after them. */
static uint64_t *
reserve_rows(size_t n)
{
	uint64_t *rows = cgn_reserve_create(CGN_MAX_TENANTS + 1, n * sizeof(*rows), -1);

	if (rows != NULL && cgn_reserve_fill(rows, CGN_TENANT_BOX, 1) < 0) {
		cgn_reserve_destroy(rows);
		return NULL;
	}
	return rows;
}

int
cgn_counters_init(struct cgn_counters *c, uint32_t n_tenants, uint32_t n_ports)
{
	memset(c, 0, sizeof(*c));
	c->n_ports = n_ports;
	c->fates = reserve_rows(CGN_N_FATES);
	c->port_fates = alloc_row((uint64_t)n_ports * CGN_N_FATES);
	c->forwarded_bytes = reserve_rows(2);
	c->hairpin_pkts = reserve_rows(1);
	c->rx_pkts = alloc_row(n_ports);
	c->rx_bytes = alloc_row(n_ports);
	c->tx_pkts = alloc_row(n_ports);
	c->tx_bytes = alloc_row(n_ports);
	if (c->fates != NULL && c->port_fates != NULL && c->forwarded_bytes != NULL &&
		c->hairpin_pkts != NULL && c->rx_pkts != NULL && c->rx_bytes != NULL &&
		c->tx_pkts != NULL && c->tx_bytes != NULL && cgn_counters_grow(c, n_tenants) == 0)
		return 0;
	cgn_counters_fini(c);
	return -ENOMEM;
}

void
cgn_counters_fini(struct cgn_counters *c)
{
	cgn_reserve_destroy(c->fates);
	free(c->port_fates);
	cgn_reserve_destroy(c->forwarded_bytes);
	cgn_reserve_destroy(c->hairpin_pkts);
	free(c->rx_pkts);
	free(c->rx_bytes);
	free(c->tx_pkts);
	free(c->tx_bytes);
	memset(c, 0, sizeof(*c));
}

int
cgn_counters_grow(struct cgn_counters *c, uint32_t n_tenants)
{
	if (n_tenants <= c->n_tenants)
		return 0;
	if (n_tenants > CGN_MAX_TENANTS || cgn_reserve_fill(c->fates, 0, n_tenants) < 0 ||
		cgn_reserve_fill(c->forwarded_bytes, 0, n_tenants) < 0 ||
		cgn_reserve_fill(c->hairpin_pkts, 0, n_tenants) < 0)
		return -ENOMEM;
	__atomic_store_n(&c->n_tenants, n_tenants, __ATOMIC_RELEASE);
	return 0;
}

uint64_t
cgn_counters_fate_sum(const struct cgn_counters *c, enum cgn_fate fate)
{
	uint32_t n = __atomic_load_n(&c->n_tenants, __ATOMIC_ACQUIRE);
	uint64_t sum = cgn_counter_read(&c->fates[(uint64_t)CGN_TENANT_BOX * CGN_N_FATES + fate]);

	for (uint32_t t = 0; t < n; t++)
		sum += cgn_counter_read(&c->fates[(uint64_t)t * CGN_N_FATES + fate]);
	return sum;
}
