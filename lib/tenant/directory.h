/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is where: the configuration turned into what look-ups need. Built on the main thread from a
 * validated struct cgn_conf, const once published, read by every thread. Nothing here is counted,
 * learned or allocated at run time.
 *
 * Four number spaces are dense, so that arrays replace hash tables everywhere else:
 *  - tenant number 0..n_tenants-1; CGN_TENANT_BOX stands for "the box, no tenant";
 *  - interface number: attachments (inside) and uplinks (outside) together;
 *  - inside index: one per assigned address of every tenant; it names the subscriber;
 *  - pool index: one per outside address of every pool;
 *  - neighbour index: one per address of every interface's on-link prefix.
 * Addresses are HOST order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arp.h"
#include "conf.h"
#include "err.h"
#include "fates.h"
#include "pkt.h"
#include "range_map.h"
#include "rate.h"

struct cgn_iface {
	uint16_t port; /* index into cgn_directory.ports, not the DPDK port id */
	uint16_t tenant;
	enum cgn_role role;
	struct cgn_tags tags;
	struct cgn_prefix
		onlink;      /* addr: the box's own address on it (service or uplink address) */
	uint32_t neigh_base; /* neighbour index of the first address of the on-link prefix */
	uint16_t mtu;
	struct cgn_range_map subscribers; /* inside: source address → inside index of origin */
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
	uint16_t iface;
	bool onlink;
};

struct cgn_tenant {
	const struct cgn_conf_tenant *conf;
	uint32_t first_pool, n_pool;     /* pool indices; contiguous per tenant */
	uint32_t first_inside, n_inside; /* inside indices; contiguous per tenant */
	struct cgn_range_map subscribers; /* of all attachments: address → inside index of origin */
	struct cgn_range_map inside_dst; /* where an inside packet may go, see cgn_dst_value */
	struct cgn_rate new_rate, subscriber_new_rate;
	struct cgn_rate request_rate; /* NAT-PMP and PCP, of one subscriber */
};

/*
 * Values of the two destination maps: what the address is, in the top bits, and a number. One
 * binary search per packet is route look-up, hairpin detection and martian filter at once.
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

struct cgn_directory {
	const struct cgn_conf *conf;
	struct cgn_tenant *tenants;
	uint32_t n_tenants;
	struct cgn_iface *ifaces; /* attachments first, then uplinks */
	uint32_t n_ifaces, n_attachments;
	struct cgn_port_tags *ports; /* [conf->n_ports] */
	uint32_t n_inside, n_pool, n_neigh;
	struct cgn_inside_run *inside_runs; /* sorted by first_index */
	uint32_t n_inside_runs;
	uint32_t *pool_addrs;             /* [n_pool] */
	uint16_t *pool_tenants;           /* [n_pool] */
	struct cgn_range_map outside_src; /* forbidden outside sources → enum cgn_fate */
	struct cgn_range_map outside_dst; /* pool and own addresses, see cgn_dst_value */
};

/* NULL with *err and errno set: ENOMEM, or EOVERFLOW for sizes beyond the number spaces. */
struct cgn_directory *cgn_directory_create(const struct cgn_conf *conf, struct cgn_errmsg *err);
void cgn_directory_destroy(struct cgn_directory *dir);

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

/* The run that holds an inside index (which must exist). Control and telemetry. */
const struct cgn_inside_run *cgn_directory_run_at(const struct cgn_directory *dir, uint32_t inside);

static inline uint32_t
cgn_directory_inside_addr(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *run = cgn_directory_run_at(dir, inside);

	return run->first_addr + (inside - run->first_index);
}

/* Assigned addresses of an attachment. */
uint64_t cgn_iface_n_subscribers(const struct cgn_iface *iface);

/* Neighbour index of the next hop towards an inside address. */
static inline uint32_t
cgn_directory_inside_neigh(const struct cgn_directory *dir, uint32_t inside)
{
	const struct cgn_inside_run *run = cgn_directory_run_at(dir, inside);

	return run->onlink ? run->neigh + (inside - run->first_index) : run->neigh;
}

/* Tenant number by name, or CGN_NONE. */
uint32_t cgn_directory_tenant_find(const struct cgn_directory *dir, const char *name);

/* Inside index of a tenant's assigned address, or CGN_NONE. */
uint32_t cgn_directory_inside_find(const struct cgn_directory *dir, uint32_t tenant, uint32_t addr);

/* Tenant name, or "-" for the box. */
const char *cgn_directory_tenant_name(const struct cgn_directory *dir, uint32_t tenant);

/* Interface that owns a neighbour index, and the neighbour's address. */
uint32_t cgn_directory_neigh_iface(const struct cgn_directory *dir, uint32_t neigh, uint32_t *addr);
