/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What PEER was granted on a mapping, one entry for each remote peer, with a nonce of its own (RFC
 * 6887 section 12.3 looks for the five-tuple). The mapping is endpoint-independent: all peers, and
 * MAP, share it, and it stays for as long as the last of them was granted. The first entry is in
 * the mapping's record, others are records of the same pool chained to it, so that quotas count
 * them. Called by explicit.c and explicit_record.c; control thread.
 */
#include <string.h>

#include "explicit_rules.h"

/* Flows of one inside port that are worth the asking; also what a look-up may cost. */
enum { PEERS_PER_MAPPING = 8 };

static bool
is_live(const struct cgn_control *c, const struct cgn_explicit *e)
{
	return e->peer.addr != 0 && (int32_t)(e->peer.ends_s - c->now_s) > 0;
}

static struct cgn_explicit *
next_of(struct cgn_control *c, const struct cgn_explicit *e)
{
	return e->next_peer != 0 ? &c->explicits.records[e->next_peer] : NULL;
}

/* The entry of the request's peer, or NULL; *n: entries, *spare: one that has lapsed, or NULL. */
static struct cgn_explicit *
find(struct cgn_control *c, struct cgn_explicit *e, const struct cgn_explicit_ask *ask, uint32_t *n,
	struct cgn_explicit **spare)
{
	*n = 0;
	*spare = NULL;
	for (; e != NULL; e = next_of(c, e), (*n)++) {
		if (!is_live(c, e))
			*spare = e;
		else if (e->peer.addr == ask->peer_addr && e->peer.port == ask->peer_port)
			return e;
	}
	return NULL;
}

enum cgn_explicit_result
cgn_peer_check(struct cgn_control *c, struct cgn_explicit *e, const struct cgn_explicit_ask *ask,
	struct cgn_explicit_answer *answer)
{
	enum cgn_explicit_result result = CGN_EXPLICIT_OK;
	struct cgn_explicit *spare, *entry;
	uint32_t n;

	entry = find(c, e, ask, &n, &spare);
	if (entry != NULL && !ask->replace_nonce &&
		memcmp(entry->peer.nonce, ask->nonce, sizeof(ask->nonce)) != 0) {
		answer->lifetime_s = entry->peer.ends_s - c->now_s;
		return CGN_EXPLICIT_NOT_OWNER;
	}
	if (entry != NULL || spare != NULL || ask->lifetime_s == 0)
		return CGN_EXPLICIT_OK;
	if (n >= PEERS_PER_MAPPING) {
		c->why = (struct cgn_why){.text = "peers of one inside port that PEER may name",
			.used = n,
			.limit = PEERS_PER_MAPPING};
		return CGN_EXPLICIT_QUOTA;
	}
	if (cgn_explicit_room(c, ask, &result) == 0)
		return result;
	return CGN_EXPLICIT_OK;
}

void
cgn_peer_grant(struct cgn_control *c, struct cgn_explicit *e, const struct cgn_explicit_ask *ask,
	uint32_t lifetime_s)
{
	uint32_t n, ends_s = c->now_s + lifetime_s;
	struct cgn_explicit *spare, *entry = find(c, e, ask, &n, &spare);

	if (entry == NULL && spare == NULL) { /* cgn_peer_check has seen that there is room */
		entry = cgn_explicit_take(c, e->mapping);
		entry->next_peer = e->next_peer;
		e->next_peer = (uint32_t)(entry - c->explicits.records);
	} else if (entry == NULL)
		entry = spare;
	/* PEER never shortens (RFC 6887 section 12.1). */
	if (!is_live(c, entry) || (int32_t)(ends_s - entry->peer.ends_s) > 0)
		entry->peer.ends_s = ends_s;
	entry->peer.addr = ask->peer_addr;
	entry->peer.port = ask->peer_port;
	memcpy(entry->peer.nonce, ask->nonce, sizeof(entry->peer.nonce));
	if ((int32_t)(entry->peer.ends_s - e->peer_ends_s) > 0)
		e->peer_ends_s = entry->peer.ends_s;
}

void
cgn_peers_drop(struct cgn_control *c, struct cgn_explicit *e)
{
	while (e->next_peer != 0) {
		struct cgn_explicit *entry = next_of(c, e);

		e->next_peer = entry->next_peer;
		cgn_explicit_give_back(c, entry);
	}
}
