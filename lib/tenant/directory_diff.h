/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What became of a number between a directory and the one that follows it (the latter made with the
 * former as its old): for a reload, which sweeps the numbers below the bounds of the newer one.
 * Any number is accepted. Pure functions; any thread.
 */
#pragma once

#include "directory.h"

enum cgn_number_change {
	CGN_NUMBER_NONE, /* nobody's in both, or the same in both */
	CGN_NUMBER_NEW,
	CGN_NUMBER_GONE,
	CGN_NUMBER_CHANGED, /* the same owner in both, and what is said below differs */
};

/* Never CHANGED: what its file says is for the configurations to compare. */
enum cgn_number_change cgn_directory_tenant_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t t);

/* CHANGED: own address, on-link prefix, MTU or the outer tag's TPID. */
enum cgn_number_change cgn_directory_iface_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t i);

/* CHANGED: attached elsewhere, or another next hop. */
enum cgn_number_change cgn_directory_inside_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t inside);

/* Never CHANGED: address and tenant are what the number stands for. */
enum cgn_number_change cgn_directory_pool_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t pool);

/* Never CHANGED: interface and address are what the number stands for. */
enum cgn_number_change cgn_directory_neigh_change(
	const struct cgn_directory *old, const struct cgn_directory *dir, uint32_t neigh);
