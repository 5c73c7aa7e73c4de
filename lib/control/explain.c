/* SPDX-License-Identifier: BSD-3-Clause */
/* What would become of a packet; see explain.h. Called by manage/show_explain.c. */
#include "explain.h"

#include <errno.h>
#include <string.h>

#include "mem.h"
#include "other_proto.h"
#include "port_block.h"
#include "reserve.h"
#include "verdict.h"

enum { MAX_PLACED = 2 };

struct cgn_scratch {
	struct cgn_worker w;
	struct cgn_dataplane dp;
	struct cgn_table table;      /* only entries, under the numbers of the real one */
	struct cgn_mapping *entries; /* reserved; [capacity + 1]: the mapping to be made */
	struct cgn_pool pool;        /* only granules and chunks: what hairpins may find */
	struct cgn_chunk chunks[1 + MAX_PLACED];
	uint64_t placed[MAX_PLACED]; /* granules with a chunk */
	uint32_t n_placed;
	struct cgn_contacts contacts; /* the real ones, touched by nobody */
};

int
cgn_explain_init(struct cgn_control *c, int socket)
{
	struct cgn_scratch *s = cgn_mem_zalloc("explain", 1, sizeof(*s), socket);

	c->scratch = s;
	if (s == NULL)
		return -ENOMEM;
	s->w.describes = true;
	s->entries = cgn_reserve_create(c->table->capacity + 2, sizeof(*s->entries), socket);
	s->pool.chunks = s->chunks;
	s->pool.granules = cgn_reserve_create(
		(size_t)CGN_MAX_POOL * CGN_GRANULES, sizeof(*s->pool.granules), socket);
	if (s->entries == NULL || s->pool.granules == NULL || cgn_worker_reserve(&s->w, socket) < 0)
		return -ENOMEM;
	return cgn_counters_init(&s->w.counters, 0, c->dp->dir->conf->n_ports);
}

void
cgn_explain_fini(struct cgn_control *c)
{
	struct cgn_scratch *s = c->scratch;

	if (s == NULL)
		return;
	cgn_reserve_destroy(s->entries);
	cgn_reserve_destroy(s->pool.granules);
	cgn_worker_unreserve(&s->w);
	cgn_counters_fini(&s->w.counters);
	cgn_mem_free(s);
	c->scratch = NULL;
}

/* The fullest rate of any worker stands for that of the one that would get the packet. */
static int
copy_rates(const struct cgn_control *c, uint32_t asker)
{
	struct cgn_worker *w = &c->scratch->w;
	const uint32_t inside = cgn_directory_holder(c->dp->dir, asker);

	if (asker == CGN_NONE)
		return 0;
	if (cgn_reserve_fill(w->subscriber_full_at, inside, 1) < 0 ||
		cgn_reserve_fill(w->request_full_at, inside, 1) < 0)
		return -ENOMEM;
	w->subscriber_full_at[inside] = w->request_full_at[inside] = 0;
	for (uint16_t i = 0; i < c->dp->n_workers; i++) {
		uint64_t flow = cgn_counter_read(&c->dp->workers[i]->subscriber_full_at[inside]);
		uint64_t request = cgn_counter_read(&c->dp->workers[i]->request_full_at[inside]);

		if (flow > w->subscriber_full_at[inside])
			w->subscriber_full_at[inside] = flow;
		if (request > w->request_full_at[inside])
			w->request_full_at[inside] = request;
	}
	return 0;
}

/* The same for echo replies of own addresses; from outside these are the box's. */
static void
copy_echo_rate(const struct cgn_control *c, const struct cgn_explain *e)
{
	struct cgn_worker *w = &c->scratch->w;
	const struct cgn_pkt pkt = {.iface = e->iface, .tenant = CGN_TENANT_BOX};
	uint32_t share;

	if (!(e->reached & CGN_EXPLAIN_IFACE))
		return;
	share = cgn_directory_share(c->dp->dir, &pkt);
	w->echo_full_at[share] = 0;
	for (uint16_t i = 0; i < c->dp->n_workers; i++) {
		uint64_t at = cgn_counter_read(&c->dp->workers[i]->echo_full_at[share]);

		if (at > w->echo_full_at[share])
			w->echo_full_at[share] = at;
	}
}

