/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations of very many tenants; see many_tenants.h. */
#include "many_tenants.h"

#include <stdlib.h>

enum { MAPPINGS_EACH = 12, MAPPINGS_MIN = 1024, NAME_LEN = 16, FIRST_ADDRESS = 4, UNASSIGNED = 3 };

struct text {
	char *s;
	size_t len;
	FILE *f;
};

static void *
or_die(void *p)
{
	if (p != NULL)
		return p;
	fputs("many_tenants: no memory\n", stderr);
	abort();
}

static void
text_open(struct text *t)
{
	t->f = or_die(open_memstream(&t->s, &t->len));
}

/* kind: the first letter of its name; 'b': that of the box. */
static void
take(struct text *t, char kind, uint32_t number, struct cgn_conf_source *source)
{
	char *name = or_die(malloc(NAME_LEN));

	if (kind == 'b')
		snprintf(name, NAME_LEN, "box");
	else
		snprintf(name, NAME_LEN, "%c%u", kind, number);
	fclose(t->f);
	*source = (struct cgn_conf_source){.name = name, .text = or_die(t->s), .len = t->len};
}

static void
make_box(const struct many_tenants *p, struct cgn_conf_source *source)
{
	uint32_t mappings = p->room * MAPPINGS_EACH;
	struct text t;

	text_open(&t);
	fprintf(t.f,
		"%stable: {mappings: %u, subscribers: %u, explicit: 32768, shards: 2}\ntenants:\n",
		p->box, mappings > MAPPINGS_MIN ? mappings : MAPPINGS_MIN,
		p->room * (many_tenants_addresses(p) + UNASSIGNED));
	for (uint32_t i = 0; i < p->n; i++)
		fprintf(t.f, "  - t%u\n", p->first + i);
	take(&t, 'b', 0, source);
}

/* Length of the prefix that has room for the listed, from FIRST_ADDRESS on. */
static unsigned int
wide_len(const struct many_tenants *p)
{
	unsigned int len = 32;

	while ((UINT64_C(1) << (32 - len)) < (uint64_t)p->listed + FIRST_ADDRESS + 1)
		len--;
	return len;
}

static bool
is_wide(const struct many_tenants *p)
{
	return p->listed > MANY_TENANTS_SUBSCRIBERS;
}

uint32_t
many_tenants_addresses(const struct many_tenants *p)
{
	/* All but the network, the broadcast and the service address. */
	return is_wide(p) ? (UINT32_C(1) << (32 - wide_len(p))) - UNASSIGNED
			  : MANY_TENANTS_SUBSCRIBERS;
}

static void
put_attachment(FILE *f, const struct many_tenants *p, uint32_t number)
{
	if (number % 4 == 0)
		fprintf(f, "attachments:\n  - port: trunk\n    vlan: %u\n", 1 + number / 4);
	else
		fprintf(f, "attachments:\n  - port: access\n    outer_vlan: %u\n    vlan: %u\n",
			100 + number / 100, 1 + number % 100);
	if (is_wide(p)) {
		fprintf(f,
			"    address: 100.64.0.1/%u\n    binding: access\n"
			"    subscribers: [{prefix: 100.64.0.0/%u}]\n",
			wide_len(p), wide_len(p));
		return;
	}
	fputs("    address: 100.64.0.1/25\n    binding: access\n    subscribers:\n"
	      "      - {prefix: 100.64.0.4/30}\n      - {prefix: 100.64.0.8/29}\n"
	      "      - {prefix: 100.64.0.16/28}\n      - {prefix: 100.64.0.32/27}\n"
	      "      - {prefix: 100.64.0.64/27}\n      - {prefix: 100.64.0.96/29}\n",
		f);
}

static void
put_listed(FILE *f, const struct many_tenants *p, uint32_t number)
{
	for (uint32_t i = 0; i < p->listed; i++) {
		uint32_t low = FIRST_ADDRESS + i;

		fprintf(f, "- {address: 100.%u.%u.%u, id: cust-%u-%u", 64 + (low >> 16),
			low >> 8 & 255, low & 255, number, i);
		fputs(i % 2 == 0 ? ", class: gold" : "", f);
		fputs(i % 10 == 0 ? ", tags: [fixed], quota: {mappings: 2000}}\n" : "}\n", f);
	}
}

static void
make_tenant(const struct many_tenants *p, uint32_t number, struct cgn_conf_source *source)
{
	bool is_changed = p->changed != 0 && number == p->changed;
	struct text t;

	text_open(&t);
	fprintf(t.f, "tenant: t%u\n", number);
	put_attachment(t.f, p, number);
	if (p->listed > 0)
		fputs("classes: [{name: gold, udp: 900}]\n", t.f);
	if (is_wide(p)) {
		fprintf(t.f, "subscribers_file: l%u\n", number);
	} else if (p->listed > 0) {
		fputs("subscribers:\n", t.f);
		put_listed(t.f, p, number);
	}
	fprintf(t.f, "pool: [198.18.%u.%u/32, 198.19.%u.%u/32]\n", number / 250, number % 250 + 1,
		number / 250, number % 250 + 1);
	fprintf(t.f,
		"ports: {first: 32768, last: 65535}\n"
		"quota: {mappings: 8, mappings_max: 10000, explicit: 100, "
		"subscriber: {mappings: %u, explicit: 50}}\n",
		is_changed ? p->quota : 1000);
	if (number % 10 == 0)
		fprintf(t.f,
			"static:\n  - {protocol: tcp, inside: 100.64.0.10, inside_port: 80, "
			"outside: 198.18.%u.%u, outside_port: 40000}\n",
			number / 250, number % 250 + 1);
	take(&t, 't', number, source);
}

static void
make_list(const struct many_tenants *p, uint32_t number, struct cgn_conf_source *source)
{
	struct text t;

	text_open(&t);
	put_listed(t.f, p, number);
	take(&t, 'l', number, source);
}

struct cgn_conf_source *
many_tenants_make(const struct many_tenants *p, size_t *n_sources)
{
	struct cgn_conf_source *sources = or_die(calloc(2 * (size_t)p->n + 1, sizeof(*sources)));

	make_box(p, &sources[0]);
	for (uint32_t i = 0; i < p->n; i++)
		make_tenant(p, p->first + i, &sources[1 + i]);
	*n_sources = p->n + 1;
	for (uint32_t i = 0; is_wide(p) && i < p->n; i++)
		make_list(p, p->first + i, &sources[(*n_sources)++]);
	return sources;
}

void
many_tenants_free(struct cgn_conf_source *sources, size_t n_sources)
{
	for (size_t i = 0; i < n_sources; i++) {
		free((char *)(uintptr_t)sources[i].name);
		free((char *)(uintptr_t)sources[i].text);
	}
	free(sources);
}
