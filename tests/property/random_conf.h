/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations at random for the simulated box, each one valid, and made so that one follows
 * another the way an operator's changes do: links, routed prefixes and outside addresses change
 * their tenants, everything else its value, and much stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rand.h"
#include "sim.h"

enum {
	RANDOM_TENANTS = 3,
	RANDOM_LINKS = 5,  /* 0: untagged on the access port; k: VLAN 100 + k of the trunk */
	RANDOM_ROUTED = 3, /* prefixes behind routers, one of each tenant */
	RANDOM_POOLS = 8,  /* pieces of four addresses from 203.0.113.16 on */
	RANDOM_NOBODY = 255,
};

struct random_tenant {
	bool live;
	uint8_t routed_link; /* that its routed prefix is behind, or NOBODY */
	uint8_t via;         /* last byte of the router's address */
	uint8_t routed_mask; /* of one subscriber there */
	uint8_t ports, rest, portctl, quota, flags;
	uint8_t port_forward; /* 0: none, else which */
};

struct random_conf {
	uint8_t link_owner[RANDOM_LINKS];
	uint8_t link_gateway[RANDOM_LINKS];      /* last byte of the service address */
	uint8_t link_prefix_len[RANDOM_LINKS];   /* of the on-link prefix */
	uint8_t link_assigned_len[RANDOM_LINKS]; /* of the subscribers' prefix, the same or longer
						  */
	uint8_t link_mask[RANDOM_LINKS];         /* of one subscriber; as long or longer */
	uint8_t pool_owner[RANDOM_POOLS];
	uint8_t uplink; /* which of three */
	struct random_tenant tenants[RANDOM_TENANTS];
};

/* The first one; then changes of it, n of them. */
void random_conf_init(struct random_conf *conf);
void random_conf_change(struct random_conf *conf, struct cgn_rand *rand, uint32_t n);

/* Its YAML; the texts live until the next call with the same slot (0 or 1). */
struct cgn_sim_params random_conf_params(const struct random_conf *conf, int slot);

/* Is nothing of tenant t, and nothing of the box, different? */
bool random_conf_keeps(const struct random_conf *a, const struct random_conf *b, uint32_t t);
