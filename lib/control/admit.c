/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission: nothing new where the operator drains (drain.h); the subscriber whose assigned address
 * the packet carries (classify has checked it against the attachment) must be within its quota, and
 * its tenant within its own.
 */
#include "control.h"

enum cgn_fate
cgn_admit(struct cgn_control *c, const struct cgn_flow *flow)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_subscriber *sub = cgn_subscriber_of(c, flow->inside);
	struct cgn_use *use = &c->tenants[flow->tenant], *subscriber_use = &sub->use;
	struct cgn_class own;
	enum cgn_fate fate = CGN_FATE_DRAINING; /* is no quota's fault, and takes no token */

	if (!cgn_drain_refuses(c, flow->tenant))
		fate = cgn_quota_admit(&dir->tenants[flow->tenant],
			cgn_class_of(dir, flow->tenant, sub, flow->inside, &own), use,
			subscriber_use, flow->proto, c->now);
	if (fate == CGN_FATE_NONE && flow->other != 0 &&
		cgn_others_of(&c->others, cgn_holder_of(c, flow->inside)) >=
			cgn_class_of(dir, flow->tenant, sub, flow->inside, &own)->quota.other) {
		use->refused++;
		subscriber_use->refused++;
		fate = CGN_FATE_QUOTA_SUBSCRIBER_OTHER;
	}
	/* Beyond what it is promised only while others leave enough for what they are promised. */
	if (fate == CGN_FATE_NONE &&
		cgn_room_for(&c->mapping_room, cgn_use_total(use),
			cgn_promise_of(c, flow->tenant).mappings) == 0) {
		use->refused++;
		subscriber_use->refused++;
		fate = CGN_FATE_QUOTA_TENANT_MAPPINGS;
	}
	cgn_busiest_note(&c->busiest, cgn_holder_of(c, flow->inside));
	return fate;
}

static void
repromise(struct cgn_room *room, uint32_t used, uint32_t was, uint32_t is)
{
	uint32_t owed = used < was ? was - used : 0;

	room->owed -= owed < room->owed ? owed : room->owed;
	room->owed += used < is ? is - used : 0;
}

void
cgn_promise_set(struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_promise was = c->promises[tenant], is = {0};

	if (cgn_directory_tenant_live(dir, tenant)) {
		const struct cgn_conf_quota_tenant *q = &dir->tenants[tenant].conf->quota.tenant;

		is = (struct cgn_promise){
			.mappings = q->mappings, .explicit_mappings = q->explicit_min};
	}
	c->promises[tenant] = is;
	repromise(&c->mapping_room, cgn_use_total(&c->tenants[tenant]), was.mappings, is.mappings);
	repromise(&c->explicit_room, c->tenants[tenant].explicit_mappings, was.explicit_mappings,
		is.explicit_mappings);
}

void
cgn_rooms_set(struct cgn_control *c)
{
	c->mapping_room = (struct cgn_room){.size = c->dp->dir->conf->table.mappings};
	c->explicit_room = (struct cgn_room){.size = c->explicits.capacity};
	for (uint32_t t = 0; t < c->dp->dir->n_tenants; t++)
		cgn_promise_set(c, t);
}
