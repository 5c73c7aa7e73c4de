/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is where: the configuration turned into what look-ups need. Built on the main thread from a
 * validated struct cgn_conf, const once published, read by every thread. Nothing here is counted,
 * learned or allocated at run time.
 *
 * Numbers, so that arrays replace hash tables everywhere else:
 *  - tenant number, below CGN_MAX_TENANTS and never given twice; CGN_TENANT_BOX stands for the
 *    box;
 *  - interface number: attachments (inside) and uplinks (outside);
 *  - inside index: one per assigned address of every tenant; where several addresses are one
 *    subscriber, that of the least of them names it (cgn_directory_holder);
 *  - pool index: one per outside address of every pool;
 *  - neighbour index: one per address of every interface's on-link prefix.
 * They are dense in the first directory. A directory that follows another one keeps the number of
 * whatever persists and gives what is new numbers that the older one does not use: in both together
 * a number has one owner. So n_tenants, n_ifaces, … are bounds, which never fall from a directory
 * to the next, and numbers below them may be nobody's: zeroed, and told by cgn_directory_…_live.
 * Addresses are HOST order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "arp.h"
#include "conf.h"
#include "err.h"
#include "fates.h"
#include "numbers.h"
#include "pkt.h"
#include "range_map.h"
#include "rate.h"

struct cgn_iface {
	bool live;     /* false: the number is nobody's */
	uint16_t port; /* index into cgn_directory.ports, not the DPDK port id */
	uint16_t tenant;
	enum cgn_role role;
	struct cgn_tags tags;
	struct cgn_prefix
		onlink;      /* addr: the box's own address on it (service or uplink address) */
	uint32_t neigh_base; /* neighbour index of the first address of the on-link prefix */
	uint16_t mtu;
	struct cgn_range_map subscribers; /* inside: source address → inside index of origin */
	uint32_t n_subscribers;
	/* inside: several subscribers, and nothing keeps one from using another's address: requests
	 * for mappings prove nothing here (AMB-16, ADV-09). */
	bool unbound;
};

/* What a role-specific tag look-up yields when nothing is there. */
enum { CGN_IFACE_NONE = UINT16_MAX, CGN_MAX_IFACES = UINT16_MAX };

struct cgn_port_tags {
	enum cgn_role role;
	uint16_t untagged;    /* interface number or CGN_IFACE_NONE */
	uint16_t *single;     /* [4096] by VID, or NULL */
	uint16_t **double_by; /* [4096] by outer VID → [4096] by inner VID, or NULL */
};

/* A run of assigned addresses with consecutive inside indices. */
struct cgn_inside_run {
	uint32_t first_index, n;
	uint32_t first_addr;
	uint32_t neigh; /* next hop: gateway's neighbour index, or of first_addr when on-link */
	/* Its first addresses may be of a subscriber that began in another run: his holder. */
	uint32_t first_holder;
	uint16_t iface;
	bool onlink;
	uint8_t mask_len; /* of one subscriber */
};

/* A run of pool addresses with consecutive pool indices. */
struct cgn_pool_run {
	uint32_t first_index, n;
	uint32_t first_addr;
	uint16_t tenant;
};

/* What one subscriber may hold, with everything that was left open filled in. */
struct cgn_class {
	const char *name; /* NULL: the number is nobody's */
	struct cgn_conf_quota_subscriber quota;
	uint32_t max_blocks;
	struct cgn_rate new_rate;
};

/*
 * Classes are numbered by their names within a tenant; a number has one owner in a directory and
 * the one before it. 0 is what quota.subscriber says.
 */
enum { CGN_CLASS_NUMBERS = 256 };

