/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/tenant/directory: the dense numbers, and the way back from them to addresses. */
#include "directory.h"

#include <errno.h>

#include <criterion/criterion.h>

#include "conf_text.h"

enum { A, B, C, N_TENANTS };

static const char *const tenants[N_TENANTS] = {
	"tenant: a\n"
	"attachments:\n"
	"  - {port: access, address: 100.64.0.1/24,\n"
	"     subscribers: [{prefix: 100.64.0.0/24}, {prefix: 10.1.0.0/30, via: 100.64.0.2}]}\n"
	"pool: [203.0.113.16/30, 203.0.113.24/31]\n",
	"tenant: b\n"
	"attachments:\n"
	"  - {port: trunk, vlan: 102, address: 100.64.0.77/24,\n"
	"     subscribers: [{prefix: 100.64.0.64/26}]}\n"
	"  - {port: trunk, vlan: 103, address: 100.64.1.1/24,\n"
	"     subscribers: [{prefix: 100.64.1.8/29}, {prefix: 100.64.1.255/32}, "
	"{prefix: 100.64.1.0/32}, {prefix: 100.64.1.2/31}]}\n"
	"pool: [203.0.113.32/28]\n",
	"tenant: c\n"
	"attachments:\n"
	"  - {port: trunk, outer_vlan: 200, vlan: 102, address: 100.66.0.1/30,\n"
	"     subscribers: [{prefix: 100.66.0.0/30}]}\n"
	"pool: [203.0.113.20/30]\n",
};

static struct cgn_conf *conf;
static struct cgn_directory *dir;

static void
start(void)
{
	struct cgn_errmsg err;

	conf = conf_text_load(
		CONF_TEXT_BOX "tenants: [t0.yaml, t1.yaml, t2.yaml]\n", tenants, N_TENANTS);
	dir = cgn_directory_create(conf, NULL, &err);
	cr_assert_not_null(dir);
}

static void
finish(void)
{
	cgn_directory_destroy(dir);
	cgn_conf_free(conf);
}

TestSuite(directory, .init = start, .fini = finish);

static uint32_t
find(uint32_t tenant, const char *addr)
{
	uint32_t ip;

	cr_assert_eq(cgn_ip4_parse(addr, &ip), 0);
	return cgn_directory_inside_find(dir, tenant, ip);
}

Test(directory, network_broadcast_and_service_address_are_nobodys)
{
	cr_assert_eq(find(A, "100.64.0.0"), CGN_NONE);
	cr_assert_eq(find(A, "100.64.0.1"), CGN_NONE);
	cr_assert_eq(find(A, "100.64.0.255"), CGN_NONE);
	cr_assert_neq(find(A, "100.64.0.2"), CGN_NONE);
	cr_assert_neq(find(A, "100.64.0.254"), CGN_NONE);
}

Test(directory, service_address_in_the_middle_cuts_a_run_in_two)
{
	cr_assert_eq(find(B, "100.64.0.77"), CGN_NONE);
	cr_assert_eq(find(B, "100.64.0.78"), find(B, "100.64.0.76") + 1);
	cr_assert_neq(find(B, "100.64.0.64"), CGN_NONE, "64 and 127 are hosts of the /24");
	cr_assert_neq(find(B, "100.64.0.127"), CGN_NONE);
	cr_assert_eq(find(B, "100.64.0.63"), CGN_NONE);
	cr_assert_eq(find(B, "100.64.0.128"), CGN_NONE);
}

Test(directory, prefix_that_is_only_a_reserved_address_gives_nobody_a_number)
{
	cr_assert_eq(find(B, "100.64.1.255"), CGN_NONE);
	cr_assert_eq(find(B, "100.64.1.0"), CGN_NONE);
	cr_assert_neq(find(B, "100.64.1.2"), CGN_NONE);
	cr_assert_neq(find(B, "100.64.1.3"), CGN_NONE);
	cr_assert_eq(dir->tenants[B].n_inside, 63 + 8 + 2);
}

Test(directory, routed_prefix_is_assigned_to_its_last_address)
{
	cr_assert_eq(dir->tenants[A].n_inside, 253 + 4);
	cr_assert_neq(find(A, "10.1.0.0"), CGN_NONE);
	cr_assert_neq(find(A, "10.1.0.3"), CGN_NONE);
	cr_assert_eq(find(A, "10.1.0.4"), CGN_NONE);
}

Test(directory, same_address_of_two_tenants_is_two_subscribers)
{
	cr_assert_neq(find(A, "100.64.0.80"), CGN_NONE);
	cr_assert_neq(find(B, "100.64.0.80"), CGN_NONE);
	cr_assert_neq(find(A, "100.64.0.80"), find(B, "100.64.0.80"));
	cr_assert_eq(find(C, "100.64.0.80"), CGN_NONE);
}

Test(directory, inside_index_and_address_are_each_others_inverse)
{
	uint32_t expected = 0;

	for (uint32_t t = 0; t < N_TENANTS; t++) {
		cr_assert_eq(dir->tenants[t].inside.runs[0].first, expected);
		for (uint32_t k = 0; k < dir->tenants[t].n_inside; k++) {
			uint32_t inside = dir->tenants[t].inside.runs[0].first + k;
			uint32_t addr = cgn_directory_inside_addr(dir, inside);

			cr_assert_eq(cgn_directory_inside_find(dir, t, addr), inside);
		}
		expected += dir->tenants[t].n_inside;
	}
	cr_assert_eq(dir->n_inside, expected);
}

