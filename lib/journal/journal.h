/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state journal: explicit mappings, who holds which port block, and sessions, for after a
 * restart or a crash. An append-only file of checksummed records, replayed at start, compacted when
 * most of it is history, bounded in size. Written by the exporter thread alone; control hands it
 * records over a ring and never waits.
 *
 * Times in records are UTC seconds, so that they mean something after a restart. Addresses and
 * ports are host order in the struct and big-endian in the file (journal_record.h has its layout).
 *
 * The journal holds a copy of all that is live in memory, 210 to 420 bytes a record. It never
 * depends on being able to read the old file again: after an error that leaves the file in doubt it
 * writes all of it anew.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

enum {
	CGN_JOURNAL_NONCE_LEN = 12,
	CGN_JOURNAL_MAX_FILTERS = 8,
	CGN_JOURNAL_TENANT_LEN = 32,
	CGN_JOURNAL_ID_LEN = 64,
	CGN_JOURNAL_CLASS_LEN = 32,
};

enum {
	/* The least max_bytes: some 700 mappings; below it the bound would only be in the way. */
	CGN_JOURNAL_MIN_BYTES = 65536,
};

enum cgn_journal_type {
	/* The tenant's mapping state began at at_utc_s: its SETs before this record count no more.
	 * Ports that rest go on resting, and blocks are held as before; sessions too, unless flags
	 * are CGN_JOURNAL_ANEW. */
	CGN_JOURNAL_EPOCH = 1,
	/* Explicit mapping made or changed: the whole of it. Replaces an earlier SET of the same
	 * tenant, inside address, protocol and inside port; ends the rest of its outside port. */
	CGN_JOURNAL_SET,
	/* The explicit mapping between exactly this inside and this outside end is gone; its
	 * outside port rests until ends_utc_s. Kept, and replayed, until then. */
	CGN_JOURNAL_DEL,
	/* The block of set_size ports from outside_port on is leased to inside_addr. Replaces an
	 * earlier LEASE of the same tenant, outside address and first port. */
	CGN_JOURNAL_LEASE,
	/* No block begins at this outside address and port any more. */
	CGN_JOURNAL_RETURN,
	/* The session of this id, with this class, has inside_addr since at_utc_s. Replaces an
	 * earlier SESSION of the same tenant and address. */
	CGN_JOURNAL_SESSION,
	/* The address has no session any more. */
	CGN_JOURNAL_SESSION_END,
};

/* Flags of an EPOCH: the tenant's sessions of before count no more either. */
enum { CGN_JOURNAL_ANEW = 1 };

struct cgn_journal_filter {
	uint32_t addr;
	uint8_t prefix_len; /* 0 to 32 */
	uint16_t port;
};

struct cgn_journal_record {
	uint8_t type;                        /* enum cgn_journal_type */
	uint8_t proto;                       /* IP protocol number: 6 or 17; blocks have none, 0 */
	uint8_t origin;                      /* enum cgn_explicit_origin; opaque here */
	uint8_t flags;                       /* opaque here */
	char tenant[CGN_JOURNAL_TENANT_LEN]; /* 1 to 31 bytes and a zero */
	uint32_t inside_addr, outside_addr;
	uint16_t inside_port, outside_port;
	uint16_t client_port;
	uint16_t set_size;  /* ports of a PORT_SET that this is one of, else 1; of a LEASE: ports */
	uint16_t set_first; /* first inside port of that set; opaque here */
	uint8_t nonce[CGN_JOURNAL_NONCE_LEN];
	uint32_t client_addr; /* who asked, with client_port; opaque here */
	uint64_t at_utc_s;
	uint64_t ends_utc_s; /* of a SET: opaque here, it counts until its DEL */
	uint8_t n_filters;   /* of a SESSION 0 */
	union {
		struct cgn_journal_filter filters[CGN_JOURNAL_MAX_FILTERS];
		struct {                             /* of a SESSION, each with a zero at the end */
			char id[CGN_JOURNAL_ID_LEN]; /* 1 to 63 bytes */
			char class_name[CGN_JOURNAL_CLASS_LEN]; /* may be "" */
		};
	};
};

/* What opening found, for the log and the operator. */
struct cgn_journal_report {
	uint64_t records, live; /* records read; mappings live after all of them */
	uint64_t resting;       /* outside ports that rest */
	uint64_t leases;        /* port blocks that are held */
	uint64_t sessions;
	uint64_t cut_bytes; /* torn or corrupt tail that was cut off; 0: none */
	char cut_reason[96];
};

struct cgn_journal;

/*
 * Opens (creates) the journal at path and replays it: calls replay for each EPOCH, then for each
 * SESSION that has not ended, then for each LEASE that was not returned, then for each live SET,
 * then for each DEL whose port still rests; within a type in no particular order. A file of an
 * older version is read, and written anew by the first flush: version 2 has no SESSION, version 1
 * no LEASE either, and its client_addr is the inside address. A tail that is torn or fails its
 * checksum is cut off and reported; everything before it counts.
 *
 * max_bytes, CGN_JOURNAL_MIN_BYTES at least, bounds the file: what is live may take three quarters
 * of it, the last quarter is room for history between two compactions. Of what is live, blocks and
 * sessions make no more than three quarters full: they give way to what was asked for.
 *
 * Main thread. NULL with errno and *err set. EBUSY: another process has the file, by a lock.
 * EPROTONOSUPPORT: a later version wrote it. EBADMSG: it is no journal, or its first 16 bytes are
 * damaged. In these three cases the file has not been touched.
 */
struct cgn_journal *cgn_journal_open(const char *path, uint64_t max_bytes,
	void (*replay)(void *ctx, const struct cgn_journal_record *r), void *ctx,
	struct cgn_journal_report *report, struct cgn_errmsg *err);

/* Flushes, syncs, closes; logs when that fails. NULL is accepted. After the exporter has stopped.
 */
void cgn_journal_close(struct cgn_journal *j);

/*
 * Exporter thread: takes one record into memory, without I/O. 0: it will be in the file after the
 * next flush that succeeds, however many fail before. Otherwise it was not taken, and is counted as
 * refused: -ENOSPC when max_bytes leaves no room, which only happens to a SET, LEASE or SESSION
 * that needs more than what it replaces, and to a DEL of a mapping that is not there; -ENOMEM;
 * -EINVAL, type, tenant or filters are not as above.
 */
int cgn_journal_append(struct cgn_journal *j, const struct cgn_journal_record *r);

/*
 * Exporter thread: writes what was appended; sync: to the disk too. Compacts when worth it, which
 * takes as long as writing and syncing all that is live. 0 or a negative errno, of the write or the
 * sync: nothing is forgotten, call it again, at any pace. Without a flush every 7000 records or so
 * (1 MiB) the whole file is written anew.
 */
int cgn_journal_flush(struct cgn_journal *j, bool sync);

struct cgn_journal_stats {
	uint64_t bytes;   /* of the file */
	uint64_t pending; /* records appended since the last flush that succeeded */
	uint64_t live, resting, leases, sessions;
	uint64_t appended, refused, write_errors, compactions;
};

/* Exporter thread. */
struct cgn_journal_stats cgn_journal_stats(const struct cgn_journal *j);
