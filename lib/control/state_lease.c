/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Port blocks and the journal: what has changed hands is written a slice at a time, and at the next
 * start the blocks rest for those who held them (RFC 6888 REQ-8, AMB-12). Control thread.
 */
#include "lease.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_ring.h>

#include "control.h"

enum { LEASE_SLICE = 64 };

static struct cgn_journal_record
record_of(const struct cgn_control *c, const struct cgn_lease *lease)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_journal_record r = {.type = CGN_JOURNAL_RETURN,
		.outside_addr = dir->pool_addrs[lease->pool],
		.outside_port = lease->first,
		.set_size = (uint16_t)lease->n_ports,
		.at_utc_s = (uint64_t)time(NULL)}; /* the vDSO: no system call */

	if (cgn_directory_inside_live(dir, lease->inside)) {
		r.type = CGN_JOURNAL_LEASE;
		r.flags = lease->is_orphan;
		r.inside_addr = cgn_directory_inside_addr(dir, lease->inside);
	}
	snprintf(r.tenant, sizeof(r.tenant), "%s",
		cgn_directory_tenant_name(dir, dir->pool_tenants[lease->pool]));
	return r;
}

/*
 * Half of the ring stays for what subscribers are waiting for. What finds no room is noted still,
 * so that there is nothing to write anew.
 */
void
cgn_state_leases(struct cgn_control *c)
{
	struct cgn_state *s = &c->state;
	struct cgn_lease lease;

	if (s->ring == NULL)
		return;
	for (uint32_t n = 0; n < LEASE_SLICE; n++) {
		struct cgn_journal_record r;

		if (rte_ring_count(s->ring) >= rte_ring_get_capacity(s->ring) / 2) {
			s->lease_waits += cgn_lease_is_changed(c->pool);
			return;
		}
		if (!cgn_lease_next_change(c->pool, &lease))
			return;
		if (!cgn_directory_pool_live(c->dp->dir, lease.pool))
			continue; /* at the next start it is nobody's */
		r = record_of(c, &lease);
		cgn_state_put(s, &r);
	}
}

/* The lease as numbers of today's configuration; false when its address or its holder is gone. Does
 * not search for the tenant, since there may be many of both. */
static bool
locate(const struct cgn_control *c, const struct cgn_journal_record *r, uint32_t *tenant,
	struct cgn_lease *lease)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_range *range = cgn_range_map_find(&dir->outside_dst, r->outside_addr);

	if (range == NULL || cgn_dst_class_of(range->value) != CGN_DST_POOL)
		return false;
	lease->pool = cgn_dst_number(range->value) + (r->outside_addr - range->origin);
	*tenant = dir->pool_tenants[lease->pool];
	lease->inside = cgn_directory_holder(
		dir, cgn_directory_inside_find(dir, *tenant, r->inside_addr));
	/* Of an owner before, or of one whose session is not known. */
	lease->is_orphan = lease->inside != CGN_NONE &&
		(r->flags != 0 || !cgn_state_is_of_owner(c, lease->inside, r->at_utc_s, true));
	lease->first = r->outside_port;
	lease->n_ports = r->set_size;
	return lease->inside != CGN_NONE &&
		strcmp(r->tenant, cgn_directory_tenant_name(dir, *tenant)) == 0;
}

bool
cgn_state_restore_lease(struct cgn_control *c, const struct cgn_journal_record *r)
{
	struct cgn_journal_record end = *r;
	struct cgn_lease lease;
	uint32_t tenant, rest_s, n;

	if (locate(c, r, &tenant, &lease)) {
		rest_s = c->dp->dir->tenants[tenant].conf->timeouts.port_rest;
		n = cgn_lease_restore(c->pool, tenant, &lease, c->now_s + rest_s);
		c->state.blocks_restored += n;
		return n > 0 || rest_s == 0;
	}
	/* When the ring is full the record stays in the journal, and ends at a later start. */
	end.type = CGN_JOURNAL_RETURN;
	if (c->state.ring != NULL && rte_ring_free_count(c->state.ring) > LEASE_SLICE)
		cgn_state_put(&c->state, &end);
	return false;
}
