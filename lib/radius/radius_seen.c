/* SPDX-License-Identifier: BSD-3-Clause */
/* The cache of answered requests. Called by radius_server.c on the RADIUS thread. */
#include "radius_seen.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static_assert(sizeof(struct cgn_radius_origin) == 32, "compared by bytes: no holes");

int
cgn_radius_seen_init(struct cgn_radius_seen *seen)
{
	seen->sets = calloc(CGN_RADIUS_SEEN_SETS, sizeof(*seen->sets));
	return seen->sets != NULL ? 0 : -ENOMEM;
}

void
cgn_radius_seen_fini(struct cgn_radius_seen *seen)
{
	free(seen->sets);
	seen->sets = NULL;
}

/* The authenticator is a digest already, and only those who know the secret can choose it. */
static struct cgn_radius_seen_entry *
set_of(const struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin)
{
	uint32_t hash;

	memcpy(&hash, origin->authenticator, sizeof(hash));
	return seen->sets[hash % CGN_RADIUS_SEEN_SETS];
}

struct cgn_radius_seen_entry *
cgn_radius_seen_find(
	struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin, cgn_ns_t now)
{
	struct cgn_radius_seen_entry *set = set_of(seen, origin);

	for (int w = 0; w < CGN_RADIUS_SEEN_WAYS; w++)
		if (set[w].at != 0 && now - set[w].at < CGN_RADIUS_SEEN_S * CGN_NS_PER_S &&
			memcmp(&set[w].origin, origin, sizeof(*origin)) == 0)
			return &set[w];
	return NULL;
}

void
cgn_radius_seen_add(
	struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin, cgn_ns_t now)
{
	struct cgn_radius_seen_entry *set = set_of(seen, origin), *oldest = set;

	for (int w = 1; w < CGN_RADIUS_SEEN_WAYS; w++)
		if (set[w].at < oldest->at)
			oldest = &set[w];
	*oldest = (struct cgn_radius_seen_entry){.origin = *origin, .at = now};
}

void
cgn_radius_seen_end(struct cgn_radius_seen *seen, const struct cgn_radius_origin *origin,
	cgn_ns_t now, bool is_answered)
{
	struct cgn_radius_seen_entry *entry = cgn_radius_seen_find(seen, origin, now);

	if (entry == NULL)
		return;
	entry->is_answered = is_answered;
	if (!is_answered)
		entry->at = 0;
}
