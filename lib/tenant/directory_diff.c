/* SPDX-License-Identifier: BSD-3-Clause */
/* One number in two directories; see directory_diff.h. */
#include "directory_diff.h"

static enum cgn_number_change
change_of(bool was, bool is)
{
	if (was == is)
		return CGN_NUMBER_NONE;
	return is ? CGN_NUMBER_NEW : CGN_NUMBER_GONE;
}

enum cgn_number_change
cgn_directory_tenant_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t t)
{
	return change_of(cgn_directory_tenant_live(old, t), cgn_directory_tenant_live(dir, t));
}

enum cgn_number_change
cgn_directory_iface_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t i)
{
	const struct cgn_iface *a, *b;

	if (!cgn_directory_iface_live(old, i) || !cgn_directory_iface_live(dir, i))
		return change_of(
			cgn_directory_iface_live(old, i), cgn_directory_iface_live(dir, i));
	a = &old->ifaces[i];
	b = &dir->ifaces[i];
	return a->onlink.addr != b->onlink.addr || a->onlink.len != b->onlink.len ||
			a->mtu != b->mtu || a->tags.outer_tpid != b->tags.outer_tpid
		? CGN_NUMBER_CHANGED
		: CGN_NUMBER_NONE;
}

enum cgn_number_change
cgn_directory_inside_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t inside)
{
	bool was = cgn_directory_inside_live(old, inside);
	bool is = cgn_directory_inside_live(dir, inside);

	if (!was || !is)
		return change_of(was, is);
	return cgn_directory_run_at(old, inside)->iface !=
				cgn_directory_run_at(dir, inside)->iface ||
			cgn_directory_inside_neigh(old, inside) !=
				cgn_directory_inside_neigh(dir, inside)
		? CGN_NUMBER_CHANGED
		: CGN_NUMBER_NONE;
}

enum cgn_number_change
cgn_directory_pool_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t pool)
{
	return change_of(cgn_directory_pool_live(old, pool), cgn_directory_pool_live(dir, pool));
}

enum cgn_number_change
cgn_directory_neigh_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t neigh)
{
	return change_of(
		cgn_directory_neigh_live(old, neigh), cgn_directory_neigh_live(dir, neigh));
}
