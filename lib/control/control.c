/* SPDX-License-Identifier: BSD-3-Clause */
/* Creation and end of the control core's state. Main thread. */
#include "control.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "requests.h"

enum { LIMBO_SHARE = 32, LIMBO_MIN = 1024 };

static int
create_tables(struct cgn_control *c, const struct cgn_control_params *p, struct cgn_errmsg *err)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_conf *conf = dir->conf;

	c->subscribers = cgn_mem_zalloc(
		"subscribers", dir->n_inside, sizeof(*c->subscribers), p->socket);
	c->tenants = cgn_mem_zalloc("tenants", dir->n_tenants, sizeof(*c->tenants), p->socket);
	if (c->subscribers == NULL || c->tenants == NULL) {
		cgn_errmsg_set(err,
			"no memory for %u subscriber addresses: raise memory.size_mib or assign "
			"fewer",
			dir->n_inside);
		return -ENOMEM;
	}
	/* What is unlinked waits for its grace period: room beside what the tenants are promised.
	 */
	c->table = cgn_table_create(p->name,
		conf->table.mappings + conf->table.mappings / LIMBO_SHARE + LIMBO_MIN,
		conf->table.shards, &c->rand, p->socket, err);
	if (c->table == NULL)
		return -errno;
	c->pool = cgn_pool_create(dir, c->subscribers, &c->rand, p->socket, err);
	if (c->pool == NULL)
		return -errno;
	c->epochs = cgn_mem_zalloc("epochs", dir->n_tenants, sizeof(*c->epochs), p->socket);
	c->announces = cgn_mem_zalloc("announces", dir->n_ifaces, sizeof(*c->announces), p->socket);
	c->request_counts = cgn_mem_zalloc("requests", dir->n_tenants,
		CGN_N_REQUEST_COUNTERS * sizeof(*c->request_counts), p->socket);
	if (c->epochs == NULL || c->announces == NULL || c->request_counts == NULL ||
		cgn_refusals_init(&c->refusals, p->socket) < 0 ||
		cgn_filters_init(&c->filters, conf->table.explicit_mappings, p->socket) < 0 ||
		cgn_explicit_init(&c->explicits, conf->table.explicit_mappings, p->socket) < 0) {
		cgn_errmsg_set(err,
			"no memory for %u explicit mappings: lower table.explicit or raise "
			"memory.size_mib",
			conf->table.explicit_mappings);
		return -ENOMEM;
	}
	c->neigh = cgn_neigh_create(dir, &cgn_arp_neigh_ops, c, p->socket, err);
	return c->neigh == NULL ? -errno : 0;
}

struct cgn_control *
cgn_control_create(const struct cgn_control_params *params, struct cgn_errmsg *err)
{
	const struct cgn_conf *conf = params->dp->dir->conf;
	struct cgn_control *c = cgn_mem_zalloc("control", 1, sizeof(*c), params->socket);
	int rc = -ENOMEM;

	if (c == NULL) {
		cgn_errmsg_set(err, "no memory for the control core: raise memory.size_mib");
		errno = ENOMEM;
		return NULL;
	}
	c->dp = params->dp;
	c->mempool = params->mempool;
	cgn_rand_init(&c->rand, params->seed);
	c->icmp_rate = cgn_rate_make(conf->icmp.errors_per_s, conf->icmp.burst);
	if (cgn_counters_init(&c->counters, conf->n_tenants, conf->n_ports) < 0 ||
		cgn_request_init(&c->requests, params->name, params->socket) < 0)
		cgn_errmsg_set(err, "no memory for the control core: raise memory.size_mib");
	else
		rc = create_tables(c, params, err);
	if (rc < 0) {
		cgn_control_destroy(c);
		errno = -rc;
		return NULL;
	}
	c->dp->table = c->table;
	c->dp->pool = c->pool;
	c->dp->filters = &c->filters;
	c->dp->neigh = c->neigh;
	return c;
}

void
cgn_control_destroy(struct cgn_control *c)
{
	if (c == NULL)
		return;
	cgn_request_fini(&c->requests);
	cgn_neigh_destroy(c->neigh);
	cgn_explicit_fini(&c->explicits);
	cgn_filters_fini(&c->filters);
	cgn_refusals_fini(&c->refusals);
	cgn_mem_free(c->request_counts);
	cgn_mem_free(c->epochs);
	cgn_mem_free(c->announces);
	cgn_pool_destroy(c->pool);
	cgn_table_destroy(c->table);
	cgn_mem_free(c->subscribers);
	cgn_mem_free(c->tenants);
	cgn_counters_fini(&c->counters);
	cgn_mem_free(c);
}

void
cgn_control_settle(struct cgn_control *c)
{
	c->stopping = true;
	cgn_neigh_flush(c->neigh);
}

void
cgn_control_start(struct cgn_control *c, cgn_ns_t now)
{
	c->now = now;
	c->now_s = c->start_s = cgn_ns_to_s(now);
	c->pool->rest_now_s = c->now_s;
	cgn_wheel_init(
		&c->wheel, &c->table->entries[0].wheel, sizeof(c->table->entries[0]), c->now_s);
	cgn_neigh_start(c->neigh, c->now_s);
	c->announce_at_s = c->now_s;
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++) {
		if (!cgn_directory_tenant_live(c->dp->dir, t))
			continue;
		cgn_epoch_reset(&c->epochs[t], now);
		cgn_portctl_announce_start(c, t);
	}
	cgn_static_start(c);
}
