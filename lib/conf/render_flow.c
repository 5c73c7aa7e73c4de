/* SPDX-License-Identifier: BSD-3-Clause */
/* One item or one list as one line, by walking keys.def. Called by diff.c on the main thread. */
#include "render.h"

#include "scalar.h"

struct flow {
	FILE *out;
	const struct cgn_conf *conf;
	uint32_t most; /* items of a list inside */
};

static void flow_keys(const struct flow *f, const struct cgn_key *parent, const void *base);

static void
flow_item(const struct flow *f, const struct cgn_key *list, const char *item)
{
	const struct cgn_key *child = cgn_key_child(list->schema, list, NULL);

	if (cgn_key_is_item(child))
		cgn_render_value(f->out, f->conf, child, item + child->offset);
	else
		flow_keys(f, list, item);
}

static void
flow_list(const struct flow *f, const struct cgn_key *list, const void *base)
{
	const char *items = cgn_key_items(list, base);
	uint32_t n = cgn_key_count(list, base), n_shown = n < f->most ? n : f->most;

	fputc('[', f->out);
	for (uint32_t i = 0; i < n_shown; i++) {
		fputs(i > 0 ? ", " : "", f->out);
		flow_item(f, list, items + (size_t)i * list->list.item_size);
	}
	if (n_shown < n)
		fprintf(f->out, "%s... %u more", n_shown > 0 ? ", " : "", n - n_shown);
	fputc(']', f->out);
}

static void
flow_keys(const struct flow *f, const struct cgn_key *parent, const void *base)
{
	const struct cgn_key *key = NULL;
	const char *comma = "";

	fputc('{', f->out);
	while ((key = cgn_key_child(parent->schema, parent, key)) != NULL) {
		const char *field = (const char *)base + key->offset;

		if (!cgn_key_is_present(key, base))
			continue;
		fprintf(f->out, "%s%s: ", comma, cgn_key_name(key));
		comma = ", ";
		if (key->type == CGN_KEY_MAP)
			flow_keys(f, key, base);
		else if (key->type == CGN_KEY_LIST)
			flow_list(f, key, base);
		else
			cgn_render_value(f->out, f->conf, key, field);
	}
	fputc('}', f->out);
}

void
cgn_render_item(FILE *out, const struct cgn_conf *conf, const struct cgn_key *list,
	const void *item, uint32_t most)
{
	flow_item(&(struct flow){out, conf, most}, list, item);
}

void
cgn_render_list(FILE *out, const struct cgn_conf *conf, const struct cgn_key *list,
	const void *base, uint32_t most)
{
	flow_list(&(struct flow){out, conf, most}, list, base);
}
