/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/conf/decode, keys.def and the loading of files: defaults, values, all the errors. */
#include "decode.h"

#include "corpus.h"
#include "load.h"
#include "scalar.h"
#include "scratch.h"
#include "suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

static struct corpus_case cases[CORPUS_MAX];

static const char *const example_paths[] = {"config/example.yaml", "config/minimal.yaml",
	"config/carrier.yaml", "config/lab/cgnat.yaml"};

static struct cgn_conf *
load_source(const char *relative)
{
	char path[CORPUS_PATH_LEN], text[1024];
	struct cgn_conf_errors errors;
	struct cgn_conf *conf;

	snprintf(path, sizeof(path), "%s/%s", CGN_SOURCE_DIR, relative);
	conf = cgn_conf_load(path, &errors);
	for (uint32_t i = 0; i < errors.n_errors; i++)
		cr_log_error("%s", cgn_conf_error_str(&errors, i, text, sizeof(text)));
	cgn_conf_errors_free(&errors);
	return conf;
}

/* The first error of a path that cannot be loaded. */
static void
expect_unreadable(const char *path, const char *wanted)
{
	struct cgn_conf_errors errors;
	char text[1024] = "";

	cr_expect_null(cgn_conf_load(path, &errors));
	cr_expect_eq(errno, EINVAL);
	cr_assert_eq(errors.n_errors, 1);
	cgn_conf_error_str(&errors, 0, text, sizeof(text));
	cr_expect_not_null(strstr(text, wanted), "%s\n  not in: %s", wanted, text);
	cgn_conf_errors_free(&errors);
}

ParameterizedTestParameters(decode, good_file_is_accepted)
{
	return cr_make_param_array(struct corpus_case, cases, corpus_list("good.", cases));
}

ParameterizedTest(struct corpus_case *c, decode, good_file_is_accepted)
{
	corpus_expect_good(c);
}

Test(decode, files_under_config_are_accepted)
{
	for (size_t i = 0; i < sizeof(example_paths) / sizeof(example_paths[0]); i++) {
		struct cgn_conf *conf = load_source(example_paths[i]);

		cr_expect_not_null(conf, "%s", example_paths[i]);
		cgn_conf_free(conf);
	}
}

/* Storage for one value of any type; strings of char * are freed. */
static int
parse_text(const struct cgn_key *key, const char *text)
{
	union {
		char chars[CGN_DEVICE_LEN];
		char *string;
		uint64_t align;
	} field = {.align = 0};
	struct cgn_errmsg err;
	int rc = cgn_scalar_parse(key, text, true, &field, &err);

	cr_expect_eq(rc, 0, "%s: %s: %s", key->path, text, err.text);
	if (rc == 0 && key->type == CGN_KEY_FILE)
		free(field.string);
	return rc;
}

Test(decode, default_and_sample_of_every_key_is_a_good_value)
{
	for (uint32_t i = 0; i < cgn_n_keys; i++) {
		const struct cgn_key *key = &cgn_keys[i];
		char word[CGN_DEVICE_LEN];

		if (key->type == CGN_KEY_MAP || key->type == CGN_KEY_LIST ||
			key->type == CGN_KEY_PORT)
			continue;
		for (uint32_t k = 0; cgn_choice_word(key->value, k, word, sizeof(word)); k++)
			parse_text(key, word);
	}
}

Test(decode, every_key_has_help_and_a_parent)
{
	for (uint32_t i = 0; i < cgn_n_keys; i++) {
		const struct cgn_key *key = &cgn_keys[i];
		uint32_t n_parents = 0;

		cr_expect_gt(strlen(key->help), 10, "%s", key->path);
		cr_expect_eq(key->help[strlen(key->help) - 1], '.', "%s", key->path);
		cr_expect_leq(key->min, key->max, "%s", key->path);
		for (uint32_t k = 0; k <= cgn_n_keys; k++) {
			const struct cgn_key *parent = k < cgn_n_keys ? &cgn_keys[k] : NULL;
			const struct cgn_key *child = NULL;

			if (parent != NULL && parent->schema != key->schema)
				continue;
			while ((child = cgn_key_child(key->schema, parent, child)) != NULL)
				n_parents += child == key;
		}
		cr_expect_eq(n_parents, 1, "%s has %u parents", key->path, n_parents);
	}
}

