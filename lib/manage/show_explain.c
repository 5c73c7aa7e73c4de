/* SPDX-License-Identifier: BSD-3-Clause */
/* Handler of `explain`: reads the packet, asks control (control/explain.h), and tells the story.
 * Telemetry threads. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "deterministic.h"
#include "explain.h"
#include "show.h"

enum { DEFAULT_LENGTH = 64, DEFAULT_TTL = 64, ECHO_REPLY = 0, ECHO_REQUEST = 8 };

/* The interface that the tenant's packet would come in by: where its source is assigned, else its
 * first attachment. */
static const struct cgn_iface *
attachment_of(const struct cgn_directory *dir, uint32_t tenant, uint32_t src)
{
	uint32_t inside = cgn_directory_inside_find(dir, tenant, src);

	if (inside != CGN_NONE)
		return &dir->ifaces[cgn_directory_run_at(dir, inside)->iface];
	return dir->tenants[tenant].conf->n_attachments > 0
		? &dir->ifaces[dir->tenants[tenant].ifaces[0]]
		: NULL;
}

/* The first uplink of a port, or NULL. */
static const struct cgn_iface *
uplink_of(const struct cgn_directory *dir, uint32_t port)
{
	for (uint16_t u = 0; u < dir->conf->n_uplinks; u++)
		if (dir->ifaces[dir->uplinks[u]].port == port)
			return &dir->ifaces[dir->uplinks[u]];
	return NULL;
}

/* Where the packet enters; false with the error answered. */
static bool
read_way_in(struct cgn_show *show, struct cgn_explain *e)
{
	const struct cgn_param_value *vlan = cgn_params_find(show->params, CGN_PARAM_VLAN);
	const struct cgn_directory *dir = show->box->dir;
	const struct cgn_iface *iface = NULL;
	uint32_t tenant, port;

	if (!cgn_show_tenant_find(show, &tenant) || !cgn_show_port_find(show, &port))
		return false;
	if (tenant == CGN_NONE && port == CGN_NONE) {
		cgn_reply_error(
			show->reply, "", "say where it enters: tenant NAME, or the name of a port");
		return false;
	}
	if (tenant != CGN_NONE)
		iface = attachment_of(dir, tenant, e->src);
	else
		iface = uplink_of(dir, port);
	if (tenant != CGN_NONE && iface == NULL) {
		cgn_reply_error(show->reply, "tenant", "this tenant has no attachment");
		return false;
	}
	if (iface != NULL)
		e->tags = iface->tags;
	e->port = port != CGN_NONE ? (uint16_t)port : iface->port;
	if (vlan == NULL)
		return true;
	e->tags = (struct cgn_tags){.n = (uint8_t)vlan->port,
		.outer = (uint16_t)(vlan->port == 2 ? vlan->number >> 16 : vlan->number),
		.inner = (uint16_t)(vlan->port == 2 ? vlan->number & 0xfff : 0),
		.outer_tpid = vlan->port == 2 ? RTE_ETHER_TYPE_QINQ : RTE_ETHER_TYPE_VLAN};
	return true;
}

static uint64_t
number_or(const struct cgn_show *show, enum cgn_param_id id, uint64_t otherwise)
{
	const struct cgn_param_value *v = cgn_params_find(show->params, id);

	return v != NULL ? v->number : otherwise;
}

static bool
read_packet(struct cgn_show *show, struct cgn_explain *e)
{
	const struct cgn_param_value *from = cgn_params_find(show->params, CGN_PARAM_FROM);
	const struct cgn_param_value *to = cgn_params_find(show->params, CGN_PARAM_TO);
	enum { FLAG_SYN = 2 };

	*e = (struct cgn_explain){.src = from->addr,
		.sport = from->port,
		.dst = to->addr,
		.dport = to->port,
		.proto = (uint8_t)to->number,
		.ip_proto = to->ip_proto,
		.tcp_flags = (uint8_t)number_or(show, CGN_PARAM_FLAGS, FLAG_SYN),
		.ttl = (uint8_t)number_or(show, CGN_PARAM_TTL, DEFAULT_TTL),
		.ip_len = (uint16_t)number_or(show, CGN_PARAM_LENGTH, DEFAULT_LENGTH)};
	if (!read_way_in(show, e))
		return false;
	e->icmp_type = show->box->dir->ports[e->port].role == CGN_ROLE_INSIDE ? ECHO_REQUEST
									      : ECHO_REPLY;
	if (e->proto == CGN_ICMP && from->port != to->port && to->port != 0 && from->port != 0) {
		cgn_reply_error(
			show->reply, "to", "an echo has one identifier: give from and to the same");
		return false;
	}
	if (e->proto == CGN_ICMP && e->sport == 0)
		e->sport = e->dport;
	return true;
}

