/* SPDX-License-Identifier: BSD-3-Clause */
/* The algorithm of RFC 7422 section 2; see deterministic.h. */
#include "deterministic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
list_add(struct cgn_det_list *list, uint32_t first, uint64_t n, uint8_t shift)
{
	if ((list->n_runs & (list->n_runs - 1)) == 0) { /* a power of two is full */
		size_t cap = list->n_runs > 0 ? 2 * (size_t)list->n_runs : 1;
		struct cgn_det_run *runs = realloc(list->runs, cap * sizeof(*runs));

		if (runs == NULL)
			return -ENOMEM;
		list->runs = runs;
	}
	list->runs[list->n_runs++] = (struct cgn_det_run){.first_addr = first,
		.n = (uint32_t)n,
		.first_number = (uint32_t)list->n,
		.shift = shift};
	list->n += n;
	return 0;
}

struct place {
	uint32_t addr, run;
};

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static int
list_sort(struct cgn_det_list *list)
{
	struct place *places = calloc(list->n_runs + 1, sizeof(*places));

	list->by_addr = calloc(list->n_runs + 1, sizeof(*list->by_addr));
	if (places == NULL || list->by_addr == NULL) {
		free(places);
		return -ENOMEM;
	}
	for (uint32_t r = 0; r < list->n_runs; r++)
		places[r] = (struct place){list->runs[r].first_addr, r};
	qsort(places, list->n_runs, sizeof(*places), compare_places);
	for (uint32_t r = 0; r < list->n_runs; r++)
		list->by_addr[r] = places[r].run;
	free(places);
	return 0;
}

static void
list_free(struct cgn_det_list *list)
{
	free(list->runs);
	free(list->by_addr);
}

