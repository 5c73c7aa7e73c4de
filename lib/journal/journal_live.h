/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the journal amounts to: the last EPOCH of each tenant, its sessions, the port blocks that
 * are held, the mappings that are live, and the outside ports that rest. A compacted file holds
 * these records and no others, so they are kept in memory whole and the old file is never read for
 * it. One thread at a time.
 *
 * The records lie densely in an array; a hash table with open addressing leads to them. Mappings
 * are found by tenant and inside end, resting ports and blocks by tenant and outside end, epochs by
 * tenant.
 */
#pragma once

#include <stdint.h>

#include "journal.h"

struct cgn_journal_slot {
	uint32_t hash;
	uint32_t index; /* of a record + 1; 0: empty */
};

/* The key in 32-bit words: the tenant's name, an address, type, protocol and port. */
enum { CGN_JOURNAL_KEY_WORDS = CGN_JOURNAL_TENANT_LEN / 4 + 2 };

struct cgn_journal_live {
	struct cgn_journal_record *records;
	struct cgn_journal_slot *slots;
	uint32_t n_records, n_records_alloc;
	uint32_t n_slots; /* a power of two, twice n_records_alloc */
	uint32_t n_sets, n_rests, n_leases, n_sessions;
	uint64_t bytes; /* of all records in a file */
	uint64_t secret[CGN_JOURNAL_KEY_WORDS + 1];
};

void cgn_journal_live_init(struct cgn_journal_live *live);
void cgn_journal_live_fini(struct cgn_journal_live *live);

/*
 * Applies r, a valid record, at now_utc_s. A record that would raise bytes above max_bytes is
 * refused: -ENOSPC; a LEASE or SESSION already above three quarters of that; never an EPOCH, a
 * RETURN, a SESSION_END, nor a DEL of a mapping that is live. -ENOMEM when the array cannot grow.
 * Nothing has changed on an error.
 */
int cgn_journal_live_apply(struct cgn_journal_live *live, const struct cgn_journal_record *r,
	uint64_t now_utc_s, uint64_t max_bytes);

/* Forgets the ports that have rested. */
void cgn_journal_live_sweep(struct cgn_journal_live *live, uint64_t now_utc_s);

/*
 * The next record in the order of replay and of a compacted file: EPOCHs, SESSIONs, LEASEs, SETs,
 * DELs.
 * Applied in this order none of them undoes another. *i is 0 to begin and belongs to this function;
 * NULL at the end.
 */
const struct cgn_journal_record *cgn_journal_live_next(
	const struct cgn_journal_live *live, uint64_t *i);
