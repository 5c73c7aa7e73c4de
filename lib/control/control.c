/* SPDX-License-Identifier: BSD-3-Clause */
/* Creation and end of the control core's state. Main thread. */
#include "control.h"

#include <errno.h>
#include <string.h>

#include "explain.h"
#include "mem.h"
#include "requests.h"
#include "reserve.h"

enum { LIMBO_SHARE = 32, LIMBO_MIN = 1024 };

static int
reserve_arrays(struct cgn_control *c, int socket, struct cgn_errmsg *err)
{
	c->subscribers = cgn_reserve_create(CGN_MAX_INSIDE, sizeof(*c->subscribers), socket);
	c->tenants = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*c->tenants), socket);
	c->promises = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*c->promises), socket);
	c->epochs = cgn_reserve_create(CGN_MAX_TENANTS, sizeof(*c->epochs), socket);
	c->announces = cgn_reserve_create(CGN_MAX_IFACES, sizeof(*c->announces), socket);
	c->request_counts = cgn_reserve_create(
		CGN_MAX_TENANTS, CGN_N_REQUEST_COUNTERS * sizeof(*c->request_counts), socket);
	c->sessions.owners = cgn_reserve_create(
		CGN_MAX_INSIDE, sizeof(*c->sessions.owners), socket);
	c->sessions.classes = cgn_reserve_create(
		CGN_MAX_INSIDE, sizeof(*c->sessions.classes), socket);
	c->others.counts = cgn_reserve_create(CGN_MAX_INSIDE, sizeof(*c->others.counts), socket);
	if (c->others.counts != NULL && c->sessions.owners != NULL && c->sessions.classes != NULL &&
		c->subscribers != NULL && c->tenants != NULL && c->promises != NULL &&
		c->epochs != NULL && c->announces != NULL && c->request_counts != NULL)
		return 0;
	cgn_errmsg_set(err, "no address space for the control core: raise the limit (ulimit -v)");
	return -ENOMEM;
}

int
cgn_control_fill(struct cgn_control *c, const struct cgn_directory *dir, struct cgn_errmsg *err)
{
	if (dir->n_inside > CGN_MAX_INSIDE) {
		cgn_errmsg_set(err,
			"the tenants have %u assigned addresses, more than %u: assign fewer",
			dir->n_inside, (unsigned int)CGN_MAX_INSIDE);
		return -EOVERFLOW;
	}
	if (cgn_reserve_fill(c->subscribers, 0, dir->n_inside) == 0 &&
		cgn_reserve_fill((void *)c->sessions.owners, 0, dir->n_inside) == 0 &&
		cgn_reserve_fill((void *)c->sessions.classes, 0, dir->n_inside) == 0 &&
		cgn_reserve_fill(c->others.counts, 0, dir->n_inside) == 0 &&
		cgn_reserve_fill(c->tenants, 0, dir->n_tenants) == 0 &&
		cgn_reserve_fill(c->promises, 0, dir->n_tenants) == 0 &&
		cgn_reserve_fill(c->epochs, 0, dir->n_tenants) == 0 &&
		cgn_reserve_fill(c->announces, 0, dir->n_ifaces) == 0 &&
		cgn_reserve_fill(c->request_counts, 0, dir->n_tenants) == 0 &&
		cgn_fair_fill(&c->queue, dir->n_tenants) == 0 &&
		cgn_alarms_fill(&c->alarms, dir->n_tenants) == 0 &&
		cgn_drains_fill(&c->drains, dir) == 0 &&
		cgn_contacts_fill(&c->contacts, dir) == 0 &&
		cgn_dependents_fill(&c->dependents, dir) == 0 &&
		cgn_directory_shares_fill(dir, c->error_rates.full_at) == 0 &&
		cgn_counters_grow(&c->counters, dir->n_tenants) == 0)
		return 0;
	cgn_errmsg_set(err, "no memory for %u subscriber addresses: free some or assign fewer",
		dir->n_inside);
	return -ENOMEM;
}

/* What is unlinked waits for its grace period: room beside what the tenants are promised. */
static uint32_t
with_limbo(uint32_t n)
{
	return n > 0 ? n + n / LIMBO_SHARE + LIMBO_MIN : 0;
}

