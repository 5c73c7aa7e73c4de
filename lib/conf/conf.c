/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Loading a configuration: read, parse, decode and validate the appliance file and its tenants'
 * files, reporting every error of all of them. Called by the daemon's start, --check and reload, on
 * the main thread.
 */
#include "conf.h"

#include "decode.h"
#include "load.h"
#include "read_file.h"
#include "validate.h"
#include "yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct load {
	struct cgn_conf *conf;
	struct cgn_report report;
	struct cgn_marks marks;
	const struct cgn_conf_source *sources; /* NULL: files */
	size_t n_sources;
	char **entries; /* the tenant files as the appliance file writes them */
	char **paths;   /* the same as they are opened; NULL: not to be loaded */
	uint32_t n_entries;
	bool out_of_memory;
};

static struct cgn_conf *load_all(
	struct load *load, const char *path, struct cgn_conf_errors *errors);

struct cgn_conf *
cgn_conf_load(const char *path, struct cgn_conf_errors *errors)
{
	struct load load = {0};

	return load_all(&load, path, errors);
}

struct cgn_conf *
cgn_conf_load_mem(
	const struct cgn_conf_source *sources, size_t n_sources, struct cgn_conf_errors *errors)
{
	struct load load = {.sources = sources, .n_sources = n_sources};

	return load_all(&load, sources[0].name, errors);
}

uint32_t
cgn_conf_class_find(const struct cgn_conf_tenant *tenant, const char *name)
{
	for (uint32_t i = 0; i < tenant->n_classes; i++)
		if (strcmp(tenant->classes[i].name, name) == 0)
			return i;
	return CGN_NONE;
}

bool
cgn_subscriber_id_is_good(const char *id)
{
	size_t n = strnlen(id, CGN_SUBSCRIBER_ID_LEN);

	for (size_t i = 0; i < n; i++)
		if (id[i] <= ' ' || id[i] > '~' || id[i] == ',')
			return false;
	return n > 0 && n < CGN_SUBSCRIBER_ID_LEN;
}

const struct cgn_conf_nat_rule *
cgn_conf_nat_rule_find(const struct cgn_conf_tenant *tenant, uint32_t protocol, uint16_t port)
{
	for (uint32_t i = 0; i < tenant->nat.n_rules; i++) {
		const struct cgn_conf_nat_rule *rule = &tenant->nat.rules[i];

		for (uint32_t k = 0; (uint32_t)rule->protocol == protocol && k < rule->n_ports; k++)
			if (port >= rule->ports[k].range.first && port <= rule->ports[k].range.last)
				return rule;
	}
	return NULL;
}

bool
cgn_conf_filters(const struct cgn_conf_tenant *tenant)
{
	bool is_any = tenant->nat.filtering != CGN_FILTERING_INDEPENDENT;

	for (uint32_t i = 0; i < tenant->nat.n_rules; i++)
		is_any |= tenant->nat.rules[i].filtering != CGN_FILTERING_INDEPENDENT;
	return is_any;
}

bool
cgn_conf_overloads(const struct cgn_conf_tenant *tenant)
{
	bool is_any = tenant->nat.overload_when_full > 0;

	for (uint32_t i = 0; i < tenant->nat.n_rules; i++)
		is_any |= tenant->nat.rules[i].mapping != CGN_MAPPING_INDEPENDENT;
	return is_any;
}

static void
free_tenant(struct cgn_conf_tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->n_attachments; i++)
		free(tenant->attachments[i].subscribers);
	for (uint32_t i = 0; i < tenant->n_listed; i++)
		free(tenant->listed[i].tags);
	free(tenant->listed);
	free(tenant->attachments);
	free(tenant->classes);
	free(tenant->pools);
	free(tenant->drains);
	free(tenant->ports.reserved);
	free(tenant->radius.clients);
	free(tenant->routes);
	free(tenant->portctl.nocs);
	free(tenant->statics);
	for (uint32_t i = 0; i < tenant->nat.n_rules; i++)
		free(tenant->nat.rules[i].ports);
	free(tenant->nat.rules);
	free(tenant->nat.bypasses);
	free(tenant->addresses);
}

static void
free_strings(char **strings, uint32_t n)
{
	for (uint32_t i = 0; strings != NULL && i < n; i++)
		free(strings[i]);
	free(strings);
}

void
cgn_conf_free(struct cgn_conf *conf)
{
	if (conf == NULL)
		return;
	for (uint32_t i = 0; i < conf->n_tenants; i++)
		free_tenant(&conf->tenants[i]);
	free(conf->tenants);
	free(conf->ports);
	free(conf->uplinks);
	free(conf->routes);
	free(conf->log.collectors);
	free(conf->log.servers);
	free_strings(conf->files, conf->n_files);
	free(conf);
}

