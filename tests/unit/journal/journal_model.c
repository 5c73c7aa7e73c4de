/* SPDX-License-Identifier: BSD-3-Clause */
/* The model of the journal, and records for it; called by the tests of lib/journal. */
#include "journal_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "journal_record.h"
#include "rand.h"

typedef uint8_t line_t[CGN_JOURNAL_RECORD_MAX];

void
model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
}

void
model_fini(struct model *m)
{
	free(m->records);
	model_init(m);
}

void
model_add(struct model *m, const struct cgn_journal_record *r)
{
	if (m->n == m->n_alloc) {
		m->n_alloc = m->n_alloc != 0 ? 2 * m->n_alloc : 64;
		m->records = realloc(m->records, m->n_alloc * sizeof(*m->records));
		cr_assert_not_null(m->records);
	}
	m->records[m->n++] = *r;
}

static bool
is_inside_same(const struct cgn_journal_record *a, const struct cgn_journal_record *b)
{
	return a->inside_addr == b->inside_addr && a->inside_port == b->inside_port &&
		a->proto == b->proto;
}

static bool
is_outside_same(const struct cgn_journal_record *a, const struct cgn_journal_record *b)
{
	return a->outside_addr == b->outside_addr && a->outside_port == b->outside_port &&
		a->proto == b->proto;
}

/* Whether a record of the past is over when r comes. */
static bool
is_over(const struct cgn_journal_record *old, const struct cgn_journal_record *r)
{
	bool is_block = r->type == CGN_JOURNAL_LEASE || r->type == CGN_JOURNAL_RETURN;

	bool is_session = r->type == CGN_JOURNAL_SESSION || r->type == CGN_JOURNAL_SESSION_END;

	if (strcmp(old->tenant, r->tenant) != 0)
		return false;
	if (old->type == CGN_JOURNAL_SESSION)
		return is_session ? old->inside_addr == r->inside_addr
				  : r->type == CGN_JOURNAL_EPOCH && r->flags == CGN_JOURNAL_ANEW;
	if (is_session)
		return false;
	if (is_block || old->type == CGN_JOURNAL_LEASE)
		return is_block && old->type == CGN_JOURNAL_LEASE && is_outside_same(old, r);
	if (r->type == CGN_JOURNAL_EPOCH)
		return old->type != CGN_JOURNAL_DEL;
	if (old->type == CGN_JOURNAL_EPOCH)
		return false;
	if (old->type == CGN_JOURNAL_DEL)
		return is_outside_same(old, r);
	return is_inside_same(old, r) && (r->type == CGN_JOURNAL_SET || is_outside_same(old, r));
}

void
model_apply(struct model *m, const struct cgn_journal_record *r, uint64_t now_utc_s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n; i++)
		if (!is_over(&m->records[i], r))
			m->records[n++] = m->records[i];
	m->n = n;
	if (r->type == CGN_JOURNAL_RETURN || r->type == CGN_JOURNAL_SESSION_END)
		return;
	if (r->type != CGN_JOURNAL_DEL || r->ends_utc_s > now_utc_s)
		model_add(m, r);
}

static int
compare_lines(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(line_t));
}

static line_t *
sorted_lines(const struct model *m)
{
	line_t *lines = calloc(m->n + 1, sizeof(*lines));

	cr_assert_not_null(lines);
	for (uint32_t i = 0; i < m->n; i++)
		cgn_journal_record_encode(&m->records[i], lines[i]);
	qsort(lines, m->n, sizeof(*lines), compare_lines);
	return lines;
}

bool
model_is_same(const struct model *a, const struct model *b)
{
	line_t *x, *y;
	bool same;

	if (a->n != b->n)
		return false;
	x = sorted_lines(a);
	y = sorted_lines(b);
	same = memcmp(x, y, a->n * sizeof(*x)) == 0;
	free(x);
	free(y);
	return same;
}

uint32_t
model_count(const struct model *m, enum cgn_journal_type type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n; i++)
		n += m->records[i].type == type;
	return n;
}

struct cgn_journal_record
make_set(uint32_t n)
{
	struct cgn_journal_record r = {
		.type = CGN_JOURNAL_SET,
		.proto = n % 2 != 0 ? 17 : 6,
		.origin = 2,
		.tenant = "alpha",
		.inside_addr = 0x64400000 + n,
		.outside_addr = 0xcb007101 + n / 60000,
		.inside_port = 8080,
		.outside_port = (uint16_t)(1024 + n % 60000),
		.client_port = 5350,
		.set_size = 1,
		.set_first = 8080,
		.client_addr = 0x64400000 + n,
		.at_utc_s = 1700000000,
		.ends_utc_s = 1700007200,
	};

	memset(r.nonce, (int)(n & 0xff), sizeof(r.nonce));
	return r;
}