static void
step(struct cgn_show *show, const char *name, const char *fmt, ...)
{
	char text[CGN_REPLY_STRING_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (show->reply->n_rows >= cgn_show_limit(show))
		return;
	cgn_reply_row_begin(show->reply);
	cgn_reply_str(show->reply, "step", name);
	cgn_reply_str(show->reply, "finding", text);
	(void)cgn_reply_row_end(show->reply); /* ten short rows fit any page */
}

static bool
reached(const struct cgn_explain *e, enum cgn_explain_reached what)
{
	return (e->reached & (uint32_t)what) != 0;
}

static const char *
fate_name(const struct cgn_explain *e)
{
	return e->fate < CGN_N_FATES ? cgn_fates[e->fate].name : "request";
}

/* addr: as text. */
static void
tell_subscriber(struct cgn_show *show, const struct cgn_explain *e, const char *addr)
{
	bool is_alone = cgn_directory_subscriber(show->box->dir, e->inside).len == 32;
	const char *id = cgn_show_id_str(show, e->inside, e->id);
	char prefix[CGN_PREFIX_STRLEN] = "";

	if (!is_alone)
		cgn_show_subscriber_str(show, e->inside, prefix);
	step(show, "source", "%s is assigned to a subscriber there%s%s%s%s", addr,
		is_alone ? "" : ", ", prefix, strcmp(id, "-") == 0 ? "" : ": ",
		strcmp(id, "-") == 0 ? "" : id);
}

static void
tell_way_in(struct cgn_show *show, const struct cgn_explain *e)
{
	const struct cgn_directory *dir = show->box->dir;
	const char *port = show->box->conf->ports[e->port].name;
	char tags[24] = "untagged", addr[CGN_IP4_STRLEN];

	if (e->tags.n == 1)
		snprintf(tags, sizeof(tags), "VLAN %u", e->tags.outer);
	else if (e->tags.n == 2)
		snprintf(tags, sizeof(tags), "VLAN %u.%u", e->tags.outer, e->tags.inner);
	if (!reached(e, CGN_EXPLAIN_IFACE)) {
		step(show, "way in", "port %s, %s: nothing enters there", port, tags);
		return;
	}
	if (dir->ifaces[e->iface].role == CGN_ROLE_OUTSIDE) {
		step(show, "way in", "port %s, %s: an uplink", port, tags);
		return;
	}
	step(show, "way in", "port %s, %s: an attachment of tenant %s", port, tags,
		cgn_directory_tenant_name(dir, dir->ifaces[e->iface].tenant));
	cgn_ip4_str(e->src, addr);
	if (reached(e, CGN_EXPLAIN_SOURCE))
		tell_subscriber(show, e, addr);
	else if (e->assigned_iface != CGN_NONE)
		step(show, "source", "%s is assigned, but at another attachment", addr);
	else
		step(show, "source", "%s is not assigned to anybody there", addr);
}

static void
tell_destination(struct cgn_show *show, const struct cgn_explain *e)
{
	static const char *const classes[] = {
		[CGN_DST_GATEWAY] = "beyond a next hop",
		[CGN_DST_ONLINK] = "on an uplink's own link",
		[CGN_DST_POOL] = "an outside address of a pool",
		[CGN_DST_OWN] = "the box itself",
		[CGN_DST_INSIDE] = "the tenant's own inside",
		[CGN_DST_NEVER] = "an address that no packet may have",
	};
	char addr[CGN_IP4_STRLEN];

	if (!reached(e, CGN_EXPLAIN_DEST))
		return;
	cgn_ip4_str(e->dst, addr);
	if (e->fate == CGN_FATE_BYPASS_IN)
		step(show, "destination",
			"%s is a subscriber of tenant %s, which its nat.bypass "
			"lets the source reach",
			addr, cgn_directory_tenant_name(show->box->dir, e->tenant));
	else if (!e->has_route)
		step(show, "destination", "%s: no route", addr);
	else
		step(show, "destination", "%s is %s", addr,
			classes[cgn_dst_class_of(e->dst_value)]);
}

static void
tell_use(struct cgn_show *show, const struct cgn_explain *e)
{
	uint32_t iface = cgn_directory_run_at(show->box->dir, e->inside)->iface;
	enum cgn_proto proto = e->proto == CGN_OTHER ? CGN_ICMP : (enum cgn_proto)e->proto;
	const struct cgn_conf_tenant *conf =
		show->box->dir->tenants[show->box->dir->ifaces[iface].tenant].conf;

	step(show, "quotas", "%s: subscriber has %u mappings of %u (%s %u), tenant %u of %u",
		reached(e, CGN_EXPLAIN_QUOTA) ? "within" : fate_name(e), cgn_use_total(&e->use),
		e->limits.quota.mappings, cgn_proto_str(proto), e->use.mappings[proto],
		cgn_use_total(&e->tenant_use), conf->quota.tenant.mappings);
}

/* Where a computed range comes first. */
static void
tell_range(struct cgn_show *show, uint32_t tenant, uint32_t inside)
{
	const struct cgn_directory *dir = show->box->dir;
	const struct cgn_det *det = dir->tenants[tenant].det;
	struct cgn_det_answer answer;
	struct cgn_det_text text;

	if (det == NULL)
		return;
	cgn_det_forward(det, cgn_directory_inside_addr(dir, inside), &answer);
	cgn_det_text_init(det, &answer, &text);
	step(show, "range", "%s", text.answer);
}

static void
tell_port(struct cgn_show *show, const struct cgn_explain *e)
{
	const struct cgn_directory *dir = show->box->dir;
	char addr[CGN_IP4_STRLEN] = "-";
	uint32_t tenant = dir->ifaces[cgn_directory_run_at(dir, e->inside)->iface].tenant;
	uint32_t first = e->block.first_granule * (uint32_t)CGN_GRANULE_PORTS;

	tell_range(show, tenant, e->inside);
	if (!reached(e, CGN_EXPLAIN_PORTS)) {
		step(show, "outside port", "none: %s", fate_name(e));
		return;
	}
	if (e->choice.address != CGN_NONE)
		cgn_ip4_str(dir->pool_addrs[e->choice.address], addr);
	if (e->is_dependent)
		step(show, "mapping", "for this remote end alone: its outside port is shared");
	if (e->is_dependent && e->shared.pool != CGN_NONE)
		step(show, "outside port",
			"of %s, one that mappings of the subscriber have already, as %u", addr,
			e->shared.port);
	else if (e->proto == CGN_OTHER)
		step(show, "outside port",
			"none is needed; an ICMP identifier of %s stands for the mapping",
			e->choice.address != CGN_NONE ? addr : "an address of the tenant");
	else if (e->is_owner)
		step(show, "outside port", "the same port of %s, which is the subscriber's alone",
			addr);
	else if (e->choice.block != CGN_NONE)
		step(show, "outside port", "of %s, at random from its block %u-%u", addr, first,
			first + e->block.n_granules * CGN_GRANULE_PORTS - 1u);
	else if (e->choice.address != CGN_NONE)
		step(show, "outside port", "of %s, at random from a new block there", addr);
	else
		step(show, "outside port",
			"at random from a new block of an address of the tenant");
}

static void
tell_mapping(struct cgn_show *show, const struct cgn_explain *e)
{
	char text[CGN_MAPPING_STRLEN];

	if (e->fate == CGN_FATE_BYPASS_OUT || e->fate == CGN_FATE_BYPASS_IN) {
		step(show, "mapping", "none is needed: nat.bypass has the remote address");
		return;
	}
	if (reached(e, CGN_EXPLAIN_FOUND)) {
		step(show, "mapping", "%s%s", cgn_mapping_str(&e->mapping, text),
			e->mapping.dependent ? ", for this remote end alone" : "");
		if (reached(e, CGN_EXPLAIN_CONTACT))
			step(show, "contact", "new: %s",
				reached(e, CGN_EXPLAIN_NEXT_HOP) ? "control remembers the peer"
								 : fate_name(e));
		return;
	}
	if (reached(e, CGN_EXPLAIN_CONTROL)) {
		step(show, "mapping", "none yet; the packet asks for one, within its rates");
		tell_use(show, e);
		if (reached(e, CGN_EXPLAIN_QUOTA))
			tell_port(show, e);
		return;
	}
	if (e->fate == CGN_FATE_NO_MAPPING)
		step(show, "mapping", "none, and such a packet makes none");
	else if (e->fate == CGN_FATE_TCP_NOT_SYN || e->fate == CGN_FATE_PUNT_SUBSCRIBER_RATE)
		step(show, "mapping", "none, and none is asked for: %s", fate_name(e));
}

/* Whether the filter of the mapping that lets the packet in was asked, and what it said. */
static void
tell_filter(struct cgn_show *show, const struct cgn_explain *e)
{
	const struct cgn_mapping *m = reached(e, CGN_EXPLAIN_RECEIVER) ? &e->to : &e->mapping;
	char text[CGN_MAPPING_STRLEN];

	if (reached(e, CGN_EXPLAIN_RECEIVER))
		step(show, "receiver", "%s", cgn_mapping_str(&e->to, text));
	if (!reached(e, CGN_EXPLAIN_RECEIVER) &&
		(!reached(e, CGN_EXPLAIN_FOUND) ||
			show->box->dir->ifaces[e->iface].role == CGN_ROLE_INSIDE))
		return;
	if (e->fate == CGN_FATE_FILTERED)
		step(show, "filter", "keeps this peer out");
	else if (e->fate == CGN_FATE_NO_CONTACT)
		step(show, "filter", "the mapping has not sent to this peer");
	else if (m->dependent)
		step(show, "filter", "none: the mapping is for this remote end alone");
	else if (m->filter == 0)
		step(show, "filter", "none: whoever comes");
	else if (m->filter & CGN_FILTER_CONTACTS)
		step(show, "filter", "the mapping has sent to this peer");
	else
		step(show, "filter", "lets this peer in");
}

static void
tell_way_out(struct cgn_show *show, const struct cgn_explain *e)
{
	const struct cgn_directory *dir = show->box->dir;
	uint32_t addr, number;
	char text[CGN_IP4_STRLEN];

	if (e->fate == CGN_FATE_TTL_EXPIRED)
		step(show, "ttl", "%u: ends here, and its sender is told", e->ttl);
	if (e->fate == CGN_FATE_TOO_BIG)
		step(show, "length", "%u bytes are more than the next hop's link takes", e->ip_len);
	if (!reached(e, CGN_EXPLAIN_NEXT_HOP))
		return;
	number = cgn_directory_neigh_iface(dir, e->neigh, &addr);
	step(show, "length", "%u bytes of %u", e->ip_len, dir->ifaces[number].mtu);
	step(show, "next hop", "%s at port %s: %s", cgn_ip4_str(addr, text),
		show->box->conf->ports[dir->ifaces[number].port].name,
		cgn_neigh_state_str((enum cgn_neigh_state)e->neigh_state));
}

static void
add_packet(struct cgn_show *show, const struct cgn_explain *e)
{
	char from[CGN_IP4_STRLEN], to[CGN_IP4_STRLEN];

	if (e->proto == CGN_OTHER) {
		cgn_reply_fmt(show->reply, "packet", "%s %s -> %s, %u bytes, ttl %u",
			cgn_other_str(e->ip_proto), cgn_ip4_str(e->src, from),
			cgn_ip4_str(e->dst, to), e->ip_len, e->ttl);
		return;
	}
	cgn_reply_fmt(show->reply, "packet", "%s %s:%u -> %s:%u, %u bytes, ttl %u",
		cgn_proto_str((enum cgn_proto)e->proto), cgn_ip4_str(e->src, from), e->sport,
		cgn_ip4_str(e->dst, to), e->proto == CGN_ICMP ? e->sport : e->dport, e->ip_len,
		e->ttl);
}

void
cgn_show_explain(struct cgn_show *show)
{
	struct cgn_explain e;
	bool is_held;

	if (!read_packet(show, &e) || !cgn_show_ask(show, cgn_explain_run, &e, sizeof(e)))
		return;
	if (e.is_impossible) {
		cgn_reply_error(show->reply, "", "no packet buffer or memory is free; try again");
		return;
	}
	is_held = reached(&e, CGN_EXPLAIN_NEXT_HOP) && !e.is_resolved;
	add_packet(show, &e);
	cgn_reply_str(show->reply, "fate", fate_name(&e));
	cgn_reply_str(show->reply, "severity",
		e.fate < CGN_N_FATES ? cgn_severity_str(cgn_fates[e.fate].severity) : "ok");
	cgn_reply_str(show->reply, "meaning",
		e.fate < CGN_N_FATES ? cgn_fates[e.fate].sentence
				     : "The NAT-PMP and PCP server reads it.");
	cgn_reply_str(show->reply, "held", is_held ? "yes" : "no");
	cgn_reply_str(show->reply, "tenant", cgn_directory_tenant_name(show->box->dir, e.tenant));
	tell_way_in(show, &e);
	tell_destination(show, &e);
	tell_mapping(show, &e);
	tell_filter(show, &e);
	tell_way_out(show, &e);
	step(show, "fate", "%s%s", fate_name(&e), is_held ? ", once the next hop answers" : "");
}