/* A copy that the stages may touch. */
static struct cgn_mapping *
copy_mapping(const struct cgn_control *c, uint32_t i)
{
	struct cgn_mapping *m = &c->scratch->entries[i];

	if (cgn_reserve_fill(c->scratch->entries, i, 1) < 0)
		return NULL;
	memcpy(m, cgn_table_at(c->table, i), sizeof(*m));
	atomic_store_explicit(&m->sessions, 0, memory_order_relaxed); /* records are not copied */
	return m;
}

/* Where a new mapping would get its port; the ports of an owner are given (allocate.c). */
static enum cgn_fate
foresee_port(const struct cgn_control *c, const struct cgn_flow *flow, struct cgn_explain *e)
{
	const struct cgn_pool_wish wish = cgn_wish_of(flow);
	uint16_t port = wish.port;

	e->is_owner = cgn_pool_owns(c->pool, flow->inside);
	e->is_dependent = cgn_share_wants(c, flow);
	if (e->is_dependent)
		return cgn_share_foresee(c, flow, &e->shared, &e->choice);
	if (!e->is_owner)
		return cgn_pool_foresee(c->pool, &wish, &e->choice);
	e->choice = (struct cgn_pool_choice){
		.block = CGN_NONE, .address = cgn_subscriber_of(c, flow->inside)->pool};
	if (flow->other != 0)
		return CGN_FATE_NONE; /* some identifier will be free */
	return cgn_granule_reserved(port / CGN_GRANULE_PORTS, flow->proto) >>
				(port % CGN_GRANULE_PORTS) &
			1
		? CGN_FATE_NO_PORTS
		: CGN_FATE_NONE;
}

/* The mapping that would be made; its outside port is not known, and 0 here. */
static enum cgn_fate
fill_new(const struct cgn_control *c, const struct cgn_flow *flow, const struct cgn_pkt *pkt,
	struct cgn_explain *e)
{
	uint32_t i = c->table->capacity + 1;
	struct cgn_mapping *m = &c->scratch->entries[i];

	if (cgn_reserve_fill(c->scratch->entries, i, 1) < 0)
		return CGN_FATE_TABLE_FULL;
	memset(m, 0, sizeof(*m));
	m->inside_addr = rte_cpu_to_be_32(cgn_directory_inside_addr(c->dp->dir, flow->inside));
	m->inside_port = flow->port;
	if (e->choice.address != CGN_NONE)
		m->outside_addr = rte_cpu_to_be_32(c->dp->dir->pool_addrs[e->choice.address]);
	if (e->is_owner)
		m->outside_port = flow->port;
	m->dependent = e->is_dependent;
	if (e->is_dependent && e->shared.pool != CGN_NONE)
		m->outside_port = rte_cpu_to_be_16(e->shared.port);
	m->inside = flow->inside;
	m->neigh = cgn_directory_inside_neigh(c->dp->dir, flow->inside);
	m->tenant = flow->tenant;
	m->proto = flow->other != 0 ? (uint8_t)CGN_OTHER : (uint8_t)flow->proto;
	if (flow->other != 0) {
		m->ip_proto = flow->other;
		m->remote = flow->remote;
	}
	m->one_to_one = e->is_owner;
	cgn_filtering_choose(c, m, pkt);
	e->mapping = *m;
	return CGN_FATE_NONE;
}

/* As new_flow of punt_drain.c: admit, allocate, publish, on copies. */
static enum cgn_fate
foresee_mapping(struct cgn_control *c, const struct cgn_pkt *pkt, struct cgn_explain *e)
{
	struct cgn_flow flow = cgn_flow_of(pkt);
	struct cgn_use tenant_use = c->tenants[flow.tenant],
		       use = cgn_subscriber_of(c, flow.inside)->use;
	enum cgn_fate fate;

	e->reached |= CGN_EXPLAIN_CONTROL;
	e->inside = flow.inside;
	e->tenant_use = tenant_use;
	e->use = use;
	if (cgn_drain_refuses(c, flow.tenant))
		return CGN_FATE_DRAINING;
	e->limits = *cgn_class_of(c->dp->dir, flow.tenant, cgn_subscriber_of(c, flow.inside),
		flow.inside, &e->limits);
	fate = cgn_quota_admit(&c->dp->dir->tenants[flow.tenant], &e->limits, &tenant_use, &use,
		flow.proto, c->now);
	if (fate != CGN_FATE_NONE)
		return fate;
	if (flow.other != 0 &&
		cgn_others_of(&c->others, cgn_holder_of(c, flow.inside)) >= e->limits.quota.other)
		return CGN_FATE_QUOTA_SUBSCRIBER_OTHER;
	e->reached |= CGN_EXPLAIN_QUOTA;
	if (flow.other != 0 && c->others.n == c->others.capacity)
		return CGN_FATE_TABLE_FULL;
	if (c->table->n_free == 0)
		return CGN_FATE_TABLE_FULL;
	fate = foresee_port(c, &flow, e);
	if (fate == CGN_FATE_NONE && flow.other != 0 && e->choice.address != CGN_NONE &&
		cgn_others_find(&c->others, CGN_OUT2IN, e->choice.address, flow.remote,
			flow.other) != CGN_MAPPING_NONE)
		fate = CGN_FATE_OTHER_TAKEN;
	if (fate != CGN_FATE_NONE)
		return fate;
	e->reached |= CGN_EXPLAIN_PORTS;
	if (e->choice.block != CGN_NONE)
		e->block = c->pool->blocks[e->choice.block];
	return fill_new(c, &flow, pkt, e);
}