Test(decode, absent_keys_have_their_defaults)
{
	struct cgn_conf *conf = load_source("config/minimal.yaml");
	const struct cgn_conf_tenant *t;

	cr_assert_not_null(conf);
	cr_expect_eq(conf->cores.idle, CGN_IDLE_POLL);
	cr_expect(conf->memory.hugepages);
	cr_expect_eq(conf->ports[0].mtu, 1500);
	cr_expect_eq(conf->table.mappings, 1048576);
	cr_expect_eq(conf->punt.ring, 4096);
	cr_expect_eq(conf->arp.refresh, 60);
	cr_expect_str_eq(conf->file_prefix, "cgnatd");
	t = &conf->tenants[0];
	cr_expect_eq(t->ports.first, 1024);
	cr_expect_eq(t->ports.last, 65535);
	cr_expect_eq(t->timeouts.udp, 300);
	cr_expect_eq(t->timeouts.tcp_established, 7440);
	cr_expect_eq(t->timeouts.port_rest, 120);
	cr_expect_not(t->nat.tcp_loose);
	cr_expect_eq(t->attachments[0].tags.n, 0);
	cr_expect_eq(t->attachments[0].subscribers[0].via, 0);
	cgn_conf_free(conf);
}

Test(decode, values_and_positions_of_a_tenant_are_read)
{
	struct cgn_conf *conf = load_source("config/carrier.yaml");
	const struct cgn_conf_tenant *business;

	cr_assert_not_null(conf);
	cr_assert_eq(conf->n_tenants, 3);
	cr_expect_eq(conf->cores.n_workers, 8);
	cr_expect_eq(conf->cores.workers[7], 9);
	business = &conf->tenants[2];
	cr_expect(strcmp(business->name, "business") == 0);
	cr_expect_eq(business->pos.file, 3);
	cr_assert_eq(business->attachments[0].n_subscribers, 3);
	cr_expect_eq(business->attachments[0].subscribers[1].via, 0x0aff0002);
	cr_expect_eq(business->attachments[0].subscribers[1].prefix.addr, 0x0a140000);
	cr_expect_eq(business->attachments[0].subscribers[1].prefix.len, 16);
	cr_expect_eq(business->attachments[0].subscribers[1].pos.line, 10);
	cr_expect_eq(business->attachments[0].subscribers[1].pos.col, 9);
	cr_expect_eq(business->n_pools, 2);
	cr_expect_eq(business->routes[0].via, 0xc0000207);
	cgn_conf_free(conf);
}

Test(decode, single_tag_is_outer_and_double_tags_are_both)
{
	struct cgn_conf *conf = load_source("tests/conf/good.tags/cgnat.yaml");
	const struct cgn_conf_attachment *a;

	cr_assert_not_null(conf);
	a = conf->tenants[0].attachments;
	cr_expect_eq(a[0].tags.n, 0);
	cr_expect_eq(a[1].tags.n, 1);
	cr_expect_eq(a[1].tags.outer, 5);
	cr_expect_eq(a[1].tags.inner, 0);
	cr_expect_eq(a[2].tags.n, 2);
	cr_expect_eq(a[2].tags.outer, 6);
	cr_expect_eq(a[2].tags.inner, 5);
	cr_expect_eq(a[2].tags.outer_tpid, 0x88a8);
	cr_expect_eq(a[3].tags.outer_tpid, 0x8100);
	cgn_conf_free(conf);
}

