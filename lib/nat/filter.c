/* SPDX-License-Identifier: BSD-3-Clause */
/* Filter sets; see filter.h. */
#include "filter.h"

#include <errno.h>
#include <string.h>

#include "mem.h"

int
cgn_filters_init(struct cgn_filters *f, uint32_t capacity, int socket)
{
	f->sets = cgn_mem_zalloc("filters", (size_t)capacity + 1, sizeof(*f->sets), socket);
	if (f->sets == NULL)
		return -ENOMEM;
	f->capacity = capacity;
	for (uint32_t s = 1; s <= capacity; s++)
		f->sets[s].next = s < capacity ? s + 1 : 0;
	f->first_free = capacity > 0 ? 1 : 0;
	return 0;
}

void
cgn_filters_fini(struct cgn_filters *f)
{
	cgn_mem_free(f->sets);
	memset(f, 0, sizeof(*f));
}

uint32_t
cgn_filter_take(struct cgn_filters *f)
{
	uint32_t set = f->first_free;

	if (set != 0) {
		f->first_free = f->sets[set].next;
		f->sets[set] = (struct cgn_filter_set){0};
		f->n_used++;
	}
	return set;
}

void
cgn_filter_free(struct cgn_filters *f, uint32_t set)
{
	f->sets[set].next = f->first_free;
	f->first_free = set;
	f->n_used--;
}

bool
cgn_filter_matches(const struct cgn_filter_set *set, rte_be32_t addr, rte_be16_t port)
{
	for (uint32_t i = 0; i < set->n; i++) {
		const struct cgn_filter_rule *rule = &set->rules[i];

		if ((addr & rule->mask) == rule->addr && (rule->port == 0 || rule->port == port))
			return true;
	}
	return false;
}
