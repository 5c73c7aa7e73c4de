/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a journal amounts to, the slow and plain way: a list of records that is searched from one
 * end to the other. Tests compare replays with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "journal.h"

struct cgn_rand;

struct model {
	struct cgn_journal_record *records;
	uint32_t n, n_alloc;
};

void model_init(struct model *m);
void model_fini(struct model *m);
void model_add(struct model *m, const struct cgn_journal_record *r);
void model_apply(struct model *m, const struct cgn_journal_record *r, uint64_t now_utc_s);

/* The same records, in whatever order. */
bool model_is_same(const struct model *a, const struct model *b);
uint32_t model_count(const struct model *m, enum cgn_journal_type type);

/* Like make_set below, then all else random. Few tenants, addresses and ports: they meet often. */
struct cgn_journal_record model_random(struct cgn_rand *rand, uint64_t now_utc_s);

/* A SET of tenant "alpha", subscriber 100.64.0.0 + n, outside 203.0.113.1 and a port of its own. */
struct cgn_journal_record make_set(uint32_t n);
/* The DEL that ends it. */
struct cgn_journal_record make_del(uint32_t n, uint64_t ends_utc_s);
/* The block of 512 ports that subscriber 100.64.0.0 + n of "alpha" holds, and the end of that. */
struct cgn_journal_record make_lease(uint32_t n);
struct cgn_journal_record make_return(uint32_t n);
/* The session cust-n of subscriber 100.64.0.0 + n, of class gold when n is even, and its end. */
struct cgn_journal_record make_session(uint32_t n);
struct cgn_journal_record make_session_end(uint32_t n);
struct cgn_journal_record make_epoch(const char *tenant, uint64_t at_utc_s);