struct cgn_tenant {
	const struct cgn_conf_tenant *conf; /* NULL: the number is nobody's */
	const uint16_t *ifaces; /* [conf->n_attachments] interface numbers, in that order */
	struct cgn_number_runs inside, pool; /* its numbers; see cgn_number_next */
	uint32_t n_inside, n_pool;           /* how many */
	uint32_t n_subscribers;
	uint32_t first_pool; /* of its pool indices, which stand together in a first directory */
	struct cgn_range_map subscribers; /* of all attachments: address → inside index of origin */
	struct cgn_range_map inside_dst; /* its own part, see cgn_directory_inside_dst */
	struct cgn_range_map bypass;     /* destinations that are not translated; no values */
	struct cgn_class *classes;       /* [n_classes] by number */
	uint32_t n_classes;
	struct cgn_rate new_rate;
	struct cgn_rate request_rate; /* NAT-PMP and PCP, of one subscriber */
	struct cgn_det *det;          /* ports.deterministic, or NULL: off */
	uint64_t *reserved;           /* [1024] a bit for each of ports.reserved, or NULL: none */
	uint64_t protocols[4]; /* a bit for each IP protocol of nat.protocols; see cgn_tenant_names
				*/
};

/* Is the IP protocol, without ports, translated for the tenant (nat.protocols)? */
static inline bool
cgn_tenant_names(const struct cgn_tenant *tenant, uint8_t ip_proto)
{
	return (tenant->protocols[ip_proto / 64] >> ip_proto % 64 & 1) != 0;
}

/*
 * Values of the destination maps: what the address is, in the top bits, and a number. One look-up
 * per packet is route look-up, hairpin detection and martian filter at once.
 */
enum cgn_dst_class {
	CGN_DST_GATEWAY, /* number: neighbour index of the next hop */
	CGN_DST_ONLINK,  /* number: neighbour index of range.origin */
	CGN_DST_POOL,    /* number: pool index of range.origin */
	CGN_DST_OWN,     /* the box itself; number: interface whose address it is */
	CGN_DST_INSIDE,  /* the tenant's own subscribers and on-link prefixes */
	CGN_DST_NEVER,   /* group, loopback, shared address space, … */
};

enum { CGN_DST_SHIFT = 28 };

/* Pool addresses of a box: a /16, six times what CGN_MAX_CHUNKS (nat/pool.h) serves by default. */
enum { CGN_MAX_POOL = 65536 };

static inline uint32_t
cgn_dst_value(enum cgn_dst_class dst_class, uint32_t number)
{
	return (uint32_t)dst_class << CGN_DST_SHIFT | number;
}

static inline enum cgn_dst_class
cgn_dst_class_of(uint32_t value)
{
	return (enum cgn_dst_class)(value >> CGN_DST_SHIFT);
}

static inline uint32_t
cgn_dst_number(uint32_t value)
{
	return value & ((UINT32_C(1) << CGN_DST_SHIFT) - 1);
}

enum {
	CGN_POLICY_MARK = 1, /* some tenant has nat.dscp_… or nat.ip_options: clear */
	CGN_POLICY_DROP = 2, /* some tenant has nat.ip_options: drop */
};