Test(decode, mistyped_key_gets_the_nearest_or_its_place)
{
	char buf[256];

	cr_expect_str_eq(cgn_key_suggest(CGN_SCHEMA_BOX, NULL, "uplink", buf, sizeof(buf)),
		"did you mean uplinks?");
	cr_expect_str_eq(cgn_key_suggest(CGN_SCHEMA_BOX, NULL, "udp_s", buf, sizeof(buf)),
		"it belongs at timeouts.udp_s of a tenant file");
	cr_expect_str_eq(cgn_key_suggest(CGN_SCHEMA_TENANT, NULL, "icmp_s", buf, sizeof(buf)),
		"it belongs at timeouts.icmp_s");
	cr_expect_str_eq(cgn_key_suggest(CGN_SCHEMA_TENANT, NULL, "xyzzy", buf, sizeof(buf)),
		"keys here are tenant classes subscribers subscribers_file attachments pool drain "
		"ports quota timeouts nat "
		"alg portctl log "
		"static "
		"static_addresses radius routes");
}

Test(decode, file_that_cannot_be_read_says_why)
{
	char path[SCRATCH_LEN], fifo[SCRATCH_LEN + 8];
	int fd = mkstemp(scratch_template(path, "cgn-conf"));

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, (off_t)CGN_YAML_MAX_BYTES + 1), 0);
	expect_unreadable(path, ":1:1: is larger than 16 MiB");
	cr_assert_eq(ftruncate(fd, 0), 0);
	expect_unreadable(path, ":1:1: the file is empty");
	close(fd);
	unlink(path);
	expect_unreadable(path, ":1:1: cannot be opened: No such file");
	expect_unreadable(CGN_SOURCE_DIR, ":1:1: is a directory");
	expect_unreadable("/dev/null", ":1:1: is not a regular file");
	expect_unreadable("/proc/self/mem", ":1:1: cannot be read: Input/output error");
	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	cr_assert_eq(mkfifo(fifo, 0600), 0);
	expect_unreadable(fifo, ":1:1: is not a regular file");
	unlink(fifo);
}

Test(decode, tenant_files_are_found_from_the_folder_of_the_appliance_file)
{
	struct cgn_conf *conf = load_source("config/lab/cgnat.yaml");

	cr_assert_not_null(conf);
	cr_assert_eq(conf->n_files, 3);
	cr_expect_str_eq(conf->files[0], CGN_SOURCE_DIR "/config/lab/cgnat.yaml");
	cr_expect_str_eq(conf->files[1], CGN_SOURCE_DIR "/config/lab/tenants/a.yaml");
	cr_expect_str_eq(conf->tenants[0].name, "a");
	cr_expect_str_eq(conf->tenants[1].name, "b");
	cgn_conf_free(conf);
}

Test(decode, errors_of_a_hopeless_file_are_bounded_and_in_order)
{
	size_t n = 5000;
	char *text = malloc(n * 10), *p = text;
	struct cgn_conf_source source = {.name = "box.yaml", .text = text};
	struct cgn_conf_errors errors;

	cr_assert_not_null(text);
	for (size_t i = 0; i < n; i++)
		p += snprintf(p, 10, "k%zu: 1\n", i);
	source.len = (size_t)(p - text);
	cr_expect_null(cgn_conf_load_mem(&source, 1, &errors));
	cr_assert_eq(errors.n_errors, CGN_MAX_CONF_ERRORS);
	for (uint32_t i = 1; i + 1 < errors.n_errors; i++)
		cr_expect_leq(errors.errors[i - 1].pos.line, errors.errors[i].pos.line);
	cr_expect_not_null(
		strstr(errors.errors[CGN_MAX_CONF_ERRORS - 1].text, "the rest is not shown"));
	cgn_conf_errors_free(&errors);
	free(text);
}

Test(decode, bytes_that_a_terminal_obeys_do_not_reach_the_message)
{
	static const char text[] = "\"\\e]0;x\\a\\n\": 1\n";
	struct cgn_conf_source source = {"box.yaml", text, sizeof(text) - 1};
	struct cgn_conf_errors errors;

	cr_expect_null(cgn_conf_load_mem(&source, 1, &errors));
	for (uint32_t i = 0; i < errors.n_errors; i++)
		for (const char *p = errors.errors[i].text; *p != '\0'; p++)
			cr_expect(*p >= ' ' && *p <= '~');
	cgn_conf_errors_free(&errors);
}
