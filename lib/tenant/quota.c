/* SPDX-License-Identifier: BSD-3-Clause */
/* Admission limits; called by control/admit.c and the places that make and remove mappings. */
#include "quota.h"

#include <assert.h>

static enum cgn_fate
subscriber_limit(const struct cgn_conf_quota_subscriber *quota, const struct cgn_use *use,
	enum cgn_proto proto)
{
	static const enum cgn_fate by_proto[CGN_N_PROTOS] = {
		[CGN_TCP] = CGN_FATE_QUOTA_SUBSCRIBER_TCP,
		[CGN_UDP] = CGN_FATE_QUOTA_SUBSCRIBER_UDP,
		[CGN_ICMP] = CGN_FATE_QUOTA_SUBSCRIBER_ICMP,
	};
	const uint32_t limits[CGN_N_PROTOS] = {
		[CGN_TCP] = quota->tcp, [CGN_UDP] = quota->udp, [CGN_ICMP] = quota->icmp};

	if (cgn_use_total(use) >= quota->mappings)
		return CGN_FATE_QUOTA_SUBSCRIBER_MAPPINGS;
	if (use->mappings[proto] >= limits[proto])
		return by_proto[proto];
	return CGN_FATE_NONE;
}

enum cgn_fate
cgn_quota_admit(const struct cgn_tenant *tenant, const struct cgn_class *limits,
	struct cgn_use *tenant_use, struct cgn_use *subscriber_use, enum cgn_proto proto,
	cgn_ns_t now)
{
	enum cgn_fate fate = subscriber_limit(&limits->quota, subscriber_use, proto);

	/* The subscriber's limits first: one that is over its own must not use up its tenant's
	 * rate. */
	if (fate == CGN_FATE_NONE &&
		cgn_use_total(tenant_use) >= cgn_conf_mappings_max(&tenant->conf->quota.tenant))
		fate = CGN_FATE_QUOTA_TENANT_MAPPINGS;
	if (fate == CGN_FATE_NONE &&
		!cgn_rate_has(&limits->new_rate, subscriber_use->rate_full_at, now))
		fate = CGN_FATE_QUOTA_SUBSCRIBER_RATE;
	if (fate == CGN_FATE_NONE &&
		!cgn_rate_take(&tenant->new_rate, &tenant_use->rate_full_at, now))
		fate = CGN_FATE_QUOTA_TENANT_RATE;
	if (fate == CGN_FATE_NONE)
		cgn_rate_take(&limits->new_rate, &subscriber_use->rate_full_at, now);
	else {
		tenant_use->refused++;
		subscriber_use->refused++;
	}
	return fate;
}

void
cgn_use_add(struct cgn_use *use, enum cgn_proto proto)
{
	uint32_t total;

	use->mappings[proto]++;
	use->made++;
	total = cgn_use_total(use);
	if (total > use->peak)
		use->peak = total;
}

void
cgn_use_del(struct cgn_use *use, enum cgn_proto proto)
{
	assert(use->mappings[proto] > 0);
	use->mappings[proto]--;
}
