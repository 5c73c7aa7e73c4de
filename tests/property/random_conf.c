/* SPDX-License-Identifier: BSD-3-Clause */
/* Random configurations; see random_conf.h. */
#include "random_conf.h"

#include <stdio.h>
#include <string.h>

enum { TEXT = 2048, RANDOM_PORTS = 8, RANDOM_PLAIN_PORTS = 4 };

static char texts[2][RANDOM_TENANTS + 1][TEXT];

void
random_conf_init(struct random_conf *conf)
{
	*conf = (struct random_conf){.uplink = 0};
	for (uint8_t l = 0; l < RANDOM_LINKS; l++) {
		conf->link_owner[l] = l < RANDOM_TENANTS ? l : 0;
		conf->link_gateway[l] = 1;
		conf->link_prefix_len[l] = conf->link_assigned_len[l] = 24;
		conf->link_mask[l] = l == 0 ? 32 : 29;
	}
	for (uint8_t p = 0; p < RANDOM_POOLS; p++)
		conf->pool_owner[p] = p < RANDOM_TENANTS ? p : RANDOM_NOBODY;
	for (uint8_t t = 0; t < RANDOM_TENANTS; t++)
		conf->tenants[t] = (struct random_tenant){
			.live = true, .routed_link = t, .via = 2, .routed_mask = 32};
}

static bool
has(const uint8_t *owners, uint32_t n, uint8_t t)
{
	for (uint32_t i = 0; i < n; i++)
		if (owners[i] == t)
			return true;
	return false;
}

/* Every tenant needs a link and an outside address; what it does not own it cannot use. */
static void
repair(struct random_conf *conf, struct cgn_rand *rand)
{
	bool any = false;

	for (uint8_t t = 0; t < RANDOM_TENANTS; t++)
		any |= conf->tenants[t].live;
	if (!any)
		conf->tenants[cgn_rand_below(rand, RANDOM_TENANTS)].live = true;
	for (uint8_t t = 0; t < RANDOM_TENANTS; t++) {
		struct random_tenant *tenant = &conf->tenants[t];

		while (!has(conf->link_owner, RANDOM_LINKS, t) ||
			!has(conf->pool_owner, RANDOM_POOLS, t)) {
			uint32_t l = cgn_rand_below(rand, RANDOM_LINKS);

			if (!has(conf->link_owner, RANDOM_LINKS, t))
				conf->link_owner[l] = t;
			else
				conf->pool_owner[cgn_rand_below(rand, RANDOM_POOLS)] = t;
			t = 0; /* it may have been another's last one */
			tenant = &conf->tenants[t];
		}
		if (tenant->routed_link != RANDOM_NOBODY &&
			conf->link_owner[tenant->routed_link] != t)
			tenant->routed_link = RANDOM_NOBODY;
	}
}

static uint8_t
random_mask(struct cgn_rand *rand)
{
	static const uint8_t masks[] = {26, 29, 30, 32};

	return masks[cgn_rand_below(rand, sizeof(masks))];
}

static void
change_tenant(struct random_tenant *t, struct cgn_rand *rand)
{
	switch (cgn_rand_below(rand, 10)) {
	case 0:
		t->live = cgn_rand_below(rand, 3) != 0;
		break;
	case 1:
		t->routed_link = (uint8_t)cgn_rand_below(rand, RANDOM_LINKS);
		break;
	case 2:
		t->via = (uint8_t)(2 + cgn_rand_below(rand, 2));
		break;
	case 3:
		t->ports = (uint8_t)cgn_rand_below(rand, RANDOM_PORTS);
		break;
	case 4:
		t->rest = (uint8_t)cgn_rand_below(rand, 3);
		break;
	case 5:
		t->portctl = (uint8_t)cgn_rand_below(rand, 4);
		break;
	case 6:
		t->quota = (uint8_t)cgn_rand_below(rand, 3);
		break;
	case 7:
		t->routed_mask = random_mask(rand);
		break;
	case 8:
		t->flags = (uint8_t)cgn_rand_below(rand, 4);
		break;
	default:
		t->port_forward = (uint8_t)cgn_rand_below(rand, 4);
		break;
	}
}

