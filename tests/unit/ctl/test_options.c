/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of app/cgnatctl/options: the command line. */
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static struct cgn_options options;

/* Words separated by single spaces. */
static enum cgn_exit
parse(const char *line)
{
	static char copy[256]; /* options point into it */
	char *argv[32], *save = NULL;
	int argc = 0;

	snprintf(copy, sizeof(copy), "cgnatctl %s", line);
	for (char *w = strtok_r(copy, " ", &save); w != NULL && argc < 31;
		w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	return cgn_options_parse(&options, argc, argv);
}

TestSuite(options, .init = cr_redirect_stderr);

Test(options, positional_values_take_the_order_of_the_table)
{
	cr_assert_eq(parse("subscriber a 100.64.0.10"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "tenant=a,address=100.64.0.10");
	cr_assert_eq(parse("mappings proto=udp a"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "proto=udp,tenant=a");
	cr_assert_eq(parse("subscriber address=100.64.0.10 a"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "address=100.64.0.10,tenant=a");
}

Test(options, a_verb_may_have_two_words)
{
	cr_assert_eq(parse("map add a tcp 100.64.0.10:443 203.0.113.17:8443"), CGN_EXIT_OK);
	cr_expect_eq(options.cmd, &cgn_commands[CGN_COMMAND_MAP_ADD]);
	cr_expect_str_eq(options.params,
		"tenant=a,proto=tcp,inside=100.64.0.10:443,outside=203.0.113.17:8443");
	cr_assert_eq(parse("map --json delete a -s /x udp 100.64.0.10:53"), CGN_EXIT_OK);
	cr_expect_eq(options.cmd, &cgn_commands[CGN_COMMAND_MAP_DELETE]);
	cr_expect_str_eq(options.params, "tenant=a,proto=udp,inside=100.64.0.10:53");
	cr_assert_eq(parse("explicit a origin=pcp_map"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "tenant=a,origin=pcp_map");
}

Test(options, reload_says_whether_to_apply)
{
	cr_assert_eq(parse("reload"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "dry_run=false");
	cr_assert_eq(parse("reload --dry-run"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "dry_run=true");
	cr_assert_eq(parse("-d --json reload"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "dry_run=true");
	cr_expect_eq(parse("info --dry-run"), CGN_EXIT_USAGE);
	cr_expect_eq(parse("reload now"), CGN_EXIT_USAGE);
}

Test(options, a_parameter_may_be_two_words)
{
	cr_assert_eq(parse("subscribers tenant a"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "tenant=a");
	cr_assert_eq(parse("map add inside 100.64.0.10:443 tenant a proto tcp 203.0.113.17:8443"),
		CGN_EXIT_OK);
	cr_expect_str_eq(options.params,
		"inside=100.64.0.10:443,tenant=a,proto=tcp,outside=203.0.113.17:8443");
	cr_assert_eq(parse("tenant tenant"), CGN_EXIT_OK, "one that is called so");
	cr_expect_str_eq(options.params, "tenant=tenant");
	cr_expect_eq(parse("subscribers tenant"), CGN_EXIT_OK);
	cr_expect_eq(parse("subscribers tenant a tenant b"), CGN_EXIT_USAGE);
}

Test(options, explain_reads_like_a_sentence)
{
	cr_assert_eq(parse("explain tenant a from 100.64.0.10:5000 to 192.0.2.1:53/udp ttl 1"),
		CGN_EXIT_OK);
	cr_expect_str_eq(
		options.params, "tenant=a,from=100.64.0.10:5000,to=192.0.2.1:53/udp,ttl=1");
	cr_assert_eq(parse("explain wan from 192.0.2.1:53 to 203.0.113.17:40000/udp"), CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "port=wan,from=192.0.2.1:53,to=203.0.113.17:40000/udp");
	cr_expect_eq(
		parse("explain wan lan from 192.0.2.1:53 to 203.0.113.17:4/udp"), CGN_EXIT_USAGE);
	cr_expect_eq(parse("explain tenant a from 100.64.0.10:5000"), CGN_EXIT_USAGE);
}

Test(options, trace_knows_what_is_asked)
{
	static const struct {
		const char *line, *params;
		int command;
	} rows[] = {
		{"trace 203.0.113.17:40000/udp", "transport=203.0.113.17:40000/udp",
			CGN_COMMAND_TRACE_PORT},
		{"trace port 203.0.113.17:7/icmp", "transport=203.0.113.17:7/icmp",
			CGN_COMMAND_TRACE_PORT},
		{"trace tenant a 100.64.0.10", "tenant=a,address=100.64.0.10",
			CGN_COMMAND_TRACE_SUBSCRIBER},
		{"trace subscriber a 100.64.0.10", "tenant=a,address=100.64.0.10",
			CGN_COMMAND_TRACE_SUBSCRIBER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(parse(rows[i].line), CGN_EXIT_OK, "%s", rows[i].line);
		cr_expect_eq(options.cmd, &cgn_commands[rows[i].command], "%s", rows[i].line);
		cr_expect_str_eq(options.params, rows[i].params, "%s", rows[i].line);
	}
}

Test(options, flags_stand_anywhere)
{
	cr_assert_eq(parse("fates --json a -a -n 5"), CGN_EXIT_OK);
	cr_expect(options.json);
	cr_expect_eq(options.view.limit, 5);
	cr_expect_str_eq(options.params, "all=true,tenant=a");
}

Test(options, lists_are_viewed_as_asked)
{
	cr_assert_eq(parse("mappings a -S -idle_s,inside -f proto=tcp --filter left_s>5 -c "
			   "inside,left_s "
			   "--csv --no-header --limit 3"),
		CGN_EXIT_OK);
	cr_expect_str_eq(options.params, "tenant=a");
	cr_expect_eq(options.view.order.n, 2);
	cr_expect(options.view.order.by[0].down);
	cr_expect_eq(options.view.n_filters, 2);
	cr_expect_eq(options.view.columns.n, 2);
	cr_expect(options.view.csv && options.view.no_header && !options.view.count);
	cr_expect_eq(options.watch_ms, 0);
	cr_assert_eq(parse("tenants --watch"), CGN_EXIT_OK);
	cr_expect_eq(options.watch_ms, 2000);
	cr_assert_eq(parse("info --watch=0.25"), CGN_EXIT_OK);
	cr_expect_eq(options.watch_ms, 250);
}

Test(options, options_without_meaning_for_a_verb_are_refused)
{
	static const char *const lines[] = {"info --sort version", "info --count",
		"map delete a tcp 1.2.3.4:5 --watch", "reload --watch", "reload --count",
		"capture stop 1 --watch", "tenants --watch=0", "tenants --watch=x",
		"tenants --watch --json", "tenants --watch --csv", "tenants --csv --json",
		"tenants --sort nothing", "tenants --columns nothing", "tenants --filter nothing=1",
		"diff --count a b", "tenants --once", "tenants --interval 5"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_expect_eq(parse(lines[i]), CGN_EXIT_USAGE, "%s", lines[i]);
}

Test(options, top_takes_a_view_and_a_tenant)
{
	cr_assert_eq(parse("top"), CGN_EXIT_OK);
	cr_expect(options.is_top);
	cr_expect_eq(options.top.batch, 0);
	cr_expect_eq(options.top.choice.interval_ms, 2000);
	cr_assert_eq(parse("top fates tenant=a --sort packets -b 3 -i 0.5 -n 4"), CGN_EXIT_OK);
	cr_expect_eq(options.top.choice.view, CGN_TOP_VIEW_FATES);
	cr_expect_str_eq(options.top.choice.tenant, "a");
	cr_expect_eq(options.top.batch, 3);
	cr_expect_eq(options.top.choice.interval_ms, 500);
	cr_expect_eq(options.top.choice.limit, 4);
	cr_expect_not(options.top.choice.down[CGN_TOP_VIEW_FATES]);
	cr_assert_eq(parse("top --once"), CGN_EXIT_OK);
	cr_expect_eq(options.top.batch, 1);
	cr_expect_eq(parse("top fate"), CGN_EXIT_USAGE);
	cr_expect_eq(parse("top --sort fate"), CGN_EXIT_USAGE);
	cr_expect_eq(parse("top --json"), CGN_EXIT_USAGE);
	cr_expect_eq(parse("top --batch 0"), CGN_EXIT_USAGE);
	cr_expect_eq(parse("top tenant="), CGN_EXIT_USAGE);
	cr_expect_eq(parse("top --watch"), CGN_EXIT_USAGE);
}

Test(options, diff_takes_two_files)
{
	cr_assert_eq(parse("diff --json old.yaml new.yaml"), CGN_EXIT_OK);
	cr_assert_not_null(options.offline);
	cr_expect_str_eq(options.files[0], "old.yaml");
	cr_expect_str_eq(options.files[1], "new.yaml");
	cr_expect(options.json);
	cr_assert_eq(parse("info"), CGN_EXIT_OK);
	cr_expect_null(options.offline);
}

Test(options, wrong_usage_is_refused)
{
	static const char *const lines[] = {"", "nothing", "/cgnat/info", "tenant", "subscriber a",
		"info x", "mappings -n 0", "mappings -n x", "mappings limit=3", "mappings cursor=3",
		"info --all", "tenant a,b", "map", "map a", "map delete a tcp", "map info",
		"map add a tcp 100.64.0.10:443", "info --unknown", "trace", "trace tenant a",
		"trace 203.0.113.17:40000/udp --store x", "info --at 2026-01-01T00:00:00Z",
		"--prefix", "diff", "diff a", "diff a b c"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_expect_eq(parse(lines[i]), CGN_EXIT_USAGE, "%s", lines[i]);
}

Test(options, socket_and_prefix_are_taken)
{
	cr_assert_eq(parse("-s /x info"), CGN_EXIT_OK);
	cr_expect_str_eq(options.where.socket, "/x");
	setenv("CGNATCTL_SOCKET", "/env", 1);
	cr_assert_eq(parse("info"), CGN_EXIT_OK);
	cr_expect_str_eq(options.where.socket, "/env");
	cr_assert_eq(parse("-p lab info"), CGN_EXIT_OK);
	cr_expect_null(options.where.socket);
	cr_expect_str_eq(options.where.prefix, "lab");
}

Test(options, every_verb_has_help, .init = cr_redirect_stdout)
{
	for (int c = 0; c < CGN_N_COMMANDS; c++) {
		char line[64];

		snprintf(line, sizeof(line), "%s --help", cgn_commands[c].verb);
		cr_expect_eq(parse(line), CGN_EXIT_OK, "%s", line);
		cr_expect(options.done);
	}
	cr_expect_eq(parse("help mappings"), CGN_EXIT_OK);
	cr_expect_eq(parse("help map add"), CGN_EXIT_OK);
	cr_expect_eq(parse("help diff"), CGN_EXIT_OK);
	cr_expect_eq(parse("top --help"), CGN_EXIT_OK);
	cr_expect_eq(parse("help trace"), CGN_EXIT_OK);
	cr_expect(options.done);
	cr_expect_eq(parse("--version"), CGN_EXIT_OK);
}
