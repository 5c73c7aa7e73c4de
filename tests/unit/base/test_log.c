/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/log: one line a call, with its level and area, and nothing above the level. */
#include "log.h"

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* Standard error goes into a pipe until captured() reads what came. */
static int pipe_fds[2], saved_stderr;

static void
capture(void)
{
	cr_assert_eq(pipe2(pipe_fds, O_NONBLOCK), 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	unsetenv("JOURNAL_STREAM");
}

static const char *
captured(void)
{
	static char text[8192];
	ssize_t n = read(pipe_fds[0], text, sizeof(text) - 1);

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool
matches(const char *text, const char *pattern)
{
	regex_t re;
	bool ok;

	cr_assert_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ok = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return ok;
}

Test(log, a_line_has_utc_time_level_area_and_text)
{
	const char *text;

	capture();
	cgn_warn("ports", "link is down port=%d", 3);
	text = captured();
	cr_expect(matches(text,
			  "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
			  "warning ports: link is down port=3\n$"),
		"%s", text);
}

Test(log, under_systemd_the_priority_prefix_replaces_time_and_level)
{
	const char *text;

	capture();
	setenv("JOURNAL_STREAM", "8:1", 1);
	cgn_err("conf", "no such port");
	cgn_warn("conf", "w");
	cgn_notice("conf", "n");
	cgn_info("conf", "i");
	text = captured();
	cr_expect_str_eq(text, "<3>conf: no such port\n<4>conf: w\n<5>conf: n\n<6>conf: i\n");
}

Test(log, debug_lines_are_not_written_by_default)
{
	const char *text;

	capture();
	cgn_debug("nat", "hidden");
	text = captured();
	cr_expect_str_empty(text);
}

Test(log, the_set_level_is_the_last_one_written)
{
	const char *text;

	capture();
	setenv("JOURNAL_STREAM", "8:1", 1);
	cgn_log_set_level(CGN_LOG_WARNING);
	cgn_warn("nat", "shown");
	cgn_notice("nat", "hidden");
	cgn_log_set_level(CGN_LOG_DEBUG);
	cgn_debug("nat", "shown too");
	text = captured();
	cr_expect_str_eq(text, "<4>nat: shown\n<7>nat: shown too\n");
}

Test(log, an_over_long_message_is_cut_and_still_ends_its_line)
{
	char big[4000];
	const char *text;
	size_t n;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	capture();
	cgn_info("nat", "%s", big);
	cgn_info("nat", "next");
	text = captured();
	n = strcspn(text, "\n");
	cr_expect(n > 900 && n < 1024, "first line has %zu bytes", n);
	cr_expect_eq(strlen(text), n + 1 + strcspn(text + n + 1, "\n") + 1, "exactly two lines");
	cr_expect(matches(text + n + 1, "nat: next\n$"));
}

Test(log, messages_around_the_limit_lose_no_byte_but_the_cut_ones)
{
	for (size_t len = 1000; len < 1040; len++) {
		char msg[1041];
		const char *text;
		size_t n, room = 1024 - strlen("<6>a: ") - strlen("\n") - 1;

		memset(msg, 'y', len);
		msg[len] = '\0';
		capture();
		setenv("JOURNAL_STREAM", "8:1", 1);
		cgn_info("a", "%s", msg);
		text = captured();
		n = strspn(text + strlen("<6>a: "), "y");
		cr_expect_eq(n, len < room ? len : room, "message of %zu bytes gave %zu", len, n);
		cr_expect_str_eq(text + strlen("<6>a: ") + n, "\n");
	}
}

Test(log, an_over_long_area_is_cut_and_writes_nothing_beyond_the_line)
{
	for (size_t len = 900; len < 3000; len += len < 1100 ? 1 : 211) {
		char area[3000];
		const char *text;

		memset(area, 'a', len);
		area[len] = '\0';
		capture();
		cgn_info(area, "%s", "text");
		text = captured();
		cr_expect_leq(strlen(text), 1024, "area of %zu bytes", len);
		cr_expect_eq(strcspn(text, "\n") + 1, strlen(text), "area of %zu bytes", len);
	}
}

Test(log, level_names_parse_to_their_levels_and_others_do_not)
{
	cr_expect_eq(cgn_log_level_parse("error"), CGN_LOG_ERROR);
	cr_expect_eq(cgn_log_level_parse("warning"), CGN_LOG_WARNING);
	cr_expect_eq(cgn_log_level_parse("notice"), CGN_LOG_NOTICE);
	cr_expect_eq(cgn_log_level_parse("info"), CGN_LOG_INFO);
	cr_expect_eq(cgn_log_level_parse("debug"), CGN_LOG_DEBUG);
	cr_expect_eq(cgn_log_level_parse(""), -1);
	cr_expect_eq(cgn_log_level_parse("warn"), -1);
	cr_expect_eq(cgn_log_level_parse("Error"), -1);
	cr_expect_eq(cgn_log_level_parse("debug "), -1);
}
