/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/radius/radius_settings: secrets in files, and which client a source is. */
#include "radius_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scratch.h"

static char path[SCRATCH_LEN];
static struct cgn_radius_secret secret;
static struct cgn_errmsg err;

static void
setup(void)
{
	cr_assert_geq(mkstemp(scratch_template(path, "radius-secret")), 0);
}

static void
teardown(void)
{
	unlink(path);
}

TestSuite(radius_secret, .init = setup, .fini = teardown);

/* What reading the file says when it holds the text and has the mode. */
static int
secret_of(const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(text, 1, len, f), len);
	fclose(f);
	cr_assert_eq(chmod(path, mode), 0);
	memset(&secret, 0, sizeof(secret));
	return cgn_radius_secret_read(path, &secret, &err);
}

static void
expect_secret(const char *text)
{
	cr_expect_eq(secret.len, strlen(text));
	cr_expect_arr_eq(secret.bytes, text, strlen(text));
}

Test(radius_secret, is_one_line)
{
	cr_expect_eq(secret_of("testing123\n", 11, 0600), 0);
	expect_secret("testing123");
	cr_expect_eq(secret_of("testing123", 10, 0600), 0);
	expect_secret("testing123");
	cr_expect_eq(secret_of("a b\r\n", 5, 0400), 0);
	expect_secret("a b");
	cr_expect_eq(secret_of("", 0, 0600), -EINVAL);
	cr_expect_eq(secret_of("\n", 1, 0600), -EINVAL);
	cr_expect_eq(secret_of("one\ntwo\n", 8, 0600), -EINVAL);
}

Test(radius_secret, has_128_bytes_at_most)
{
	char text[CGN_RADIUS_SECRET_MAX + 3];

	memset(text, 'x', sizeof(text));
	cr_expect_eq(secret_of(text, CGN_RADIUS_SECRET_MAX, 0600), 0);
	cr_expect_eq(secret.len, CGN_RADIUS_SECRET_MAX);
	cr_expect_eq(secret_of(text, CGN_RADIUS_SECRET_MAX + 1, 0600), -EINVAL);
	cr_expect_eq(secret_of(text, sizeof(text), 0600), -EINVAL);
	text[CGN_RADIUS_SECRET_MAX] = '\r';
	text[CGN_RADIUS_SECRET_MAX + 1] = '\n';
	cr_expect_eq(secret_of(text, CGN_RADIUS_SECRET_MAX + 2, 0600), 0);
}

Test(radius_secret, is_nobody_elses)
{
	static const mode_t good[] = {0400, 0600, 0640, 0440},
			    bad[] = {0644, 0604, 0602, 0660, 0601};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_expect_eq(secret_of("s\n", 2, good[i]), 0, "%o", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cr_expect_eq(secret_of("s\n", 2, bad[i]), -EACCES, "%o", bad[i]);
		cr_expect_not_null(strstr(err.text, "make it 0600"));
	}
}

Test(radius_secret, is_in_a_file)
{
	cr_expect_eq(cgn_radius_secret_read("/", &secret, &err), -EINVAL);
	unlink(path);
	cr_expect_eq(cgn_radius_secret_read(path, &secret, &err), -ENOENT);
	cr_expect_not_null(strstr(err.text, path), "says which");
}

Test(radius_settings, a_source_is_the_client_whose_prefix_holds_it)
{
	struct cgn_radius_client clients[] = {
		{.prefix = {0x0a000000, 8}, .listen = 0},
		{.prefix = {0xc0000200, 30}, .listen = 0},
		{.prefix = {0xc0000204, 32}, .listen = 0},
		{.prefix = {0x0a000000, 24}, .listen = 1},
		{.prefix = {0xfffffffc, 30}, .listen = 2},
	};
	const struct cgn_radius_settings s = {.clients = clients, .n_clients = 5};
	static const struct {
		uint32_t listen, src;
		int client; /* -1: none */
	} rows[] = {
		{0, 0x0a000000, 0},
		{0, 0x0affffff, 0},
		{0, 0x0b000000, -1},
		{0, 0x09ffffff, -1},
		{0, 0xc0000200, 1},
		{0, 0xc0000203, 1},
		{0, 0xc0000204, 2},
		{0, 0xc0000205, -1},
		{0, 0, -1},
		{0, 0xffffffff, -1},
		{1, 0x0a0000ff, 3},
		{1, 0x0a000100, -1},
		{1, 0xc0000204, -1},
		{2, 0xffffffff, 4},
		{2, 0xfffffffb, -1},
		{3, 0xffffffff, -1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(cgn_radius_settings_find(&s, rows[i].listen, rows[i].src),
			rows[i].client < 0 ? NULL : &clients[rows[i].client], "row %zu", i);
	cr_expect_null(cgn_radius_settings_find(&(struct cgn_radius_settings){0}, 0, 1));
}