void
random_conf_change(struct random_conf *conf, struct cgn_rand *rand, uint32_t n)
{
	for (; n > 0; n--) {
		uint32_t l = cgn_rand_below(rand, RANDOM_LINKS);

		switch (cgn_rand_below(rand, 9)) {
		case 0:
			conf->link_owner[l] = (uint8_t)cgn_rand_below(rand, RANDOM_TENANTS + 1);
			if (conf->link_owner[l] == RANDOM_TENANTS)
				conf->link_owner[l] = RANDOM_NOBODY;
			break;
		case 1:
			conf->link_gateway[l] = cgn_rand_below(rand, 2) == 0 ? 1 : 9;
			break;
		case 2:
			conf->link_prefix_len[l] = (uint8_t)(23 + cgn_rand_below(rand, 2));
			break;
		case 3:
			conf->link_assigned_len[l] = (uint8_t)(24 + cgn_rand_below(rand, 3));
			break;
		case 4:
			conf->uplink = (uint8_t)cgn_rand_below(rand, 3);
			break;
		case 5:
			conf->link_mask[l] = random_mask(rand);
			break;
		case 6: {
			uint8_t owner = (uint8_t)cgn_rand_below(rand, RANDOM_TENANTS + 1);

			conf->pool_owner[cgn_rand_below(rand, RANDOM_POOLS)] =
				owner < RANDOM_TENANTS ? owner : RANDOM_NOBODY;
			break;
		}
		default:
			change_tenant(&conf->tenants[cgn_rand_below(rand, RANDOM_TENANTS)], rand);
			break;
		}
	}
	repair(conf, rand);
}

static void
put_links(FILE *f, const struct random_conf *conf, uint32_t t)
{
	const struct random_tenant *tenant = &conf->tenants[t];

	fprintf(f, "attachments:\n");
	for (uint32_t l = 0; l < RANDOM_LINKS; l++) {
		if (conf->link_owner[l] != t)
			continue;
		fprintf(f, "  - {port: %s, ", l == 0 ? "access" : "trunk");
		if (l > 0)
			fprintf(f, "vlan: %u, ", 100 + l);
		fprintf(f,
			"address: 100.%u.0.%u/%u, binding: access, subscribers: [{prefix: "
			"100.%u.0.0/%u, subscriber_mask: %u}",
			64 + 2 * l, conf->link_gateway[l], conf->link_prefix_len[l], 64 + 2 * l,
			conf->link_assigned_len[l], conf->link_mask[l]);
		if (tenant->routed_link == l)
			fprintf(f,
				", {prefix: 100.%u.0.0/26, via: 100.%u.0.%u, subscriber_mask: %u}",
				90 + t, 64 + 2 * l, tenant->via, tenant->routed_mask);
		fprintf(f, "]}\n");
	}
}