/* Into *input, whose root is set; the caller frees its text. */
static int
read_source(const struct load *load, const char *path, struct cgn_yaml_input *input,
	struct cgn_errmsg *err)
{
	char *text = NULL;
	int rc;

	if (load->sources == NULL) {
		rc = cgn_file_read(path, cgn_yaml_max_bytes(input->root), &text, &input->len, err);
		input->text = text;
		return rc;
	}
	for (size_t i = 0; i < load->n_sources; i++) {
		if (strcmp(load->sources[i].name, path) != 0)
			continue;
		input->len = load->sources[i].len;
		text = malloc(input->len + 1);
		if (text == NULL)
			return -ENOMEM;
		if (input->len > 0)
			memcpy(text, load->sources[i].text, input->len);
		input->text = text;
		return 0;
	}
	cgn_errmsg_set(err, "cannot be opened: it is not among the files given; give it too");
	return -EINVAL;
}

/* Decodes a text as the appliance file (tenant NULL), as that of a tenant or its subscribers. */
static void
decode_text(struct load *load, const struct cgn_yaml_input *input, struct cgn_conf_tenant *tenant)
{
	struct cgn_yaml yaml;
	struct cgn_decode decode = {
		.yaml = &yaml, .report = &load->report, .marks = &load->marks, .conf = load->conf};
	int rc = cgn_yaml_init(&yaml, input, &load->report);

	if (rc == -ENOMEM)
		load->out_of_memory = true;
	else if (rc == 0 && input->root == CGN_YAML_LIST)
		cgn_decode_listed(&decode, tenant);
	else if (rc == 0 && tenant != NULL)
		cgn_decode_tenant(&decode, tenant);
	else if (rc == 0)
		cgn_decode_box(&decode, load->conf);
	if (decode.out_of_memory)
		load->out_of_memory = true;
	cgn_yaml_fini(&yaml);
}

static void
load_box(struct load *load, const char *path)
{
	struct cgn_conf_pos pos = {
		.file = cgn_report_file(&load->report, path), .line = 1, .col = 1};
	struct cgn_yaml_input input = {.file = pos.file, .root = CGN_YAML_MAP};
	struct cgn_errmsg err;
	int rc = read_source(load, path, &input, &err);

	if (rc == -ENOMEM)
		load->out_of_memory = true;
	else if (rc < 0)
		cgn_report_add(&load->report, pos, "%s", err.text);
	else
		decode_text(load, &input, NULL);
	free(input.text);
}

/* From entries as written to paths as opened. A file that is listed twice is loaded once. */
static void
find_paths(struct load *load, const char *box_path)
{
	struct cgn_validation v = {load->conf, &load->marks, &load->report};
	struct cgn_named *named = calloc(load->n_entries + 1, sizeof(*named));
	uint32_t n = 0;

	load->paths = calloc(load->n_entries + 1, sizeof(*load->paths));
	if (load->paths == NULL || named == NULL) {
		load->out_of_memory = true;
		free(named);
		return;
	}
	for (uint32_t i = 0; i < load->n_entries; i++) {
		if (load->entries[i] == NULL)
			continue;
		load->paths[i] = cgn_path_join(box_path, load->entries[i]);
		if (load->paths[i] == NULL)
			load->out_of_memory = true;
		else
			named[n++] = (struct cgn_named){load->paths[i], &load->entries[i], false};
	}
	cgn_marks_seal(&load->marks);
	cgn_named_check(&v, named, n, CGN_RULE_TENANT_FILE_TWICE, "list each file once");
	for (uint32_t i = 0; i < n; i++) {
		size_t k = (size_t)((char *const *)named[i].field - load->entries);

		if (named[i].is_repeated) {
			free(load->paths[k]);
			load->paths[k] = NULL;
		}
	}
	free(named);
}

static void
load_tenant(struct load *load, uint32_t entry, struct cgn_conf_tenant *tenant)
{
	const struct cgn_mark *mark = cgn_marks_find(&load->marks, &load->entries[entry]);
	struct cgn_conf_pos pos = mark->pos; /* every entry that has a path was marked */
	const char *path = load->paths[entry];
	struct cgn_yaml_input input = {
		.file = cgn_report_file(&load->report, path), .root = CGN_YAML_MAP};
	struct cgn_errmsg err;
	int rc = read_source(load, path, &input, &err);

	if (rc == -ENOMEM)
		load->out_of_memory = true;
	else if (rc < 0)
		cgn_report_add(&load->report, pos, "tenants[%u]: %.200s %s", entry, path, err.text);
	else
		decode_text(load, &input, tenant);
	free(input.text);
}

