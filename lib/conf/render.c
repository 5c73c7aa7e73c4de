/* SPDX-License-Identifier: BSD-3-Clause */
/* struct to YAML, by walking keys.def. Called by --check --print and by reload, main thread. */
#include "render.h"

#include "err.h"
#include "scalar.h"

#include <string.h>

struct render {
	FILE *out;
	const struct cgn_conf *conf;
	enum cgn_schema schema;
	uint32_t indent;
	bool is_item_start;
};

static void render_keys(struct render *r, const struct cgn_key *parent, const void *base);

void
cgn_render_box(FILE *out, const struct cgn_conf *conf)
{
	struct render r = {.out = out, .conf = conf, .schema = CGN_SCHEMA_BOX};

	render_keys(&r, NULL, conf);
}

void
cgn_render_tenant(FILE *out, const struct cgn_conf *conf, uint32_t i)
{
	struct render r = {.out = out, .conf = conf, .schema = CGN_SCHEMA_TENANT};

	render_keys(&r, NULL, &conf->tenants[i]);
}

void
cgn_render_conf(FILE *out, const struct cgn_conf *conf)
{
	fprintf(out, "# %s\n", conf->files[0]);
	cgn_render_box(out, conf);
	for (uint32_t i = 0; i < conf->n_tenants; i++) {
		fprintf(out, "---\n# %s\n", conf->files[i + 1]);
		cgn_render_tenant(out, conf, i);
	}
}

/* Tenant files as seen from the folder of the appliance file, which is how they are read. */
static const char *
relative_path(const struct cgn_conf *conf, const char *path)
{
	const char *slash = strrchr(conf->files[0], '/');
	size_t n = slash != NULL ? (size_t)(slash - conf->files[0]) + 1 : 0;

	return strncmp(path, conf->files[0], n) == 0 ? path + n : path;
}

void
cgn_render_value(
	FILE *out, const struct cgn_conf *conf, const struct cgn_key *key, const void *field)
{
	uint16_t port;
	char *path;

	if (key->type == CGN_KEY_PORT) {
		memcpy(&port, field, sizeof(port));
		fputs(conf->ports[port].name, out);
	} else if (key->type == CGN_KEY_FILE) {
		memcpy(&path, field, sizeof(path));
		cgn_quoted_print(out, relative_path(conf, path));
	} else {
		cgn_scalar_print(out, key, field);
	}
}

/* The start of a line: the first key of an item stands after its dash. */
static void
start_line(struct render *r)
{
	uint32_t n = r->is_item_start ? r->indent - 2 : r->indent;

	fprintf(r->out, "%*s%s", (int)n, "", r->is_item_start ? "- " : "");
	r->is_item_start = false;
}

static void
render_list(struct render *r, const struct cgn_key *list, const void *base)
{
	const struct cgn_key *child = cgn_key_child(r->schema, list, NULL);
	uint32_t n = cgn_key_count(list, base);
	const char *items = cgn_key_items(list, base);

	if (child->type == CGN_KEY_FILE) { /* the first file is the appliance's own */
		items += list->list.item_size;
		n--;
	}
	fputs(n == 0 ? " []\n" : "\n", r->out);
	r->indent += 4;
	for (uint32_t i = 0; i < n; i++, items += list->list.item_size) {
		r->is_item_start = true;
		if (cgn_key_is_item(child)) {
			start_line(r);
			cgn_render_value(r->out, r->conf, child, items + child->offset);
			fputc('\n', r->out);
		} else {
			render_keys(r, list, items);
		}
	}
	r->indent -= 4;
}

static void
render_keys(struct render *r, const struct cgn_key *parent, const void *base)
{
	const struct cgn_key *key = NULL;

	while ((key = cgn_key_child(r->schema, parent, key)) != NULL) {
		const char *field = (const char *)base + key->offset;

		if (!cgn_key_is_present(key, base))
			continue;
		start_line(r);
		fprintf(r->out, "%s:", cgn_key_name(key));
		if (key->type == CGN_KEY_MAP) {
			fputc('\n', r->out);
			r->indent += 2;
			render_keys(r, key, base);
			r->indent -= 2;
		} else if (key->type == CGN_KEY_LIST) {
			render_list(r, key, base);
		} else {
			fputc(' ', r->out);
			cgn_render_value(r->out, r->conf, key, field);
			fputc('\n', r->out);
		}
	}
}