struct cgn_directory {
	const struct cgn_conf *conf;
	struct cgn_tenant *tenants;        /* [n_tenants] */
	const struct cgn_tenant **by_name; /* [conf->n_tenants] those that live, by name */
	uint32_t n_tenants;
	struct cgn_iface *ifaces; /* [n_ifaces] */
	uint32_t n_ifaces;
	uint16_t *attachments; /* interface numbers, tenant after tenant */
	uint16_t *uplinks;     /* [conf->n_uplinks] interface numbers, in that order */
	uint16_t *by_neigh;    /* [n_live_ifaces] interface numbers by neigh_base */
	uint32_t n_live_ifaces;
	struct cgn_port_tags *ports; /* [conf->n_ports] */
	struct cgn_rate punt_rate,
		local_rate;        /* of the ways to control: a subscriber's, a share's */
	struct cgn_rate echo_rate; /* a share's */
	uint32_t n_inside, n_pool, n_neigh;
	uint32_t n_subscribers;             /* holders that live */
	struct cgn_inside_run *inside_runs; /* sorted by first_index */
	uint32_t n_inside_runs;
	bool has_masks;                 /* some subscriber has several addresses */
	uint8_t policies;               /* of any tenant, see CGN_POLICY_MARK */
	struct cgn_pool_run *pool_runs; /* sorted by first_index */
	uint32_t n_pool_runs;
	struct cgn_number_run *tenant_runs; /* where the tenants' lists are */
	uint16_t *inside_kinds;             /* [n_inside], see CGN_KIND_SESSIONS */
	uint32_t *inside_listed; /* [n_inside] place in the tenant's list + 1; NULL: none has one */
	uint32_t *pool_addrs;    /* [n_pool], 0 when nobody's */
	uint16_t *pool_tenants;  /* [n_pool] */
	bool *pool_drains;       /* [n_pool] takes no new flows */
	uint32_t *pool_was;      /* [n_pool] the address that has or had the number last, 0: none */
	uint16_t *pool_were_of;  /* [n_pool] and its tenant, who lives */
	struct cgn_range_map inside_dst;  /* the part of all, see cgn_directory_inside_dst */
	struct cgn_range_map outside_src; /* forbidden outside sources → enum cgn_fate */
	struct cgn_range_map outside_dst; /* pool and own addresses, see cgn_dst_value */
	/* What the maps say of most addresses, for those that ask for each packet. */
	struct cgn_range_blocks outside_free; /* outside sources that nothing forbids */
	struct cgn_range_blocks usual_dst;    /* of inside_dst, of the way below */
	uint32_t usual_neigh; /* of CGN_DST_GATEWAY: next hop of the widest part of inside_dst */
	/* Who may be reached from a remote address without translation (directory_bypass.c). */
	struct cgn_range_map bypass_remotes; /* remote address → group */
	struct cgn_range_map *bypass_groups; /* inside address → inside index of origin */
	uint32_t n_bypass_groups;
};

/*
 * old: the directory to follow, whose conf has the same list of ports, or NULL; only read, and not
 * needed afterwards. What persists keeps its number: a tenant by name; an interface by role,
 * tenant, port and tags; an inside index by tenant, address, subscriber_mask and the least address
 * of its subscriber, wherever that is attached, so that its holder persists with it; a pool
 * index by tenant and address, also when older directories had the address last, as ports of it may
 * rest still (RFC 6888 REQ-8); a neighbour index by interface and on-link prefix.
 * NULL with *err and errno set: ENOMEM; EOVERFLOW for sizes beyond the number spaces; ERANGE when
 * every tenant number has had its owner.
 */
struct cgn_directory *cgn_directory_create(
	const struct cgn_conf *conf, const struct cgn_directory *old, struct cgn_errmsg *err);
void cgn_directory_destroy(struct cgn_directory *dir);

/* Has the number an owner? Any number is accepted, below the bound or not. */
static inline bool
cgn_directory_tenant_live(const struct cgn_directory *dir, uint32_t t)
{
	return t < dir->n_tenants && dir->tenants[t].conf != NULL;
}

static inline bool
cgn_directory_iface_live(const struct cgn_directory *dir, uint32_t i)
{
	return i < dir->n_ifaces && dir->ifaces[i].live;
}

static inline bool
cgn_directory_pool_live(const struct cgn_directory *dir, uint32_t i)
{
	return i < dir->n_pool && dir->pool_addrs[i] != 0;
}

/* What the configuration says of an assigned address: a class's number, and bits. */
enum {
	CGN_KIND_SESSIONS = 0x8000, /* served only while it has a session */
	CGN_KIND_OWN = 0x4000,      /* is listed with limits of its own */
	CGN_KIND_CLASS = 0x3fff,
};

static inline bool
cgn_directory_wants_session(const struct cgn_directory *dir, uint32_t inside)
{
	return (dir->inside_kinds[inside] & CGN_KIND_SESSIONS) != 0;
}

/* The class that the configuration gives an assigned address of a tenant that lives. */
static inline const struct cgn_class *
cgn_directory_class(const struct cgn_directory *dir, uint32_t tenant, uint32_t inside)
{
	return &dir->tenants[tenant].classes[dir->inside_kinds[inside] & CGN_KIND_CLASS];
}