Test(directory, next_hop_is_the_subscriber_on_link_and_the_router_behind_one)
{
	uint32_t addr, iface;

	iface = cgn_directory_neigh_iface(
		dir, cgn_directory_inside_neigh(dir, find(A, "100.64.0.200")), &addr);
	cr_assert_eq(iface, 0);
	cr_assert_eq(addr, 0x644000c8);
	cgn_directory_neigh_iface(dir, cgn_directory_inside_neigh(dir, find(A, "10.1.0.3")), &addr);
	cr_assert_eq(addr, 0x64400002);
	iface = cgn_directory_neigh_iface(
		dir, cgn_directory_inside_neigh(dir, find(B, "100.64.1.9")), &addr);
	cr_assert_eq(dir->ifaces[iface].tags.outer, 103);
	cr_assert_eq(addr, 0x64400109);
}

Test(directory, neighbour_numbers_cover_each_on_link_prefix_once)
{
	uint32_t expected = 0;

	for (uint32_t i = 0; i < dir->n_ifaces; i++) {
		uint32_t size = (uint32_t)cgn_prefix_size(dir->ifaces[i].onlink), addr;

		cr_assert_eq(dir->ifaces[i].neigh_base, expected);
		cr_assert_eq(cgn_directory_neigh_iface(dir, expected, &addr), i);
		cr_assert_eq(addr, cgn_prefix_first(dir->ifaces[i].onlink));
		cr_assert_eq(cgn_directory_neigh_iface(dir, expected + size - 1, &addr), i);
		cr_assert_eq(addr, cgn_prefix_last(dir->ifaces[i].onlink));
		expected += size;
	}
	cr_assert_eq(dir->n_neigh, expected);
}

Test(directory, pool_indices_are_contiguous_per_tenant)
{
	cr_assert_eq(dir->n_pool, 6 + 16 + 4);
	cr_assert_eq(dir->tenants[A].first_pool, 0);
	cr_assert_eq(dir->tenants[A].n_pool, 6);
	cr_assert_eq(dir->tenants[B].first_pool, 6);
	cr_assert_eq(dir->tenants[C].first_pool, 22);
	cr_assert_eq(dir->pool_addrs[3], 0xcb007113);
	cr_assert_eq(dir->pool_addrs[4], 0xcb007118, "the second prefix of a");
	for (uint32_t i = 0; i < dir->n_pool; i++)
		cr_assert_eq(dir->pool_tenants[i], i < 6 ? A : i < 22 ? B : C);
}

Test(directory, tenants_are_found_by_name)
{
	cr_assert_eq(cgn_directory_tenant_find(dir, "b"), B);
	cr_assert_eq(cgn_directory_tenant_find(dir, "bb"), CGN_NONE);
	cr_assert_eq(cgn_directory_tenant_find(dir, ""), CGN_NONE);
	cr_assert_str_eq(cgn_directory_tenant_name(dir, C), "c");
	cr_assert_str_eq(cgn_directory_tenant_name(dir, N_TENANTS), "-");
}

/* Each tenant's own 10.0.0.0/8 on its link: 2^24 neighbours each. */
Test(directory, on_link_prefixes_beyond_the_number_space_are_refused)
{
	enum { N_WIDE = 17 }; /* 17 × 2^24 > 2^28 */
	static char texts[N_WIDE][256], box[1024] = CONF_TEXT_BOX "tenants: [";
	const char *wide[N_WIDE];
	struct cgn_errmsg err = {""};
	struct cgn_directory *d;
	struct cgn_conf *c;

	for (int t = 0; t < N_WIDE; t++) {
		snprintf(texts[t], sizeof(texts[t]),
			"tenant: t%d\nattachments: [{port: trunk, vlan: %d, address: 10.0.0.1/8, "
			"subscribers: [{prefix: 10.1.1.0/24}]}]\npool: [203.0.113.%d/32]\n",
			t, t + 1, t + 1);
		snprintf(box + strlen(box), sizeof(box) - strlen(box), "%st%d.yaml",
			t > 0 ? ", " : "", t);
		wide[t] = texts[t];
	}
	strcat(box, "]\n");
	c = conf_text_load(box, wide, N_WIDE);
	d = cgn_directory_create(c, NULL, &err);
	cr_assert_null(d);
	cr_assert_eq(errno, EOVERFLOW);
	cr_assert_not_null(strstr(err.text, "on-link"), "%s", err.text);
	cgn_conf_free(c);
}

/* AMB-16: two attachments of b have several subscribers, c's has one (a /30 less its edges and us).
 */
Test(directory, attachment_with_several_subscribers_is_unbound_unless_the_access_binds_them)
{
	const char *bound[] = {
		"tenant: a\n"
		"attachments:\n"
		"  - {port: access, address: 100.64.0.1/24, binding: access,\n"
		"     subscribers: [{prefix: 100.64.0.0/24}]}\n"
		"  - {port: trunk, vlan: 5, address: 100.65.0.1/24, binding: none,\n"
		"     subscribers: [{prefix: 100.65.0.8/32}, {prefix: 100.65.0.9/32}]}\n"
		"pool: [203.0.113.16/30]\n"};
	struct cgn_directory *other;
	struct cgn_conf *other_conf;
	struct cgn_errmsg err;

	cr_expect(dir->ifaces[0].unbound);
	cr_expect(dir->ifaces[1].unbound);
	cr_expect(dir->ifaces[2].unbound);
	cr_expect_not(dir->ifaces[3].unbound);
	cr_expect_eq(dir->ifaces[3].n_subscribers, 1);
	other_conf = conf_text_load(CONF_TEXT_BOX "tenants: [t0.yaml]\n", bound, 1);
	other = cgn_directory_create(other_conf, NULL, &err);
	cr_assert_not_null(other);
	cr_expect_not(other->ifaces[0].unbound);
	cr_expect(other->ifaces[1].unbound);
	cgn_directory_destroy(other);
	cgn_conf_free(other_conf);
}
