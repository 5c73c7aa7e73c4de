/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/tenant/directory_maps: tags, destinations, forbidden sources. */
#include "directory_maps.h"

#include <criterion/criterion.h>

#include "conf_text.h"

enum { A, B, C, N_TENANTS };
enum { IF_A, IF_A_ROUTED, IF_B, IF_C, IF_WAN, IF_WAN2, N_IFACES };

static const char box[] = "cores: {workers: [0], control: 1}\n"
			  "ports:\n"
			  "  - {name: access, device: net_ring0, role: inside}\n"
			  "  - {name: trunk, device: net_ring1, role: inside}\n"
			  "  - {name: wan, device: net_ring2, role: outside}\n"
			  "uplinks:\n"
			  "  - {port: wan, address: 198.51.100.2/24}\n"
			  "  - {port: wan, vlan: 9, address: 192.0.2.130/25}\n"
			  "routes:\n"
			  "  - {prefix: 0.0.0.0/0, via: 198.51.100.1}\n"
			  "  - {prefix: 8.8.0.0/16, via: 192.0.2.129}\n"
			  "  - {prefix: 8.8.8.0/24, via: 198.51.100.3}\n"
			  "tenants: [t0.yaml, t1.yaml, t2.yaml]\n";

static const char *const tenants[N_TENANTS] = {
	"tenant: a\n"
	"attachments:\n"
	"  - {port: access, address: 100.64.0.1/24, subscribers: [{prefix: 100.64.0.0/24}]}\n"
	"  - {port: access, vlan: 5, address: 10.9.0.1/24,\n"
	"     subscribers: [{prefix: 20.0.0.0/30, via: 10.9.0.2}]}\n"
	"pool: [203.0.113.16/30, 203.0.113.20/30, 198.51.100.64/32]\n"
	"routes:\n"
	"  - {prefix: 8.8.0.0/16, via: 198.51.100.4}\n",
	"tenant: b\n"
	"attachments:\n"
	"  - {port: trunk, vlan: 102, address: 100.64.0.1/24, subscribers: [{prefix: "
	"100.64.0.0/24}]}\n"
	"pool: [203.0.113.24/30]\n",
	"tenant: c\n"
	"attachments:\n"
	"  - {port: trunk, outer_vlan: 200, vlan: 102, address: 100.66.0.1/24,\n"
	"     subscribers: [{prefix: 100.66.0.0/24}]}\n"
	"pool: [203.0.113.32/32]\n",
};

static struct cgn_conf *conf;
static struct cgn_directory *dir;

static void
start(void)
{
	struct cgn_errmsg err;

	conf = conf_text_load(box, tenants, N_TENANTS);
	dir = cgn_directory_create(conf, NULL, &err);
	cr_assert_not_null(dir);
	cr_assert_eq(dir->n_ifaces, N_IFACES);
}

static void
finish(void)
{
	cgn_directory_destroy(dir);
	cgn_conf_free(conf);
}

TestSuite(directory_maps, .init = start, .fini = finish);

static uint32_t
ip(const char *s)
{
	uint32_t addr;

	cr_assert_eq(cgn_ip4_parse(s, &addr), 0);
	return addr;
}

static uint16_t
iface_of(uint16_t port, uint8_t n_tags, uint16_t outer, uint16_t inner)
{
	struct cgn_pkt pkt = {.n_tags = n_tags, .outer = outer, .inner = inner};

	return cgn_directory_iface(dir, port, &pkt);
}

Test(directory_maps, untagged_frames_belong_to_the_untagged_interface_of_their_port)
{
	cr_assert_eq(iface_of(CONF_TEXT_ACCESS, 0, 0, 0), IF_A);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 0, 0, 0), CGN_IFACE_NONE);
	cr_assert_eq(iface_of(CONF_TEXT_WAN, 0, 0, 0), IF_WAN);
}

Test(directory_maps, single_tag_selects_within_its_port_only)
{
	cr_assert_eq(iface_of(CONF_TEXT_ACCESS, 1, 5, 0), IF_A_ROUTED);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 1, 102, 0), IF_B);
	cr_assert_eq(iface_of(CONF_TEXT_WAN, 1, 9, 0), IF_WAN2);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 1, 5, 0), CGN_IFACE_NONE);
	cr_assert_eq(iface_of(CONF_TEXT_WAN, 1, 102, 0), CGN_IFACE_NONE);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 1, 200, 0), CGN_IFACE_NONE, "outer tag alone");
}

Test(directory_maps, double_tags_need_both)
{
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 2, 200, 102), IF_C);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 2, 102, 200), CGN_IFACE_NONE);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 2, 200, 103), CGN_IFACE_NONE);
	cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 2, 102, 102), CGN_IFACE_NONE);
	cr_assert_eq(iface_of(CONF_TEXT_ACCESS, 2, 200, 102), CGN_IFACE_NONE);
}