/* The entry of the tenant's list that is about the subscriber of an assigned address, or NULL. */
static inline const struct cgn_conf_listed *
cgn_directory_listed(const struct cgn_directory *dir, uint32_t tenant, uint32_t inside)
{
	uint32_t place = dir->inside_listed != NULL ? dir->inside_listed[inside] : 0;

	return place != 0 ? &dir->tenants[tenant].conf->listed[place - 1] : NULL;
}

/* The same, but for a session that names another: its class number, 0 for none. */
static inline const struct cgn_class *
cgn_directory_class_at(
	const struct cgn_directory *dir, uint32_t tenant, uint32_t number, uint32_t inside)
{
	const struct cgn_tenant *t = &dir->tenants[tenant];

	if (number != 0 && number < t->n_classes && t->classes[number].name != NULL)
		return &t->classes[number];
	return cgn_directory_class(dir, tenant, inside);
}

bool cgn_directory_inside_live(const struct cgn_directory *dir, uint32_t inside);
bool cgn_directory_neigh_live(const struct cgn_directory *dir, uint32_t neigh);

/* Interface of a frame on a port, or CGN_IFACE_NONE. Priority tags (VID 0) match nothing. */
static inline uint16_t
cgn_directory_iface(const struct cgn_directory *dir, uint16_t port, const struct cgn_pkt *pkt)
{
	const struct cgn_port_tags *tags = &dir->ports[port];

	if (pkt->n_tags == 0)
		return tags->untagged;
	if (pkt->n_tags == 1)
		return tags->single != NULL ? tags->single[pkt->outer] : (uint16_t)CGN_IFACE_NONE;
	if (tags->double_by == NULL || tags->double_by[pkt->outer] == NULL)
		return CGN_IFACE_NONE;
	return tags->double_by[pkt->outer][pkt->inner];
}

/*
 * Whose share of something that all use a packet takes: that of the attachment it came in by, or,
 * on an uplink, of the tenant it is for, or of the box. Numbers of interfaces, then of tenants, the
 * box's last; cgn_directory_n_shares of them have an owner.
 */
enum { CGN_MAX_SHARES = CGN_MAX_IFACES + CGN_TENANT_BOX + 1 };

static inline uint32_t
cgn_directory_n_shares(const struct cgn_directory *dir)
{
	return dir->n_live_ifaces - dir->conf->n_uplinks + dir->conf->n_tenants + 1;
}

static inline uint32_t
cgn_directory_share(const struct cgn_directory *dir, const struct cgn_pkt *pkt)
{
	return dir->ifaces[pkt->iface].role == CGN_ROLE_INSIDE
		? pkt->iface
		: (uint32_t)CGN_MAX_IFACES + pkt->tenant;
}

/* Makes an array by share, of reserve.h, ready for all numbers of the directory; 0 or -ENOMEM. */
int cgn_directory_shares_fill(const struct cgn_directory *dir, void *array);

/* The run that holds an inside index (which must exist). Control and telemetry. */
const struct cgn_inside_run *cgn_directory_run_at(const struct cgn_directory *dir, uint32_t inside);

static inline uint32_t
cgn_directory_inside_addr(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *run = cgn_directory_run_at(dir, inside);

	return run->first_addr + (inside - run->first_index);
}

/* Slow path of cgn_directory_holder. */
uint32_t cgn_directory_holder_find(const struct cgn_directory *dir, uint32_t inside);

/*
 * The holder: that of a subscriber's inside indices under which everything is kept that its
 * addresses share, of the least address. The index itself where each address is a subscriber, and
 * for a number that is nobody's. An index that persists keeps its holder. Any thread.
 */
static inline uint32_t
cgn_directory_holder(const struct cgn_directory *dir, uint32_t inside)
{
	return dir->has_masks ? cgn_directory_holder_find(dir, inside) : inside;
}

