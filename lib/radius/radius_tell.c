/* SPDX-License-Identifier: BSD-3-Clause */
/* See radius_tell.h. */
#include "radius_tell.h"

#include <inttypes.h>

#include "counters.h"
#include "log.h"

/* A sender of wrong packets must not fill the log. */
enum { TELL_S = 60 };

static const char *const advice[CGN_N_ACCOUNTING_RESULTS] = {
	[CGN_ACCOUNTING_WRONG_SECRET] =
		"not signed with the secret of radius.secret_file: compare it with the access "
		"server's; if they are the same, somebody else sends from its address",
	[CGN_ACCOUNTING_MALFORMED] =
		"not an accounting request (RFC 2866): the access server must send accounting, not "
		"authentication, here",
	[CGN_ACCOUNTING_INCOMPLETE] =
		"an attribute is missing: Acct-Status-Type, Acct-Session-Id, NAS-IP-Address or "
		"NAS-Identifier, or what radius.subscriber names",
	[CGN_ACCOUNTING_REFUSED] =
		"the session could not be made: see table.sessions, and that radius.class_from "
		"gives a class of the tenant",
	[CGN_ACCOUNTING_NOT_RECORDED] =
		"the control core did not take it in time: see how busy it is (cgnatctl workers)",
};

/* One of them is due: now, after a minute without. */
static bool
is_due(cgn_ns_t *told_at, cgn_ns_t now)
{
	if (*told_at != 0 && now - *told_at < TELL_S * CGN_NS_PER_S)
		return false;
	*told_at = now;
	return true;
}

static uint64_t
count_of_result(const struct cgn_radius_client *client, enum cgn_accounting_result result)
{
	uint64_t n = 0;

	for (int k = 0; k < CGN_N_ACCOUNTING_KINDS; k++)
		n += client->counts[k * CGN_N_ACCOUNTING_RESULTS + (int)result];
	return n;
}

void
cgn_radius_tell(struct cgn_radius *r, struct cgn_radius_client *client,
	const struct cgn_radius_datagram *d, enum cgn_accounting_kind kind,
	enum cgn_accounting_result result)
{
	char prefix[CGN_PREFIX_STRLEN], from[CGN_IP4_STRLEN];
	uint64_t n;

	cgn_counter_add(&client->counts[kind * CGN_N_ACCOUNTING_RESULTS + result], 1);
	if (advice[result] == NULL || !is_due(&client->told_at[result], r->now))
		return;
	n = count_of_result(client, result);
	cgn_warn("radius", "%s tenant=%s client=%s from=%s:%u dropped=%" PRIu64 "; %s",
		cgn_accounting_results[result].name, r->settings->tenants[client->tenant].name,
		cgn_prefix_str(client->prefix, prefix), cgn_ip4_str(d->src, from), d->src_port,
		n - client->told[result], advice[result]);
	client->told[result] = n;
}

void
cgn_radius_tell_class(
	const struct cgn_radius *r, struct cgn_radius_client *client, const char *name)
{
	char prefix[CGN_PREFIX_STRLEN];

	if (is_due(&client->told_class_at, r->now))
		cgn_warn("radius",
			"unknown_class tenant=%s client=%s class=%s; the session has no class of "
			"its own: add it to the tenant's classes, or see radius.class_from",
			r->settings->tenants[client->tenant].name,
			cgn_prefix_str(client->prefix, prefix), name);
}

void
cgn_radius_tell_unknown(struct cgn_radius *r, const struct cgn_radius_datagram *d)
{
	char from[CGN_IP4_STRLEN], at[CGN_IP4_STRLEN];

	cgn_counter_add(&r->unknown_clients, 1);
	if (!is_due(&r->unknown_told_at, r->now))
		return;
	cgn_warn("radius",
		"unknown_client from=%s:%u at=%s dropped=%" PRIu64
		"; in no tenant's radius.clients there: add it, or keep it away from this port",
		cgn_ip4_str(d->src, from), d->src_port,
		cgn_ip4_str(r->settings->listens[d->listen].addr, at),
		r->unknown_clients - r->unknown_told);
	r->unknown_told = r->unknown_clients;
}