static void
put_tenant(FILE *f, const struct random_conf *conf, uint32_t t)
{
	static const char *const ports[] = {"{first: 4096, last: 8191, block_size: 64}",
		"{first: 4096, last: 8191, block_size: 256, max_blocks: 2}",
		"{first: 2048, last: 6143, block_size: 64, max_blocks: 3}",
		"{first: 2048, last: 16383, block_size: 512}",
		"{first: 4096, last: 8191, block_size: 64, keep_range: true, parity: true, "
		"reserved: [4100-4180, 4400, 500-600]}",
		"{first: 2048, block_size: 64, max_blocks: 3, deterministic: {algorithm: "
		"sequential, dynamic: 8}}",
		"{first: 2048, block_size: 64, max_blocks: 2, reserved: [2060-2070, 60000-60050], "
		"deterministic: {algorithm: spread, dynamic: 20}}",
		"{first: 2048, block_size: 64, deterministic: {algorithm: sequential, ratio: "
		"900}}"};
	static const char *const portctl[] = {
		"{}", "{natpmp: false}", "{pcp: false}", "{natpmp: false, pcp: false}"};
	static const char overloads[] =
		", overload_when_full: 3, rules: [{name: u, protocol: udp, ports: [53], mapping: "
		"address_and_port_dependent}, {name: t, protocol: tcp, ports: [53-54], mapping: "
		"address_and_port_dependent}]";
	static const char *const rests[] = {"120", "0", "5"};
	static const char *const quotas[] = {
		"{}", "{subscriber: {mappings: 6, explicit: 1}}", "{explicit: 5}"};
	const struct random_tenant *tenant = &conf->tenants[t];
	uint32_t link = 0;

	put_links(f, conf, t);
	fprintf(f, "pool: [");
	for (uint32_t p = 0, n = 0; p < RANDOM_POOLS; p++)
		if (conf->pool_owner[p] == t)
			fprintf(f, "%s203.0.113.%u/30", n++ > 0 ? ", " : "", 16 + 4 * p);
	fprintf(f, "]\nports: %s\nportctl: %s\nquota: %s\n", ports[tenant->ports],
		portctl[tenant->portctl], quotas[tenant->quota]);
	fprintf(f,
		"timeouts: {port_rest_s: %s, udp_s: %u}\nnat: {inbound_refresh: %s, filtering: "
		"%s%s}\n",
		rests[tenant->rest], tenant->flags & 1 ? 120 : 300,
		tenant->flags & 2 ? "true" : "false",
		tenant->flags & 1 ? "address_dependent" : "endpoint_independent",
		tenant->flags & 2 ? overloads : "");
	/* A computed range would have to hold it, and what is reserved must not. */
	if (tenant->port_forward == 0 || tenant->ports >= RANDOM_PLAIN_PORTS)
		return;
	while (conf->link_owner[link] != t)
		link++;
	for (uint32_t p = 0; p < RANDOM_POOLS; p++) {
		if (conf->pool_owner[p] != t)
			continue;
		fprintf(f,
			"static: [{protocol: udp, inside: 100.%u.0.60, inside_port: 8%u, outside: "
			"203.0.113.%u, outside_port: %u}]\n",
			64 + 2 * link, tenant->port_forward, 17 + 4 * p,
			4200 + 64 * tenant->port_forward);
		break;
	}
}

struct cgn_sim_params
random_conf_params(const struct random_conf *conf, int slot)
{
	static const char *const uplinks[] = {
		"uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
		"routes: [{prefix: 0.0.0.0/0, via: 198.51.100.1}]\n",
		"uplinks: [{port: wan, address: 198.51.100.2/24}]\n"
		"routes: [{prefix: 0.0.0.0/0, via: 198.51.100.7}]\n",
		"uplinks: [{port: wan, vlan: 9, address: 198.51.101.2/25}]\n"
		"routes: [{prefix: 0.0.0.0/0, via: 198.51.101.1}]\n",
	};
	struct cgn_sim_params params = {.box = texts[slot][RANDOM_TENANTS],
		.a = texts[slot][0],
		.b = texts[slot][1],
		.c = texts[slot][2],
		.n_workers = 2};
	FILE *f = fmemopen(texts[slot][RANDOM_TENANTS], TEXT, "w");
	const char *comma = "";

	fprintf(f,
		"%stable: {mappings: 16384, shards: 2, contacts: 3000, dependent: 3000}\ntenants: "
		"[",
		uplinks[conf->uplink]);
	for (uint32_t t = 0; t < RANDOM_TENANTS; t++)
		if (conf->tenants[t].live) {
			fprintf(f, "%s%c", comma, 'a' + (int)t);
			comma = ", ";
		}
	fprintf(f, "]\n");
	fclose(f);
	for (uint32_t t = 0; t < RANDOM_TENANTS; t++) {
		f = fmemopen(texts[slot][t], TEXT, "w");
		put_tenant(f, conf, t);
		fclose(f);
	}
	return params;
}

bool
random_conf_keeps(const struct random_conf *a, const struct random_conf *b, uint32_t t)
{
	if (a->uplink != b->uplink ||
		memcmp(&a->tenants[t], &b->tenants[t], sizeof(*a->tenants)) != 0)
		return false;
	for (uint32_t l = 0; l < RANDOM_LINKS; l++)
		if ((a->link_owner[l] == t || b->link_owner[l] == t) &&
			(a->link_owner[l] != b->link_owner[l] ||
				a->link_gateway[l] != b->link_gateway[l] ||
				a->link_prefix_len[l] != b->link_prefix_len[l] ||
				a->link_assigned_len[l] != b->link_assigned_len[l] ||
				a->link_mask[l] != b->link_mask[l]))
			return false;
	for (uint32_t p = 0; p < RANDOM_POOLS; p++)
		if ((a->pool_owner[p] == t) != (b->pool_owner[p] == t))
			return false;
	return true;
}