/* All addresses of the subscriber of an inside index (which must exist), assigned or not. */
static inline struct cgn_prefix
cgn_directory_subscriber(const struct cgn_directory *dir, uint32_t inside)
{
	struct cgn_prefix prefix = {.addr = cgn_directory_inside_addr(dir, inside),
		.len = cgn_directory_run_at(dir, inside)->mask_len};

	prefix.addr = cgn_prefix_first(prefix);
	return prefix;
}

/* Neighbour index of the next hop towards an inside address. */
static inline uint32_t
cgn_directory_inside_neigh(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *run = cgn_directory_run_at(dir, inside);

	return run->onlink ? run->neigh + (inside - run->first_index) : run->neigh;
}

/* The limits, those that are not given as in base. Pure. */
struct cgn_class cgn_class_make(
	const char *name, const struct cgn_conf_limits *limits, const struct cgn_class *base);

/* Number of a tenant's class by its name, or CGN_NONE; "" is the one of all, 0. */
uint32_t cgn_tenant_class_find(const struct cgn_tenant *tenant, const char *name);

/* Tenant number by name, or CGN_NONE. */
uint32_t cgn_directory_tenant_find(const struct cgn_directory *dir, const char *name);

/* Inside index of a tenant's assigned address, or CGN_NONE. */
uint32_t cgn_directory_inside_find(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr);

/* Pool index of a tenant's outside address, or CGN_NONE. */
uint32_t cgn_directory_pool_find(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr);

/* Tenant name, or "-" for the box and for a number that is nobody's. */
const char *cgn_directory_tenant_name(const struct cgn_directory *dir, uint32_t tenant);

/*
 * Interface that owns a neighbour index, and the neighbour's address; CGN_NONE, and no address,
 * when it is nobody's.
 */
uint32_t cgn_directory_neigh_iface(const struct cgn_directory *dir, uint32_t neigh, uint32_t *addr);

/* cgn_directory_inside_dst; near as in cgn_range_map_find_near, of dir->inside_dst. */
static inline const struct cgn_range *
cgn_directory_inside_dst_near(const struct cgn_directory *dir, const struct cgn_tenant *tenant,
	uint32_t addr, const struct cgn_range **near)
{
	const struct cgn_range *all = cgn_range_map_find_near(&dir->inside_dst, addr, near);
	const struct cgn_range *own = cgn_range_map_find(&tenant->inside_dst, addr);

	if (likely(own == NULL) || all == NULL)
		return own != NULL ? own : all;
	return cgn_range_map_priority(&dir->inside_dst, all) >
			cgn_range_map_priority(&tenant->inside_dst, own)
		? all
		: own;
}

/*
 * What an address is to the subscribers of a tenant, or NULL when no route leads there; use value
 * and origin. The tenant's map holds its subscribers, links, service addresses and routes, the
 * directory's pools, uplinks, routes of the box and what never is forwarded; of the two answers the
 * one of the higher priority holds, as if all of it stood in one map. Any thread.
 */
static inline const struct cgn_range *
cgn_directory_inside_dst(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr)
{
	const struct cgn_range *near = &cgn_range_empty;

	return cgn_directory_inside_dst_near(dir, &dir->tenants[tenant], addr, &near);
}

/*
 * Inside index that a packet from a remote address to an inside address may go to without
 * translation, or CGN_NONE: the address is assigned in a tenant that bypasses for the remote one;
 * validation has made sure that there is no other. Any thread.
 */
static inline uint32_t
cgn_directory_bypass_inside(const struct cgn_directory *dir, uint32_t remote, uint32_t addr)
{
	const struct cgn_range *from = cgn_range_map_find(&dir->bypass_remotes, remote), *to;

	if (from == NULL)
		return CGN_NONE;
	to = cgn_range_map_find(&dir->bypass_groups[from->value], addr);
	return to != NULL ? to->value + (addr - to->origin) : CGN_NONE;
}

/*
 * The same as a list: the first range of addresses at or above from that are one thing to the
 * tenant's subscribers. False when none is left. Telemetry.
 */
bool cgn_directory_inside_dst_next(
	const struct cgn_directory *dir, uint32_t tenant, uint64_t from, struct cgn_range *range);