static bool
reached_new(const struct cgn_explain *e)
{
	return (e->reached & CGN_EXPLAIN_PORTS) != 0;
}

/* Entry i is what a look-up of an outside port will find. */
static void
place(struct cgn_scratch *s, struct cgn_port at, enum cgn_proto proto, uint32_t i)
{
	uint64_t granule = (uint64_t)at.pool * CGN_GRANULES + at.port / CGN_GRANULE_PORTS;

	if (s->n_placed == MAX_PLACED || cgn_reserve_fill(s->pool.granules, granule, 1) < 0)
		return;
	if (s->pool.granules[granule] == 0) {
		s->placed[s->n_placed++] = granule;
		s->pool.granules[granule] = s->n_placed;
	}
	s->chunks[s->pool.granules[granule]].slots[proto][at.port % CGN_GRANULE_PORTS] = i;
}

static void
unplace_all(struct cgn_scratch *s)
{
	memset(s->chunks, 0, sizeof(s->chunks));
	while (s->n_placed > 0)
		s->pool.granules[s->placed[--s->n_placed]] = 0;
}

/*
 * What hairpin.c may find: the receiver's mapping, if there is one, and the one to be made, which a
 * subscriber who pings its own outside address gets to. False: no memory.
 */
static bool
copy_receiver(const struct cgn_control *c, const struct cgn_pkt *pkt, struct cgn_explain *e)
{
	rte_be16_t port = pkt->proto == CGN_ICMP ? e->mapping.outside_port : pkt->dport;
	const struct cgn_range *range = cgn_range_map_find(&c->dp->dir->outside_dst, e->dst);
	struct cgn_port at = {.port = rte_be_to_cpu_16(port)};
	const struct cgn_remote from = {e->mapping.outside_addr, e->mapping.outside_port};
	enum cgn_proto proto = (enum cgn_proto)pkt->proto;
	struct cgn_mapping *m;
	uint32_t i;

	if (range == NULL || cgn_dst_class_of(range->value) != CGN_DST_POOL)
		return true;
	at.pool = cgn_dst_number(range->value) + (e->dst - range->origin);
	if (cgn_reserve_fill(
		    c->scratch->pool.granules, (uint64_t)at.pool * CGN_GRANULES, CGN_GRANULES) < 0)
		return false;
	if (reached_new(e) && e->choice.address != CGN_NONE)
		place(c->scratch,
			(struct cgn_port){
				e->choice.address, rte_be_to_cpu_16(e->mapping.outside_port)},
			proto, c->table->capacity + 1);
	i = cgn_outside_find(c, &at, (uint8_t)proto, &from);
	m = i != CGN_MAPPING_NONE ? copy_mapping(c, i) : NULL;
	if (m == NULL)
		return true;
	place(c->scratch, at, proto, m->dependent ? CGN_SLOT_SHARED | i : i);
	e->to = *m;
	e->reached |= CGN_EXPLAIN_RECEIVER;
	return true;
}