Test(directory_maps, priority_tags_and_unused_vids_match_nothing)
{
	for (uint16_t vid = 0; vid < 4096; vid++) {
		cr_assert_eq(iface_of(CONF_TEXT_ACCESS, 1, vid, 0) != CGN_IFACE_NONE, vid == 5);
		cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 2, 200, vid) != CGN_IFACE_NONE, vid == 102);
		cr_assert_eq(iface_of(CONF_TEXT_TRUNK, 2, vid, 102) != CGN_IFACE_NONE, vid == 200);
	}
}

static const struct cgn_range *
to(uint32_t tenant, const char *addr)
{
	return cgn_directory_inside_dst(dir, tenant, ip(addr));
}

/* Next hop's address of a destination that is forwarded. */
static uint32_t
hop(uint32_t tenant, const char *addr)
{
	const struct cgn_range *r = to(tenant, addr);
	uint32_t hop_addr, neigh;

	cr_assert_not_null(r);
	neigh = cgn_dst_number(r->value);
	if (cgn_dst_class_of(r->value) == CGN_DST_ONLINK)
		neigh += ip(addr) - r->origin;
	else
		cr_assert_eq(cgn_dst_class_of(r->value), CGN_DST_GATEWAY, "%s", addr);
	cgn_directory_neigh_iface(dir, neigh, &hop_addr);
	return hop_addr;
}

static void
expect_class(uint32_t tenant, const char *addr, enum cgn_dst_class dst_class)
{
	const struct cgn_range *r = to(tenant, addr);

	cr_assert_not_null(r, "%s", addr);
	cr_assert_eq(cgn_dst_class_of(r->value), dst_class, "%s is of class %d", addr,
		cgn_dst_class_of(r->value));
}

Test(directory_maps, longest_prefix_chooses_the_route)
{
	cr_assert_eq(hop(B, "1.1.1.1"), ip("198.51.100.1"));
	cr_assert_eq(hop(B, "8.8.1.1"), ip("192.0.2.129"));
	cr_assert_eq(hop(B, "8.8.8.8"), ip("198.51.100.3"));
	cr_assert_eq(hop(B, "8.9.0.0"), ip("198.51.100.1"));
}

Test(directory_maps, route_of_the_tenant_comes_before_one_of_the_box_of_equal_length)
{
	cr_assert_eq(hop(A, "8.8.1.1"), ip("198.51.100.4"));
	cr_assert_eq(hop(A, "8.8.8.8"), ip("198.51.100.3"), "but not before a longer one");
}

Test(directory_maps, destination_on_an_uplinks_link_is_its_own_next_hop)
{
	expect_class(A, "198.51.100.99", CGN_DST_ONLINK);
	cr_assert_eq(hop(A, "198.51.100.99"), ip("198.51.100.99"));
	cr_assert_eq(hop(C, "192.0.2.200"), ip("192.0.2.200"));
}

Test(directory_maps, pool_addresses_of_every_tenant_are_known_to_each)
{
	const struct cgn_range *r = to(C, "203.0.113.22");

	expect_class(A, "203.0.113.16", CGN_DST_POOL);
	expect_class(B, "203.0.113.19", CGN_DST_POOL);
	expect_class(B, "198.51.100.64", CGN_DST_POOL);
	cr_assert_eq(cgn_dst_number(r->value) + (ip("203.0.113.22") - r->origin), 6);
	r = to(A, "203.0.113.27");
	cr_assert_eq(
		dir->pool_tenants[cgn_dst_number(r->value) + (ip("203.0.113.27") - r->origin)], B);
	expect_class(A, "203.0.113.28", CGN_DST_GATEWAY);
}

Test(directory_maps, addresses_of_the_box_are_own)
{
	expect_class(A, "100.64.0.1", CGN_DST_OWN);
	cr_assert_eq(cgn_dst_number(to(A, "100.64.0.1")->value), IF_A);
	cr_assert_eq(cgn_dst_number(to(B, "100.64.0.1")->value), IF_B);
	cr_assert_eq(cgn_dst_number(to(A, "10.9.0.1")->value), IF_A_ROUTED);
	expect_class(B, "198.51.100.2", CGN_DST_OWN);
	cr_assert_eq(cgn_dst_number(to(B, "192.0.2.130")->value), IF_WAN2);
}

Test(directory_maps, own_subscribers_and_links_are_inside)
{
	expect_class(A, "100.64.0.9", CGN_DST_INSIDE);
	expect_class(A, "20.0.0.1", CGN_DST_INSIDE);
	expect_class(A, "10.9.0.77", CGN_DST_INSIDE);
}

Test(directory_maps, inside_addresses_of_another_tenant_mean_nothing)
{
	expect_class(B, "20.0.0.1", CGN_DST_GATEWAY);
	expect_class(C, "100.64.0.9", CGN_DST_NEVER); /* shared address space */
	expect_class(A, "100.66.0.9", CGN_DST_NEVER);
}

