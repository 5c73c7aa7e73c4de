/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of the journal file. Numbers are big-endian and unsigned, lengths count bytes.
 *
 * Header, once, at the start:
 *
 *	 0  8  magic: "CGNATDJ" and a newline
 *	 8  4  version of the format: 3
 *	12  4  CRC-32C of bytes 0 to 11
 *
 * Then records to the end of the file, without gaps:
 *
 *	 0  2  length L of the body
 *	 2  1  type: enum cgn_journal_type
 *	 3  1  zero
 *	 4  4  CRC-32C of bytes 0 to 3 and of the body
 *	 8  L  body
 *
 * Body, the same for every type; what a type does not use is zero:
 *
 *	 0  8  at_utc_s
 *	 8  8  ends_utc_s
 *	16  4  inside_addr
 *	20  4  outside_addr
 *	24  2  inside_port
 *	26  2  outside_port
 *	28  2  client_port
 *	30  2  set_size
 *	32  2  set_first
 *	34  1  proto
 *	35  1  origin
 *	36  1  flags
 *	37  1  F: number of filters, 0 to 8
 *	38 12  nonce
 *	50  4  client_addr
 *	54  1  T: length of the tenant's name, 1 to 31
 *	55  T  tenant's name, no zero byte in it
 *	55+T 7*F filters: 4 address, 1 prefix length (0 to 32), 2 port
 *
 * and of a SESSION, whose F is 0:
 *
 *	55+T  1  I: length of the id, 1 to 63
 *	56+T  I  id, no zero byte in it
 *	56+T+I 1 C: length of the class's name, 0 to 31
 *	57+T+I C class's name, no zero byte in it
 *
 * L is 55 + T + 7*F, of a SESSION 57 + T + I + C. proto is 0 from LEASE on; a LEASE has ports, and
 * none above 65535.
 *
 * Version 2 had no SESSION and SESSION_END. Version 1 had no LEASE and RETURN either, and no
 * client_addr, so that what follows it stood 4 bytes earlier. Both are read, never written.
 *
 * A record that breaks one of these rules is damage, whatever its checksum says.
 * Magic, version and the checksum of both keep their places in every version. Any change of the
 * rest, a new record type too, is a new version.
 *
 * Pure functions; main and exporter thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal.h"

enum {
	CGN_JOURNAL_VERSION = 3,
	CGN_JOURNAL_HEADER_LEN = 16,
	CGN_JOURNAL_PREFIX_LEN = 8, /* of a record: what stands before the body */
	CGN_JOURNAL_FIXED_LEN = 55, /* of a body */
	CGN_JOURNAL_CLIENT_LEN = 4, /* of it, not in version 1 */
	CGN_JOURNAL_FILTER_LEN = 7,
	/* A SESSION is the longest: two lengths, an id and a name. */
	CGN_JOURNAL_RECORD_MAX = CGN_JOURNAL_PREFIX_LEN + CGN_JOURNAL_FIXED_LEN +
		CGN_JOURNAL_TENANT_LEN - 1 + CGN_JOURNAL_ID_LEN + CGN_JOURNAL_CLASS_LEN,
};

/* Writes CGN_JOURNAL_HEADER_LEN bytes. */
void cgn_journal_header_encode(uint8_t *out);

/*
 * Reads len bytes, CGN_JOURNAL_HEADER_LEN or all there are. Returns 0 (*version is 1 to
 * CGN_JOURNAL_VERSION), -EPROTONOSUPPORT (*version is one that this program does not know),
 * -ENODATA (the start of a good header, cut off: nothing can have followed) or -EBADMSG (not a
 * journal, or its header is damaged).
 */
int cgn_journal_header_decode(const uint8_t *in, size_t len, uint32_t *version);

/* Whether r can be written: type, name and filters are as the rules above want them. */
bool cgn_journal_record_is_valid(const struct cgn_journal_record *r);

/* Bytes of r, which is valid, in the file. */
uint32_t cgn_journal_record_size(const struct cgn_journal_record *r);

/* Writes cgn_journal_record_size(r) bytes of r, which is valid; returns their number. */
uint32_t cgn_journal_record_encode(const struct cgn_journal_record *r, uint8_t *out);

/*
 * Reads one record of that version from the start of len bytes. Returns its size in the file, 0
 * when the bytes end before it does, or -EBADMSG with *why pointing to a constant text.
 */
int cgn_journal_record_decode(const uint8_t *in, size_t len, uint32_t version,
	struct cgn_journal_record *r, const char **why);