static void
load_tenants(struct load *load)
{
	struct cgn_conf *conf = load->conf;
	uint32_t n = 0;

	for (uint32_t i = 0; i < load->n_entries; i++)
		n += load->paths[i] != NULL;
	if (n == 0)
		return;
	/* Once and for all, since marks hold the addresses of fields. */
	conf->tenants = calloc(n, sizeof(*conf->tenants));
	if (conf->tenants == NULL) {
		load->out_of_memory = true;
		return;
	}
	for (uint32_t i = 0; i < load->n_entries && !load->out_of_memory; i++)
		if (load->paths[i] != NULL)
			load_tenant(load, i, &conf->tenants[conf->n_tenants++]);
}

static void
load_listed_of(struct load *load, const char *box_path, struct cgn_conf_tenant *tenant)
{
	const struct cgn_mark *mark = cgn_marks_find(&load->marks, tenant->listed_file);
	char *path = cgn_path_join(box_path, tenant->listed_file);
	struct cgn_yaml_input input = {.root = CGN_YAML_LIST};
	struct cgn_errmsg err;
	int rc = path != NULL ? read_source(load, path, &input, &err) : -ENOMEM;

	if (rc == 0)
		input.file = cgn_report_file(&load->report, path);
	if (rc == -ENOMEM)
		load->out_of_memory = true;
	else if (rc < 0)
		cgn_report_add(
			&load->report, mark->pos, "subscribers_file: %.200s %s", path, err.text);
	else
		decode_text(load, &input, tenant);
	free(input.text);
	free(path);
}

/*
 * The lists of subscribers that are in files of their own, behind all others: conf->files is the
 * appliance's and the tenants'. Afterwards nothing tells such a list from one in the tenant's file.
 */
static void
load_listed(struct load *load, const char *box_path)
{
	struct cgn_conf *conf = load->conf;
	struct cgn_validation v = {conf, &load->marks, &load->report};

	cgn_marks_seal(&load->marks);
	for (uint32_t t = 0; t < conf->n_tenants && !load->out_of_memory; t++) {
		struct cgn_conf_tenant *tenant = &conf->tenants[t];

		if (tenant->listed_file[0] == '\0')
			continue;
		if (tenant->n_listed > 0)
			cgn_rule_break(&v, CGN_RULE_LISTED_ONCE, tenant->listed_file,
				"the tenant's file has a list of subscribers too; remove one of "
				"them");
		else
			load_listed_of(load, box_path, tenant);
		memset(tenant->listed_file, 0, sizeof(tenant->listed_file));
	}
}

/* From here on the configuration names its files itself, indexed as the positions in it are. */
static void
take_files(struct load *load)
{
	const struct cgn_conf_errors *errors = load->report.errors;
	struct cgn_conf *conf = load->conf;
	uint32_t n = conf->n_tenants + 1;

	conf->files = calloc(n, sizeof(*conf->files));
	if (conf->files == NULL) {
		load->out_of_memory = true;
		return;
	}
	for (; conf->n_files < n; conf->n_files++) {
		conf->files[conf->n_files] = strdup(errors->files[conf->n_files]);
		if (conf->files[conf->n_files] == NULL) {
			load->out_of_memory = true;
			return;
		}
	}
}

static void
load_and_check(struct load *load, const char *path)
{
	struct cgn_validation v = {load->conf, &load->marks, &load->report};

	load_box(load, path);
	load->entries = load->conf->files;
	load->n_entries = load->conf->n_files;
	load->conf->files = NULL;
	load->conf->n_files = 0;
	find_paths(load, path);
	if (load->out_of_memory)
		return;
	load_tenants(load);
	load_listed(load, path);
	cgn_marks_seal(&load->marks);
	cgn_validate(&v);
	cgn_report_sort(&load->report);
}

static struct cgn_conf *
load_all(struct load *load, const char *path, struct cgn_conf_errors *errors)
{
	struct cgn_conf *conf = calloc(1, sizeof(*conf));
	int rc;

	cgn_report_init(&load->report, errors);
	if (conf == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	load->conf = conf;
	load_and_check(load, path);
	if (errors->n_errors == 0)
		take_files(load);
	free_strings(load->entries, load->n_entries);
	free_strings(load->paths, load->n_entries);
	if (load->out_of_memory || load->report.out_of_memory || load->marks.out_of_memory)
		rc = ENOMEM;
	else
		rc = errors->n_errors > 0 ? EINVAL : 0;
	cgn_marks_fini(&load->marks);
	if (rc == 0)
		return conf;
	cgn_conf_free(conf);
	errno = rc;
	return NULL;
}