/* From look-up on, as cgn_worker_poll does; FATE_NONE while the packet is on its way. */
static enum cgn_fate
find_mapping(struct cgn_control *c, struct cgn_explain *e)
{
	struct cgn_worker *w = &c->scratch->w;
	struct cgn_burst *b = &w->burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[0]);
	enum cgn_fate fate;
	struct cgn_mapping *m;

	cgn_lookup(w);
	if (b->miss.n == 0 && b->hit_in2out.n + b->hit_out2in.n + b->hit_hairpin.n > 0) {
		m = copy_mapping(c, b->found[0]);
		if (m == NULL)
			return CGN_FATE_TABLE_FULL;
		e->mapping = *m;
		e->reached |= CGN_EXPLAIN_FOUND;
	}
	if (b->miss.n == 0)
		return CGN_FATE_NONE;
	if (pkt->dir == CGN_OUT2IN && copy_rates(c, pkt->inside) < 0)
		return CGN_FATE_TABLE_FULL;
	cgn_punt_misses(w);
	if (w->new_flows.n == 0)
		return CGN_FATE_NONE; /* dropped */
	w->new_flows.n = 0;
	fate = foresee_mapping(c, pkt, e);
	b->found[0] = c->table->capacity + 1;
	cgn_lane_add(pkt->dir == CGN_OUT2IN ? &b->hit_out2in
			: pkt->hairpin      ? &b->hit_hairpin
					    : &b->hit_in2out,
		0);
	return fate;
}

/* It is in the lane tx. */
static enum cgn_fate
leave(const struct cgn_control *c, const struct cgn_pkt *pkt, struct cgn_explain *e)
{
	e->reached |= CGN_EXPLAIN_NEXT_HOP;
	e->neigh = pkt->neigh;
	e->neigh_state = c->neigh->ctl[pkt->neigh].state;
	e->is_resolved = atomic_load_explicit(
				 &c->neigh->entries[pkt->neigh].mac, memory_order_relaxed) &
		CGN_NEIGH_RESOLVED;
	return (enum cgn_fate)pkt->fate;
}

static enum cgn_fate
translate(struct cgn_control *c, struct cgn_explain *e)
{
	struct cgn_scratch *s = c->scratch;
	struct cgn_burst *b = &s->w.burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[0]);

	s->table.entries = s->entries;
	s->dp.table = &s->table;
	s->dp.pool = &s->pool;
	if (b->hit_hairpin.n > 0 && !copy_receiver(c, pkt, e)) {
		e->is_impossible = true;
		return CGN_FATE_NONE;
	}
	e->fate = cgn_explain_stages(c, &s->w, &s->contacts, e);
	if (s->w.new_flows.n > 0) { /* control would read its text, and send it back */
		s->w.new_flows.n = 0;
		pkt->resumed = 1;
		e->fate = cgn_explain_stages(c, &s->w, &s->contacts, e);
	}
	unplace_all(s);
	return b->tx.n > 0 ? leave(c, pkt, e) : e->fate; /* NONE: dropped, too long, too far */
}

/* A packet of nat.protocols or of a call, as cgn_other_protos does with it; FATE_NONE: it has been
 * dropped. */
static enum cgn_fate
find_pair(struct cgn_control *c, struct cgn_explain *e)
{
	struct cgn_scratch *s = c->scratch;
	struct cgn_burst *b = &s->w.burst;
	struct cgn_pkt *pkt = cgn_pkt_of(b->mbufs[0]);
	bool in2out = pkt->dir == CGN_IN2OUT, call;
	uint32_t i = cgn_other_find(&s->w, b->mbufs[0], &call);
	const struct cgn_mapping *m = i != CGN_MAPPING_NONE ? copy_mapping(c, i) : NULL;
	enum cgn_fate fate;

	if (i != CGN_MAPPING_NONE && m == NULL)
		return CGN_FATE_TABLE_FULL;
	s->table.entries = s->entries;
	s->dp.table = &s->table;
	cgn_other_protos(&s->w);
	if (m != NULL && (b->tx.n > 0 || s->w.local.n > 0)) {
		e->mapping = *m;
		e->reached |= CGN_EXPLAIN_FOUND;
	}
	if (b->tx.n > 0)
		return leave(c, pkt, e);
	if (b->miss.n == 0)
		return CGN_FATE_NONE;
	if (!in2out && copy_rates(c, pkt->inside) < 0)
		return CGN_FATE_TABLE_FULL;
	cgn_punt_misses(&s->w);
	if (s->w.new_flows.n == 0)
		return CGN_FATE_NONE;
	s->w.new_flows.n = 0;
	fate = foresee_mapping(c, pkt, e);
	if (fate != CGN_FATE_NONE)
		return fate;
	pkt->fate = in2out ? CGN_FATE_IN2OUT : CGN_FATE_OUT2IN;
	if (!in2out)
		pkt->neigh = cgn_directory_inside_neigh(c->dp->dir, pkt->inside);
	return leave(c, pkt, e);
}

