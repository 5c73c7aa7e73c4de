/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulator's configuration: default YAML lines, each replaced by a test's of the same key. */
#include <stdlib.h>
#include <string.h>

#include "sim_internal.h"

struct text {
	char *s;
	size_t len;
	FILE *f;
};

static void
text_open(struct text *t)
{
	t->f = open_memstream(&t->s, &t->len);
	if (t->f == NULL)
		cgn_sim_die("no memory");
}

/* Does a line of the test's YAML start with this key? */
static bool
has_key(const char *yaml, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = yaml; p != NULL && *p != '\0'; p = strchr(p, '\n'), p += p != NULL)
		if (strncmp(p, key, n) == 0 && p[n] == ':')
			return true;
	return false;
}

static void
put(struct text *t, const char *extra, const char *key, const char *value)
{
	if (!has_key(extra, key))
		fprintf(t->f, "%s: %s\n", key, value);
}

static void
put_cores(struct text *t, const struct cgn_sim_params *p)
{
	uint16_t n = p->n_workers > 0 ? p->n_workers : 1;

	if (has_key(p->box, "cores"))
		return;
	fprintf(t->f, "cores: {control: 63, workers: [");
	for (uint16_t i = 0; i < n; i++)
		fprintf(t->f, "%s%u", i > 0 ? ", " : "", i);
	fprintf(t->f, "]}\n");
}

static void
write_box(struct text *t, const struct cgn_sim_params *p)
{
	char ports[512];
	unsigned int queues = p->n_workers > 0 ? p->n_workers : 1;

	snprintf(ports, sizeof(ports),
		"[{name: access, device: net_ring0, role: inside, rx_queues: %u}, "
		"{name: trunk, device: net_ring1, role: inside, rx_queues: %u}, "
		"{name: wan, device: net_ring2, role: outside, rx_queues: %u}]",
		queues, queues, queues);
	text_open(t);
	put_cores(t, p);
	put(t, p->box, "ports", ports);
	put(t, p->box, "uplinks", "[{port: wan, address: 198.51.100.2/24}]");
	put(t, p->box, "routes", "[{prefix: 0.0.0.0/0, via: 198.51.100.1}]");
	put(t, p->box, "table", "{mappings: 16384, shards: 2}");
	put(t, p->box, "tenants", "[a, b, c]");
	fputs(p->box != NULL ? p->box : "", t->f);
	fclose(t->f);
}

static void
write_tenant(struct text *t, const char *extra, const char *name, const char *const defaults[2])
{
	text_open(t);
	put(t, extra, "tenant", name);
	put(t, extra, "attachments", defaults[0]);
	put(t, extra, "pool", defaults[1]);
	put(t, extra, "portctl", "{natpmp: false, pcp: false}"); /* no announcements to sort out */
	fputs(extra != NULL ? extra : "", t->f);
	fclose(t->f);
}

struct cgn_conf *
cgn_sim_conf_load(const struct cgn_sim_params *p)
{
	struct cgn_conf_errors errors;
	struct cgn_conf *conf = cgn_sim_conf_try(p, &errors);
	char line[1024];

	for (uint32_t i = 0; i < errors.n_errors; i++)
		fprintf(stderr, "%s\n", cgn_conf_error_str(&errors, i, line, sizeof(line)));
	if (conf == NULL)
		cgn_sim_die("the configuration is wrong");
	cgn_conf_errors_free(&errors);
	return conf;
}

struct cgn_conf *
cgn_sim_conf_try(const struct cgn_sim_params *p, struct cgn_conf_errors *errors)
{
	static const char *const names[] = {"a", "b", "c"};
	static const char *const defaults[][2] = {
		{"[{port: access, address: 100.64.0.1/22, binding: access, subscribers: [{prefix: "
		 "100.64.0.0/22}]}, "
		 "{port: trunk, vlan: 101, address: 100.65.0.1/24, binding: access, subscribers: "
		 "[{prefix: "
		 "100.65.0.0/24}]}]",
			"[203.0.113.16/28]"},
		{"[{port: trunk, vlan: 102, address: 100.64.0.1/24, binding: access, subscribers: "
		 "[{prefix: "
		 "100.64.0.0/24}]}]",
			"[203.0.113.32/28]"},
		{"[{port: trunk, outer_vlan: 200, vlan: 7, address: 100.66.0.1/24, binding: "
		 "access, subscribers: "
		 "[{prefix: 100.66.0.0/24}]}]",
			"[203.0.113.48/32]"},
	};
	const char *const extras[] = {p->a, p->b, p->c};
	struct cgn_conf_source files[4];
	struct cgn_conf *conf;
	struct text texts[4];

	if (p->files != NULL)
		return cgn_conf_load_mem(p->files, p->n_files, errors);
	write_box(&texts[0], p);
	for (int i = 0; i < 3; i++)
		write_tenant(&texts[i + 1], extras[i], names[i], defaults[i]);
	for (int i = 0; i < 4; i++)
		files[i] = (struct cgn_conf_source){.name = i == 0 ? "box" : names[i - 1],
			.text = texts[i].s,
			.len = texts[i].len};
	conf = cgn_conf_load_mem(files, 4, errors);
	for (int i = 0; i < 4; i++)
		free(texts[i].s);
	return conf;
}
