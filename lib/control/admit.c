/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission: the subscriber whose assigned address the packet carries (classify has checked it
 * against the attachment) must be within its quota, and its tenant within its own.
 */
#include "control.h"

enum cgn_fate
cgn_admit(struct cgn_control *c, const struct cgn_flow *flow)
{
	struct cgn_use *use = &c->tenants[flow->tenant];
	struct cgn_use *subscriber_use = &cgn_subscriber_of(c, flow->inside)->use;
	enum cgn_fate fate = cgn_quota_admit(
		&c->dp->dir->tenants[flow->tenant], use, subscriber_use, flow->proto, c->now);

	/* Beyond what it is promised only while others leave enough for what they are promised. */
	if (fate == CGN_FATE_NONE &&
		cgn_room_for(&c->mapping_room, cgn_use_total(use),
			cgn_promise_of(c, flow->tenant).mappings) == 0) {
		use->refused++;
		subscriber_use->refused++;
		fate = CGN_FATE_QUOTA_TENANT_MAPPINGS;
	}
	cgn_busiest_note(&c->busiest, flow->inside);
	return fate;
}

struct cgn_promise
cgn_promise_of(const struct cgn_control *c, uint32_t tenant)
{
	const struct cgn_directory *dir = c->dp->dir;
	const struct cgn_conf_quota_tenant *quota;

	if (!cgn_directory_tenant_live(dir, tenant))
		return (struct cgn_promise){0};
	quota = &dir->tenants[tenant].conf->quota.tenant;
	return (struct cgn_promise){
		.mappings = quota->mappings, .explicit_mappings = quota->explicit_min};
}

void
cgn_rooms_set(struct cgn_control *c)
{
	const struct cgn_directory *dir = c->dp->dir;

	c->mapping_room = (struct cgn_room){.size = dir->conf->table.mappings};
	c->explicit_room = (struct cgn_room){.size = c->explicits.capacity};
	for (uint32_t t = 0; t < dir->n_tenants; t++) {
		struct cgn_promise promise = cgn_promise_of(c, t);
		uint32_t used = cgn_use_total(&c->tenants[t]);
		uint32_t asked = c->tenants[t].explicit_mappings;

		c->mapping_room.used += used;
		c->mapping_room.owed += used < promise.mappings ? promise.mappings - used : 0;
		c->explicit_room.used += asked;
		c->explicit_room.owed += asked < promise.explicit_mappings
			? promise.explicit_mappings - asked
			: 0;
	}
}
