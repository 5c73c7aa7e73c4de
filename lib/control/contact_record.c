/* SPDX-License-Identifier: BSD-3-Clause */
/* Contacts: chosen, recorded, expired; see contact_record.h. */
#include "contact_record.h"

#include "control.h"
#include "lifetime.h"

enum { EXPIRE_SLICE = 256 };

static uint32_t
filtering_of(const struct cgn_mapping *m)
{
	return atomic_load_explicit(&m->filter, memory_order_relaxed) & CGN_FILTER_CONTACTS;
}

/* An address that one subscriber has for itself lets whoever comes in (static_addresses). A mapping
 * of a protocol without ports is of one remote address, one that shares its port of one remote end,
 * and lets no other in. */
void
cgn_filtering_choose(const struct cgn_control *c, struct cgn_mapping *m, const struct cgn_pkt *pkt)
{
	static const uint32_t words[] = {[CGN_FILTERING_INDEPENDENT] = 0,
		[CGN_FILTERING_ADDRESS] = CGN_FILTER_ADDRESS,
		[CGN_FILTERING_ADDRESS_PORT] = CGN_FILTER_ADDRESS_PORT};
	const struct cgn_conf_tenant *conf = cgn_conf_of(c, m->tenant);
	const struct cgn_conf_nat_rule *rule;
	enum cgn_filtering filtering = conf->nat.filtering;

	if (pkt->dir != CGN_IN2OUT || m->one_to_one || c->contacts.capacity == 0 ||
		m->proto == CGN_OTHER || m->dependent)
		return;
	rule = m->proto == CGN_ICMP
		? NULL
		: cgn_conf_nat_rule_find(conf, m->proto, rte_be_to_cpu_16(pkt->dport));
	if (rule != NULL)
		filtering = rule->filtering;
	atomic_store_explicit(&m->filter, words[filtering], memory_order_relaxed);
}

static struct cgn_contact_key
key_of(const struct cgn_mapping *m, uint32_t i, const struct cgn_pkt *pkt)
{
	return cgn_contact_key(i, filtering_of(m), m->proto, pkt->dst, pkt->dport);
}

/* Is there nothing to record? */
static bool
is_recorded(const struct cgn_control *c, const struct cgn_mapping *m, uint32_t i,
	const struct cgn_pkt *pkt)
{
	struct cgn_contact_key key;

	if (pkt->dir != CGN_IN2OUT || filtering_of(m) == 0)
		return true;
	key = key_of(m, i, pkt);
	return cgn_contact_find(&c->contacts, &key) != 0;
}

static enum cgn_fate
refuse(const struct cgn_control *c, const struct cgn_mapping *m, uint32_t i)
{
	const struct cgn_directory *dir = c->dp->dir;
	struct cgn_class own;
	const struct cgn_subscriber *sub = cgn_subscriber_of(c, m->inside);
	const struct cgn_conf_quota_subscriber *quota =
		&cgn_class_of(dir, m->tenant, sub, m->inside, &own)->quota;

	if (c->contacts.lists[i].n >= quota->mapping_contacts)
		return CGN_FATE_QUOTA_MAPPING_CONTACTS;
	if (c->contacts.of_holders[cgn_holder_of(c, m->inside)] >= quota->contacts)
		return CGN_FATE_QUOTA_SUBSCRIBER_CONTACTS;
	if (c->contacts.of_tenants[m->tenant] >=
			dir->tenants[m->tenant].conf->quota.tenant.contacts ||
		c->contacts.n_used >= c->contacts.capacity)
		return CGN_FATE_QUOTA_TENANT_CONTACTS;
	return CGN_FATE_NONE;
}

enum cgn_fate
cgn_contact_foresee(const struct cgn_control *c, const struct cgn_mapping *m, uint32_t i,
	const struct cgn_pkt *pkt)
{
	return is_recorded(c, m, i, pkt) ? CGN_FATE_NONE : refuse(c, m, i);
}

/* When to look at a contact: as a mapping of the same kind, whose state it shares. */
static uint32_t
check_s(const struct cgn_control *c, const struct cgn_contact *r)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, r->key.mapping);
	const struct cgn_conf_timeouts *timeouts = &cgn_conf_of(c, m->tenant)->timeouts;
	uint32_t end = atomic_load_explicit(&r->last_use_s, memory_order_relaxed) +
		cgn_lifetime_idle_s(timeouts, m);
	uint32_t shortest = RTE_MIN(timeouts->tcp_closing, timeouts->tcp_opening);

	if (m->proto == CGN_TCP && (int32_t)(end - c->now_s) > (int32_t)shortest)
		return c->now_s + shortest;
	return end;
}

enum cgn_fate
cgn_contact_note(struct cgn_control *c, uint32_t i, const struct cgn_pkt *pkt)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, i);
	struct cgn_contact_key key;
	enum cgn_fate fate;
	uint32_t r;

	if (is_recorded(c, m, i, pkt))
		return CGN_FATE_NONE;
	fate = refuse(c, m, i);
	if (fate != CGN_FATE_NONE) {
		c->tenants[m->tenant].refused++;
		cgn_subscriber_of(c, m->inside)->use.refused++;
		return fate;
	}
	key = key_of(m, i, pkt);
	r = cgn_contact_add(&c->contacts, &key, c->now_s);
	if (r == 0)
		return CGN_FATE_TABLE_FULL;
	c->contacts.of_holders[cgn_holder_of(c, m->inside)]++;
	c->contacts.of_tenants[m->tenant]++;
	cgn_wheel_add(&c->contact_wheel, r, check_s(c, &c->contacts.records[r]));
	return CGN_FATE_NONE;
}

static void
end(struct cgn_control *c, uint32_t r)
{
	const struct cgn_mapping *m = cgn_table_at(c->table, c->contacts.records[r].key.mapping);

	cgn_wheel_del(&c->contact_wheel, r);
	cgn_contact_unlink(&c->contacts, r);
	c->contacts.of_holders[cgn_holder_of(c, m->inside)]--;
	c->contacts.of_tenants[m->tenant]--;
	c->contacts.records[r].next = c->open.first_contact;
	c->open.first_contact = r;
	c->open.n++;
}

void
cgn_contacts_end(struct cgn_control *c, uint32_t i)
{
	struct cgn_mapping *m = cgn_table_at(c->table, i);

	if (filtering_of(m) == 0)
		return;
	atomic_store_explicit(&m->filter, 0, memory_order_release);
	while (c->contacts.lists[i].first != 0)
		end(c, c->contacts.lists[i].first);
}

uint32_t
cgn_contacts_expire(struct cgn_control *c)
{
	uint32_t n = 0;

	if (c->contacts.capacity == 0)
		return 0;
	for (; n < EXPIRE_SLICE; n++) {
		uint32_t r = cgn_wheel_next_due(&c->contact_wheel, c->now_s), at;

		if (r == UINT32_MAX)
			break;
		at = check_s(c, &c->contacts.records[r]);
		if ((int32_t)(at - c->now_s) > 0)
			cgn_wheel_add(&c->contact_wheel, r, at);
		else
			end(c, r);
	}
	return n;
}

uint32_t
cgn_contacts_of(const struct cgn_control *c, uint32_t i)
{
	return c->contacts.capacity > 0 ? c->contacts.lists[i].n : 0;
}