/* The number of an address, or false; *first: the first address of that number. */
static bool
list_number(const struct cgn_det_list *list, uint32_t addr, uint32_t *number, uint32_t *first)
{
	const struct cgn_det_run *run = NULL;
	uint32_t low = 0, high = list->n_runs, at;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (list->runs[list->by_addr[middle]].first_addr <= addr) {
			run = &list->runs[list->by_addr[middle]];
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (run == NULL)
		return false;
	at = (addr - run->first_addr) >> run->shift;
	*number = run->first_number + at;
	*first = run->first_addr + (at << run->shift);
	return at < run->n;
}

/* The run of a number that there is. */
static const struct cgn_det_run *
list_run(const struct cgn_det_list *list, uint32_t number)
{
	const struct cgn_det_run *base = list->runs;

	for (uint32_t n = list->n_runs; n > 1; n -= n / 2)
		if (base[n / 2].first_number <= number)
			base += n / 2;
	return base;
}

static uint32_t
list_addr(const struct cgn_det_list *list, uint32_t number, uint8_t *shift)
{
	const struct cgn_det_run *run = list_run(list, number);

	*shift = run->shift;
	return run->first_addr + ((number - run->first_number) << run->shift);
}

static int
add_subscribers(struct cgn_det *det)
{
	const struct cgn_conf_tenant *conf = det->conf;
	int rc = 0;

	for (uint32_t a = 0; a < conf->n_attachments; a++)
		for (uint32_t s = 0; rc == 0 && s < conf->attachments[a].n_subscribers; s++) {
			const struct cgn_conf_subscribers *sub =
				&conf->attachments[a].subscribers[s];
			uint8_t shift = (uint8_t)(32 - sub->subscriber_mask);

			rc = list_add(&det->subscribers, sub->prefix.addr,
				cgn_prefix_size(sub->prefix) >> shift, shift);
		}
	return rc;
}

static int
compare_addrs(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of one prefix, what no subscriber has for itself; own: sorted. */
static int
add_prefix(
	struct cgn_det *det, const struct cgn_prefix *prefix, const uint32_t *own, uint32_t n_own)
{
	uint64_t at = prefix->addr, end = at + cgn_prefix_size(*prefix);
	int rc = 0;

	for (uint32_t k = 0; rc == 0 && k < n_own; k++) {
		if (own[k] < at || own[k] >= end)
			continue;
		if (own[k] > at)
			rc = list_add(&det->addresses, (uint32_t)at, own[k] - at, 0);
		at = own[k] + UINT64_C(1);
	}
	if (rc == 0 && at < end)
		rc = list_add(&det->addresses, (uint32_t)at, end - at, 0);
	return rc;
}

static int
add_addresses(struct cgn_det *det)
{
	const struct cgn_conf_tenant *conf = det->conf;
	uint32_t *own = calloc(conf->n_addresses + 1, sizeof(*own));
	int rc = own != NULL ? 0 : -ENOMEM;

	for (uint32_t i = 0; rc == 0 && i < conf->n_addresses; i++)
		own[i] = conf->addresses[i].outside;
	if (rc == 0)
		qsort(own, conf->n_addresses, sizeof(*own), compare_addrs);
	for (uint32_t p = 0; rc == 0 && p < conf->n_pools; p++)
		rc = add_prefix(det, &conf->pools[p].prefix, own, conf->n_addresses);
	free(own);
	return rc;
}

static void
divide(struct cgn_det *det)
{
	const struct cgn_conf_tenant *conf = det->conf;
	uint64_t n = det->addresses.n > 0 ? det->addresses.n : 1, parts, c;
	uint32_t steps = (conf->ports.last + 1u - conf->ports.first) / CGN_DET_STEP;

	c = conf->ports.deterministic.ratio;
	if (c == 0)
		c = (det->subscribers.n + n - 1) / n;
	parts = c + conf->ports.deterministic.dynamic;
	if (parts == 0 || parts > steps) {
		det->ratio = (uint32_t)c;
		return;
	}
	det->ratio = (uint32_t)c;
	det->range_ports = (uint32_t)(steps / parts) * CGN_DET_STEP;
	if (conf->ports.deterministic.dynamic == 0)
		return;
	det->dynamic_first = conf->ports.first + det->ratio * det->range_ports;
	det->n_dynamic = conf->ports.last + 1u - det->dynamic_first;
}

struct cgn_det *
cgn_det_create(const struct cgn_conf_tenant *conf)
{
	struct cgn_det *det = calloc(1, sizeof(*det));

	if (det == NULL)
		return NULL;
	det->conf = conf;
	if (add_subscribers(det) < 0 || add_addresses(det) < 0 ||
		list_sort(&det->subscribers) < 0 || list_sort(&det->addresses) < 0) {
		cgn_det_destroy(det);
		return NULL;
	}
	divide(det);
	return det;
}

void
cgn_det_destroy(struct cgn_det *det)
{
	if (det == NULL)
		return;
	list_free(&det->subscribers);
	list_free(&det->addresses);
	free(det);
}

bool
cgn_det_fits(const struct cgn_det *det)
{
	return det->range_ports > 0 && det->subscribers.n <= det->addresses.n * det->ratio;
}

uint32_t
cgn_det_max_ports(const struct cgn_det *det, uint32_t max_blocks)
{
	uint64_t more = (uint64_t)(max_blocks - 1) * det->conf->ports.block_size;

	return det->range_ports + (uint32_t)(more < det->n_dynamic ? more : det->n_dynamic);
}

/* The outside address that one subscriber has for itself, or is; false: none such. */
static bool
find_own(
	const struct cgn_det *det, uint32_t inside, uint32_t outside, struct cgn_det_answer *answer)
{
	const struct cgn_conf_tenant *conf = det->conf;

	for (uint32_t i = 0; i < conf->n_addresses; i++) {
		const struct cgn_conf_own_address *own = &conf->addresses[i];

		if (own->inside != inside && own->outside != outside)
			continue;
		*answer = (struct cgn_det_answer){.kind = CGN_DET_OWN,
			.inside = {.addr = own->inside, .len = 32},
			.outside = own->outside,
			.first = 1,
			.last = UINT16_MAX};
		return true;
	}
	return false;
}

static void
set_range(const struct cgn_det *det, uint32_t slot, struct cgn_det_answer *answer)
{
	answer->first = (uint16_t)(det->conf->ports.first + slot * det->range_ports);
	answer->last = (uint16_t)(answer->first + det->range_ports - 1);
}

void
cgn_det_forward(const struct cgn_det *det, uint32_t inside, struct cgn_det_answer *answer)
{
	if (!find_own(det, inside, 0, answer))
		cgn_det_range(det, inside, answer);
}

void
cgn_det_range(const struct cgn_det *det, uint32_t inside, struct cgn_det_answer *answer)
{
	const uint32_t n = (uint32_t)det->addresses.n, c = det->ratio;
	bool spreads = det->conf->ports.deterministic.algorithm == CGN_DET_SPREAD;
	uint32_t k, first, address;
	uint8_t shift;

	*answer = (struct cgn_det_answer){.kind = CGN_DET_FOREIGN};
	if (!cgn_det_fits(det) || !list_number(&det->subscribers, inside, &k, &first))
		return;
	address = spreads ? k % n : k / c;
	answer->kind = CGN_DET_RANGE;
	answer->number = k;
	answer->inside = (struct cgn_prefix){
		.addr = first, .len = (uint8_t)(32 - list_run(&det->subscribers, k)->shift)};
	answer->outside = list_addr(&det->addresses, address, &shift);
	set_range(det, spreads ? k / n : k % c, answer);
}

/* The subscriber of range `slot` of an address. */
static void
reverse_range(const struct cgn_det *det, uint32_t address, uint32_t slot, uint16_t port,
	struct cgn_det_answer *answer)
{
	bool spreads = det->conf->ports.deterministic.algorithm == CGN_DET_SPREAD;
	uint64_t k = spreads ? slot * det->addresses.n + address
			     : (uint64_t)address * det->ratio + slot;
	uint8_t shift;

	answer->kind = CGN_DET_VACANT;
	if (k >= det->subscribers.n)
		return;
	answer->kind = cgn_port_is_reserved(det->conf, port) ? CGN_DET_RESERVED : CGN_DET_RANGE;
	answer->number = (uint32_t)k;
	answer->inside.addr = list_addr(&det->subscribers, (uint32_t)k, &shift);
	answer->inside.len = (uint8_t)(32 - shift);
	set_range(det, slot, answer);
}

void
cgn_det_reverse(
	const struct cgn_det *det, uint32_t outside, uint16_t port, struct cgn_det_answer *answer)
{
	const struct cgn_conf_tenant *conf = det->conf;
	uint32_t address, first, slot;

	*answer = (struct cgn_det_answer){.kind = CGN_DET_FOREIGN, .outside = outside};
	if (!cgn_det_fits(det) || find_own(det, 0, outside, answer) ||
		!list_number(&det->addresses, outside, &address, &first))
		return;
	answer->kind = CGN_DET_VACANT;
	if (port < conf->ports.first || port > conf->ports.last)
		return;
	slot = (port - conf->ports.first) / det->range_ports;
	if (slot < det->ratio) {
		reverse_range(det, address, slot, port, answer);
	} else if (det->n_dynamic > 0) {
		answer->kind = CGN_DET_DYNAMIC;
		answer->first = (uint16_t)det->dynamic_first;
		answer->last = conf->ports.last;
	}
}

/* Has every number of a the same address in b? */
static bool
begins_with(const struct cgn_det_list *a, const struct cgn_det_list *b)
{
	uint64_t k = 0;

	if (a->n > b->n)
		return false;
	while (k < a->n) {
		const struct cgn_det_run *x = list_run(a, (uint32_t)k);
		const struct cgn_det_run *y = list_run(b, (uint32_t)k);
		uint64_t x_end = x->first_number + (uint64_t)x->n;
		uint64_t y_end = y->first_number + (uint64_t)y->n;
		uint8_t shift;

		if (x->shift != y->shift ||
			list_addr(a, (uint32_t)k, &shift) != list_addr(b, (uint32_t)k, &shift))
			return false;
		k = x_end < y_end ? x_end : y_end;
	}
	return true;
}

bool
cgn_det_keeps(const struct cgn_det *old, const struct cgn_det *fresh)
{
	if (old == NULL || fresh == NULL)
		return old == fresh;
	return old->conf->ports.deterministic.algorithm ==
		fresh->conf->ports.deterministic.algorithm &&
		old->conf->ports.first == fresh->conf->ports.first &&
		old->range_ports == fresh->range_ports && old->ratio == fresh->ratio &&
		old->dynamic_first == fresh->dynamic_first && old->n_dynamic == fresh->n_dynamic &&
		(old->conf->ports.deterministic.algorithm != CGN_DET_SPREAD ||
			old->addresses.n == fresh->addresses.n) &&
		begins_with(&old->subscribers, &fresh->subscribers) &&
		begins_with(&old->addresses, &fresh->addresses);
}

static bool
subscribers_are_same(const struct cgn_conf_attachment *a, const struct cgn_conf_attachment *b)
{
	bool is_same = a->n_subscribers == b->n_subscribers;

	for (uint32_t s = 0; is_same && s < a->n_subscribers; s++)
		is_same = a->subscribers[s].prefix.addr == b->subscribers[s].prefix.addr &&
			a->subscribers[s].prefix.len == b->subscribers[s].prefix.len &&
			a->subscribers[s].subscriber_mask == b->subscribers[s].subscriber_mask;
	return is_same;
}

static bool
inside_is_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b)
{
	bool is_same = a->n_attachments == b->n_attachments;

	for (uint32_t i = 0; is_same && i < a->n_attachments; i++)
		is_same = subscribers_are_same(&a->attachments[i], &b->attachments[i]);
	return is_same;
}

static bool
outside_is_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b)
{
	bool is_same = a->n_pools == b->n_pools && a->n_addresses == b->n_addresses;

	for (uint32_t p = 0; is_same && p < a->n_pools; p++)
		is_same = a->pools[p].prefix.addr == b->pools[p].prefix.addr &&
			a->pools[p].prefix.len == b->pools[p].prefix.len;
	for (uint32_t i = 0; is_same && i < a->n_addresses; i++)
		is_same = a->addresses[i].inside == b->addresses[i].inside &&
			a->addresses[i].outside == b->addresses[i].outside;
	return is_same;
}