static int
create_dependents(struct cgn_control *c, const struct cgn_control_params *p, struct cgn_errmsg *err)
{
	const struct cgn_conf *conf = c->dp->dir->conf;
	int rc = cgn_dependents_init(&c->dependents, p->name, with_limbo(conf->table.dependent),
		with_limbo(conf->table.mappings), &c->rand, p->socket);

	if (rc < 0)
		cgn_errmsg_set(err,
			"no memory for %u mappings of one remote end: lower table.dependent or "
			"raise memory.size_mib",
			conf->table.dependent);
	return rc;
}

/* What is there only where the file has room for it. */
static int
create_options(struct cgn_control *c, const struct cgn_control_params *p, struct cgn_errmsg *err)
{
	const struct cgn_conf *conf = c->dp->dir->conf;
	int rc = cgn_contacts_init(&c->contacts, with_limbo(conf->table.contacts),
		with_limbo(conf->table.mappings), &c->rand, p->socket);

	if (rc < 0)
		cgn_errmsg_set(err,
			"no memory for %u contacts: lower table.contacts or raise memory.size_mib",
			conf->table.contacts);
	else
		rc = create_dependents(c, p, err);
	return rc;
}

/* What control alone keeps of connections. */
static int
create_lists(struct cgn_control *c, const struct cgn_control_params *p, struct cgn_errmsg *err)
{
	const struct cgn_conf *conf = c->dp->dir->conf;

	if (cgn_unsolicited_init(&c->syns, p->socket) < 0) {
		cgn_errmsg_set(err, "no memory for SYNs that wait: raise memory.size_mib");
		return -ENOMEM;
	}
	if (cgn_algs_init(&c->algs, conf->table.algs, p->socket) < 0) {
		cgn_errmsg_set(err,
			"no memory for %u connections with an ALG: lower table.alg or raise "
			"memory.size_mib",
			conf->table.algs);
		return -ENOMEM;
	}
	return 0;
}

static int
create_tables(struct cgn_control *c, const struct cgn_control_params *p, struct cgn_errmsg *err)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_conf *conf = dir->conf;

	int rc = reserve_arrays(c, p->socket, err);

	if (rc == 0)
		rc = create_options(c, p, err);
	if (rc == 0)
		rc = cgn_control_fill(c, dir, err);
	if (rc < 0)
		return rc;
	cgn_error_rates_set(&c->error_rates, dir);
	c->table = cgn_table_create(
		with_limbo(conf->table.mappings), conf->table.shards, &c->rand, p->socket, err);
	if (c->table == NULL)
		return -errno;
	c->pool = cgn_pool_create(dir, c->subscribers, &c->rand, p->socket, err);
	if (c->pool == NULL)
		return -errno;
	if (cgn_refusals_init(&c->refusals, p->socket) < 0 ||
		cgn_filters_init(&c->filters, conf->table.explicit_mappings, p->socket) < 0 ||
		cgn_explicit_init(&c->explicits, conf->table.explicit_mappings, p->socket) < 0 ||
		cgn_tcp_sessions_init(&c->tcp_sessions, conf->table.tcp_tracked,
			conf->table.tcp_sessions, p->socket) < 0) {
		cgn_errmsg_set(err,
			"no memory for %u explicit mappings, %u of them tracked: lower "
			"table.explicit, table.tcp_tracked or table.tcp_sessions or raise "
			"memory.size_mib",
			conf->table.explicit_mappings, conf->table.tcp_tracked);
		return -ENOMEM;
	}
	if (cgn_others_init(&c->others, p->name, conf->table.others, &c->rand, p->socket) < 0) {
		cgn_errmsg_set(err,
			"no memory for %u mappings by address: lower table.other_protocols or "
			"raise memory.size_mib",
			conf->table.others);
		return -ENOMEM;
	}
	rc = create_lists(c, p, err);
	if (rc < 0)
		return rc;
	c->updates.at = cgn_mem_zalloc("updates", (size_t)conf->table.explicit_mappings + 1,
		sizeof(*c->updates.at), p->socket);
	if (c->updates.at == NULL) {
		cgn_errmsg_set(err, "no memory for explicit mappings: lower table.explicit");
		return -ENOMEM;
	}
	if (cgn_sessions_init(&c->sessions, p->name, conf->table.sessions, p->socket) < 0) {
		cgn_errmsg_set(err,
			"no memory for %u sessions: lower table.sessions or raise memory.size_mib",
			conf->table.sessions);
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
	if (cgn_counters_init(&c->counters, 0, conf->n_ports) < 0 ||
		cgn_error_rates_init(&c->error_rates, params->socket) < 0 ||
		cgn_alarms_init(&c->alarms, params->socket) < 0 ||
		cgn_drains_init(&c->drains, params->socket) < 0 ||
		cgn_event_log_init(&c->events, conf->telemetry.events) < 0 ||
		cgn_fair_init(&c->queue, conf->punt.ring * params->dp->n_workers, params->socket) <
			0 ||
		cgn_request_init(&c->requests, params->name, params->socket) < 0)
		cgn_errmsg_set(err, "no memory for the control core: raise memory.size_mib");
	else
		rc = create_tables(c, params, err);
	if (rc == 0 && cgn_explain_init(c, params->socket) < 0) {
		cgn_errmsg_set(err, "no memory for the control core: raise memory.size_mib");
		rc = -ENOMEM;
	}
	if (rc < 0) {
		cgn_control_destroy(c);
		errno = -rc;
		return NULL;
	}
	cgn_det_log_init(c);
	cgn_block_watch_init(c);
	c->dp->table = c->table;
	c->dp->pool = c->pool;
	c->dp->filters = &c->filters;
	c->dp->others = &c->others;
	c->dp->dependents = &c->dependents;
	c->dp->alg_marks = c->algs.marks;
	c->dp->tcp_sessions = &c->tcp_sessions;
	c->dp->contacts = &c->contacts;
	c->dp->neigh = c->neigh;
	c->dp->owners = c->sessions.owners;
	c->dp->session_classes = c->sessions.classes;
	return c;
}

