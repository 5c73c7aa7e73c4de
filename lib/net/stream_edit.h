/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words that were replaced by others, longer or shorter, in one direction of a TCP connection: what
 * that does to sequence numbers, acknowledgements and retransmissions. The sender's numbers are
 * "before", those that the receiver sees "after". Numbers are host order and wrap (RFC 9293
 * section 3.4). The last CGN_EDITS edits are known; whatever is older has been acknowledged.
 * Pure; whoever owns the struct.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CGN_EDITS = 8, CGN_EDIT_TEXT = 32 };

struct cgn_edit {
	uint32_t at;      /* before: number of the first byte that is replaced */
	uint32_t shift;   /* what was added to numbers up to here */
	uint32_t old_len; /* bytes before */
	uint32_t new_len; /* bytes after: those of text */
	char text[CGN_EDIT_TEXT];
};

/* Zeroed: none. */
struct cgn_edits {
	uint32_t n; /* since the connection began; edit i is ring[i % CGN_EDITS] */
	struct cgn_edit ring[CGN_EDITS];
};

/* The edit that begins at this number, or NULL. */
const struct cgn_edit *cgn_edits_find(const struct cgn_edits *e, uint32_t at);

/* One more; false when it does not lie behind all others, or is too long. */
bool cgn_edits_add(
	struct cgn_edits *e, uint32_t at, uint32_t old_len, const char *text, uint32_t new_len);

/* A sequence number before as it is after. One inside a replaced word becomes that of its begin. */
uint32_t cgn_edits_seq(const struct cgn_edits *e, uint32_t seq);

/* An acknowledgement after as it is before: never of more than was received, so that a word of
 * which a part was received is sent again as a whole. */
uint32_t cgn_edits_ack(const struct cgn_edits *e, uint32_t ack);

/*
 * The payload of a segment, len bytes from seq on, with its words replaced: into out, of cap bytes.
 * Returns its length, or -1 when a word is only partly in the segment, or out is too small.
 */
int32_t cgn_edits_apply(const struct cgn_edits *e, uint32_t seq, const uint8_t *payload,
	uint32_t len, uint8_t *out, uint32_t cap);