static bool
ports_are_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b)
{
	bool is_same = a->ports.first == b->ports.first && a->ports.last == b->ports.last &&
		a->ports.block_size == b->ports.block_size &&
		a->ports.max_blocks == b->ports.max_blocks &&
		a->ports.n_reserved == b->ports.n_reserved;

	for (uint32_t r = 0; is_same && r < a->ports.n_reserved; r++)
		is_same = a->ports.reserved[r].range.first == b->ports.reserved[r].range.first &&
			a->ports.reserved[r].range.last == b->ports.reserved[r].range.last;
	return is_same;
}

bool
cgn_det_params_are_same(const struct cgn_conf_tenant *a, const struct cgn_conf_tenant *b)
{
	if (a->ports.deterministic.algorithm != b->ports.deterministic.algorithm)
		return false;
	if (a->ports.deterministic.algorithm == CGN_DET_OFF)
		return true;
	return a->ports.deterministic.ratio == b->ports.deterministic.ratio &&
		a->ports.deterministic.dynamic == b->ports.deterministic.dynamic &&
		ports_are_same(a, b) && inside_is_same(a, b) && outside_is_same(a, b);
}

void
cgn_reserved_map(const struct cgn_conf_tenant *conf, uint64_t map[65536 / 64])
{
	memset(map, 0, 65536 / 8);
	for (uint32_t r = 0; r < conf->ports.n_reserved; r++) {
		const struct cgn_port_range *range = &conf->ports.reserved[r].range;

		for (uint32_t port = range->first; port <= range->last; port++)
			map[port / 64] |= UINT64_C(1) << port % 64;
	}
}

bool
cgn_port_is_reserved(const struct cgn_conf_tenant *conf, uint16_t port)
{
	for (uint32_t r = 0; r < conf->ports.n_reserved; r++)
		if (port >= conf->ports.reserved[r].range.first &&
			port <= conf->ports.reserved[r].range.last)
			return true;
	return false;
}

const char *
cgn_det_algorithm_str(enum cgn_det_algorithm algorithm)
{
	static const char *const names[] = {[CGN_DET_OFF] = "off",
		[CGN_DET_SEQUENTIAL] = "sequential",
		[CGN_DET_SPREAD] = "spread"};

	return names[algorithm];
}