void
cgn_control_destroy(struct cgn_control *c)
{
	if (c == NULL)
		return;
	cgn_switch_retire(c);
	cgn_request_fini(&c->requests);
	cgn_explain_fini(c);
	cgn_neigh_destroy(c->neigh);
	cgn_explicit_fini(&c->explicits);
	cgn_filters_fini(&c->filters);
	cgn_others_fini(&c->others);
	cgn_dependents_fini(&c->dependents);
	cgn_unsolicited_fini(&c->syns);
	cgn_algs_fini(&c->algs);
	cgn_reserve_destroy(c->others.counts);
	cgn_tcp_sessions_fini(&c->tcp_sessions);
	cgn_contacts_fini(&c->contacts);
	cgn_refusals_fini(&c->refusals);
	cgn_sessions_fini(&c->sessions);
	cgn_reserve_destroy(c->request_counts);
	cgn_reserve_destroy(c->promises);
	cgn_reserve_destroy(c->epochs);
	cgn_reserve_destroy(c->announces);
	cgn_pool_destroy(c->pool);
	cgn_table_destroy(c->table);
	cgn_error_rates_fini(&c->error_rates);
	cgn_fair_fini(&c->queue);
	cgn_alarms_fini(&c->alarms);
	cgn_drains_fini(&c->drains);
	cgn_event_log_fini(&c->events);
	cgn_mem_free(c->updates.at);
	cgn_reserve_destroy(c->subscribers);
	cgn_reserve_destroy(c->tenants);
	cgn_counters_fini(&c->counters);
	cgn_mem_free(c);
}

void
cgn_control_settle(struct cgn_control *c)
{
	c->stopping = true;
	cgn_punt_purge(c);
	cgn_neigh_flush(c->neigh);
}

void
cgn_control_start(struct cgn_control *c, cgn_ns_t now)
{
	c->now = now;
	c->now_s = c->start_s = cgn_ns_to_s(now);
	c->pool->rest_now_s = c->now_s;
	cgn_rooms_set(c);
	cgn_wheel_init(&c->wheel, &c->table->sides[0].wheel, sizeof(c->table->sides[0]), c->now_s);
	cgn_wheel_init(
		&c->updates.wheel, &c->updates.at[0].node, sizeof(c->updates.at[0]), c->now_s);
	if (c->contacts.capacity > 0)
		cgn_wheel_init(&c->contact_wheel, &c->contacts.records[0].wheel,
			sizeof(c->contacts.records[0]), c->now_s);
	cgn_neigh_start(c->neigh, c->now_s);
	c->announce_at_s = c->now_s;
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++) {
		if (!cgn_directory_tenant_live(c->dp->dir, t))
			continue;
		cgn_epoch_reset(&c->epochs[t], now);
		cgn_portctl_announce_start(c, t);
	}
	cgn_sessions_start(c);
	cgn_static_start(c);
}