/* The fate that the worker has counted for the packet or handed to control for; counts nothing. */
static enum cgn_fate
fate_of(struct cgn_worker *w, const struct cgn_pkt *pkt)
{
	uint64_t *fates = &w->counters.fates[(uint64_t)pkt->tenant * CGN_N_FATES];

	for (int f = 0; f < CGN_N_FATES; f++)
		if (fates[f] != 0) {
			fates[f] = 0;
			return (enum cgn_fate)f;
		}
	for (uint32_t p = 0; p < CGN_MAX_PORTS; p++)
		if (w->tx[p].n > 0)
			return (enum cgn_fate)pkt->fate;
	if (w->local.n > 0 && pkt->action == CGN_ACT_UNSOLICITED)
		return (enum cgn_fate)pkt->fate;
	if (w->local.n > 0 && pkt->action == CGN_ACT_TTL)
		return CGN_FATE_TTL_EXPIRED;
	if (w->local.n > 0 && pkt->action == CGN_ACT_TOO_BIG)
		return CGN_FATE_TOO_BIG;
	return CGN_FATE_NONE;
}

/* 0 or -ENOMEM. */
static int
prepare(struct cgn_control *c, struct cgn_explain *e)
{
	struct cgn_scratch *s = c->scratch;
	const struct cgn_directory *dir = c->dp->dir;

	memcpy(&s->dp, c->dp, sizeof(s->dp));
	s->w.dp = &s->dp;
	s->w.dir = dir;
	s->w.burst.now = c->now;
	s->w.burst.now_s = c->now_s;
	s->w.burst.port = e->port;
	s->w.burst.n = 1;
	s->w.local.n = s->w.new_flows.n = 0;
	for (uint32_t p = 0; p < CGN_MAX_PORTS; p++)
		s->w.tx[p].n = s->w.tx[p].n_sent = 0;
	if (cgn_reserve_fill(s->w.syn_full_at, 0, dir->n_tenants) < 0 ||
		cgn_reserve_fill(s->w.punt_sent.tenants, 0, dir->n_tenants) < 0 ||
		cgn_reserve_fill(s->w.punt_done.tenants, 0, dir->n_tenants) < 0 ||
		cgn_directory_shares_fill(dir, s->w.local_full_at) < 0 ||
		cgn_directory_shares_fill(dir, s->w.echo_full_at) < 0 ||
		cgn_counters_grow(&s->w.counters, dir->n_tenants) < 0)
		return -ENOMEM;
	/* Nothing is under way to control: shares that are used up are not foretold. */
	memset(s->w.punt_sent.tenants, 0, dir->n_tenants * sizeof(*s->w.punt_sent.tenants));
	s->w.punt_sent.all = 0;
	s->w.punt_window = c->dp->workers[0]->punt_window;
	cgn_explain_describe(c, e);
	copy_echo_rate(c, e);
	return copy_rates(c, e->inside);
}

void
cgn_explain_run(struct cgn_control *c, void *explain)
{
	struct cgn_explain *e = explain;
	struct cgn_worker *w = &c->scratch->w;
	struct rte_mbuf *m = prepare(c, e) == 0 ? cgn_explain_frame(c, e) : NULL;

	e->fate = CGN_FATE_NONE;
	e->is_impossible = m == NULL;
	if (m == NULL)
		return;
	rte_mbuf_refcnt_set(m, 2); /* one to lose in a drop, one to look at it afterwards */
	w->burst.mbufs[0] = m;
	cgn_classify(w);
	if (w->burst.tx.n > 0) { /* nat.bypass */
		e->inside = cgn_pkt_of(m)->inside;
		e->fate = leave(c, cgn_pkt_of(m), e);
	}
	if (w->burst.other.n > 0)
		e->fate = find_pair(c, e);
	if (w->burst.in2out.n + w->burst.out2in.n + w->burst.hairpin.n > 0) {
		e->fate = find_mapping(c, e);
		if (e->fate == CGN_FATE_NONE &&
			w->burst.hit_in2out.n + w->burst.hit_out2in.n + w->burst.hit_hairpin.n > 0)
			e->fate = translate(c, e);
	}
	e->tenant = cgn_pkt_of(m)->tenant;
	if (e->fate == CGN_FATE_NONE)
		e->fate = fate_of(w, cgn_pkt_of(m));
	rte_mbuf_refcnt_set(m, 1);
	rte_pktmbuf_free(m);
}