struct cgn_journal_record
make_del(uint32_t n, uint64_t ends_utc_s)
{
	struct cgn_journal_record r = make_set(n);

	r.type = CGN_JOURNAL_DEL;
	r.ends_utc_s = ends_utc_s;
	return r;
}

struct cgn_journal_record
make_lease(uint32_t n)
{
	struct cgn_journal_record r = {.type = CGN_JOURNAL_LEASE,
		.tenant = "alpha",
		.inside_addr = 0x64400000 + n,
		.outside_addr = 0xcb007101 + n / 126,
		.outside_port = (uint16_t)(1024 + n % 126 * 512),
		.set_size = 512,
		.at_utc_s = 1700000000};

	return r;
}

struct cgn_journal_record
make_return(uint32_t n)
{
	struct cgn_journal_record r = make_lease(n);

	r.type = CGN_JOURNAL_RETURN;
	r.inside_addr = 0;
	r.set_size = 0;
	return r;
}

struct cgn_journal_record
make_session(uint32_t n)
{
	struct cgn_journal_record r = {.type = CGN_JOURNAL_SESSION,
		.tenant = "alpha",
		.inside_addr = 0x64400000 + n,
		.at_utc_s = 1700000000};

	snprintf(r.id, sizeof(r.id), "cust-%u", n);
	if (n % 2 == 0)
		strcpy(r.class_name, "gold");
	return r;
}

struct cgn_journal_record
make_session_end(uint32_t n)
{
	return (struct cgn_journal_record){
		.type = CGN_JOURNAL_SESSION_END, .tenant = "alpha", .inside_addr = 0x64400000 + n};
}

struct cgn_journal_record
make_epoch(const char *tenant, uint64_t at_utc_s)
{
	struct cgn_journal_record r = {.type = CGN_JOURNAL_EPOCH, .at_utc_s = at_utc_s};

	strncpy(r.tenant, tenant, sizeof(r.tenant) - 1);
	return r;
}

struct cgn_journal_record
model_random(struct cgn_rand *rand, uint64_t now_utc_s)
{
	static const char *const tenants[] = {"alpha", "b", "a-tenant-whose-name-is-31-bytes"};
	struct cgn_journal_record r = make_set(cgn_rand_below(rand, 1000));
	uint32_t kind = cgn_rand_below(rand, 100);

	if (kind >= 70)
		r = kind < 80       ? make_lease(0)
			: kind < 88 ? make_return(0)
			: kind < 96 ? make_session(cgn_rand_below(rand, 1000))
				    : make_session_end(0);
	else
		r.type = kind == 0  ? CGN_JOURNAL_EPOCH
			: kind < 25 ? CGN_JOURNAL_DEL
				    : CGN_JOURNAL_SET;
	if (r.type == CGN_JOURNAL_EPOCH)
		r.flags = cgn_rand_below(rand, 2) == 0 ? CGN_JOURNAL_ANEW : 0;
	memset(r.tenant, 0, sizeof(r.tenant));
	strcpy(r.tenant, tenants[cgn_rand_below(rand, 3)]);
	r.inside_addr = 0x64400000 + cgn_rand_below(rand, 4);
	r.client_addr = 0x64400000 + cgn_rand_below(rand, 4);
	r.inside_port = (uint16_t)cgn_rand_below(rand, 4);
	r.outside_addr = 0xcb007100 + cgn_rand_below(rand, 2);
	r.outside_port = (uint16_t)cgn_rand_below(rand, 8);
	r.at_utc_s = now_utc_s;
	r.ends_utc_s = now_utc_s - 20 + cgn_rand_below(rand, 140);
	if (r.type == CGN_JOURNAL_SESSION)
		return r;
	r.n_filters = (uint8_t)(cgn_rand_below(rand, 4) == 0 ? cgn_rand_below(rand, 9) : 0);
	for (uint32_t i = 0; i < r.n_filters; i++)
		r.filters[i] = (struct cgn_journal_filter){.addr = (uint32_t)cgn_rand_u64(rand),
			.prefix_len = (uint8_t)cgn_rand_below(rand, 33),
			.port = (uint16_t)cgn_rand_u64(rand)};
	return r;
}