Test(directory_maps, what_no_host_has_is_never_forwarded)
{
	static const char *const never[] = {"0.0.0.0", "0.255.255.255", "127.0.0.1", "169.254.1.1",
		"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "100.127.255.255",
		"100.64.0.0", "100.64.0.255", "10.9.0.255"};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		expect_class(A, never[i], CGN_DST_NEVER);
	expect_class(A, "100.128.0.0", CGN_DST_GATEWAY);
	expect_class(A, "223.255.255.255", CGN_DST_GATEWAY);
}

static uint32_t
source_fate(const char *addr)
{
	const struct cgn_range *r = cgn_range_map_find(&dir->outside_src, ip(addr));

	return r != NULL ? r->value : CGN_FATE_NONE;
}

Test(directory_maps, inside_sources_may_not_come_from_outside)
{
	cr_assert_eq(source_fate("100.64.0.9"), CGN_FATE_OUTSIDE_INSIDE_SOURCE);
	cr_assert_eq(source_fate("100.127.0.1"), CGN_FATE_OUTSIDE_INSIDE_SOURCE);
	cr_assert_eq(source_fate("20.0.0.1"), CGN_FATE_OUTSIDE_INSIDE_SOURCE);
	cr_assert_eq(source_fate("10.9.0.2"), CGN_FATE_OUTSIDE_INSIDE_SOURCE);
}

Test(directory_maps, own_sources_may_not_come_from_outside)
{
	cr_assert_eq(source_fate("203.0.113.16"), CGN_FATE_OUTSIDE_OWN_SOURCE);
	cr_assert_eq(source_fate("203.0.113.32"), CGN_FATE_OUTSIDE_OWN_SOURCE);
	cr_assert_eq(source_fate("198.51.100.64"), CGN_FATE_OUTSIDE_OWN_SOURCE);
	cr_assert_eq(source_fate("198.51.100.2"), CGN_FATE_OUTSIDE_OWN_SOURCE);
	cr_assert_eq(source_fate("100.64.0.1"), CGN_FATE_OUTSIDE_OWN_SOURCE);
	cr_assert_eq(source_fate("203.0.113.33"), CGN_FATE_NONE);
}

Test(directory_maps, martian_sources_are_named_and_hosts_are_let_in)
{
	cr_assert_eq(source_fate("0.0.0.0"), CGN_FATE_MARTIAN_SOURCE);
	cr_assert_eq(source_fate("127.1.1.1"), CGN_FATE_MARTIAN_SOURCE);
	cr_assert_eq(source_fate("224.0.0.5"), CGN_FATE_MARTIAN_SOURCE);
	cr_assert_eq(source_fate("255.255.255.255"), CGN_FATE_MARTIAN_SOURCE);
	cr_assert_eq(source_fate("198.51.100.1"), CGN_FATE_NONE);
	cr_assert_eq(source_fate("20.0.0.4"), CGN_FATE_NONE);
	cr_assert_eq(source_fate("9.9.9.9"), CGN_FATE_NONE);
}

Test(directory_maps, outside_destinations_are_pools_and_uplink_addresses_alone)
{
	const struct cgn_range_map *map = &dir->outside_dst;

	cr_assert_eq(
		cgn_dst_class_of(cgn_range_map_find(map, ip("203.0.113.19"))->value), CGN_DST_POOL);
	cr_assert_eq(
		cgn_dst_class_of(cgn_range_map_find(map, ip("198.51.100.2"))->value), CGN_DST_OWN);
	cr_assert_null(cgn_range_map_find(map, ip("100.64.0.1")), "service address from outside");
	cr_assert_null(cgn_range_map_find(map, ip("100.64.0.9")));
	cr_assert_null(cgn_range_map_find(map, ip("198.51.100.3")));
}

/* Both are asked before the maps. */
Test(directory_maps, blocks_of_usual_addresses_say_what_the_maps_say)
{
	uint32_t n_free = 0, n_usual = 0;

	for (uint64_t at = 0; at <= UINT32_MAX; at += 0xffff) {
		uint32_t addr = (uint32_t)at;
		const struct cgn_range *to = cgn_range_map_find(&dir->inside_dst, addr);

		if (cgn_range_blocks_has(&dir->outside_free, addr)) {
			cr_assert_null(cgn_range_map_find(&dir->outside_src, addr), "%u", addr);
			n_free++;
		}
		if (cgn_range_blocks_has(&dir->usual_dst, addr)) {
			cr_assert_not_null(to, "%u", addr);
			cr_assert_eq(to->value, cgn_dst_value(CGN_DST_GATEWAY, dir->usual_neigh),
				"%u", addr);
			n_usual++;
		}
	}
	cr_assert_gt(n_free, 0x8000u, "most of the Internet");
	cr_assert_gt(n_usual, 0x8000u, "most of the Internet");
}

Test(directory_maps, every_pool_address_is_found_as_itself)
{
	for (uint32_t i = 0; i < dir->n_pool; i++) {
		const struct cgn_range *r = cgn_range_map_find(
			&dir->outside_dst, dir->pool_addrs[i]);

		cr_assert_not_null(r);
		cr_assert_eq(cgn_dst_number(r->value) + (dir->pool_addrs[i] - r->origin), i);
	}
}
