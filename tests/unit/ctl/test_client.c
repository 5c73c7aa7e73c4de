/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of app/client and app/cgnatctl/output against a server that answers what the test says. */
#include "client.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "output.h"
#include "scratch.h"

static char dir[SCRATCH_LEN], path[SCRATCH_LEN + 8];
static int listener;
static pthread_t thread;
static const char *const *answers; /* ends with NULL; "%u" is the request's id; "" hangs up */
static char requests[8][256];

static void *
serve(void *arg)
{
	static const char hello[] =
		"{\"version\":\"DPDK 22.11.11\",\"pid\":1,\"max_output_len\":16384}";
	int fd = accept(listener, NULL, NULL);

	(void)arg;
	send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL);
	for (int i = 0; answers[i] != NULL && answers[i][0] != '\0'; i++) {
		char text[1024];
		const char *id;
		ssize_t n = recv(fd, requests[i], sizeof(requests[i]) - 1, 0);

		if (n <= 0)
			break;
		requests[i][n] = '\0';
		id = strstr(requests[i], "id=");
		snprintf(text, sizeof(text), answers[i],
			id != NULL ? (unsigned int)strtoul(id + 3, NULL, 10) : 0);
		send(fd, text, strlen(text), MSG_NOSIGNAL);
	}
	close(fd);
	return NULL;
}

static void
setup(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	cr_redirect_stderr();
	cr_assert_not_null(mkdtemp(scratch_template(dir, "cgnatctl")));
	snprintf(path, sizeof(path), "%s/socket", dir);
	memcpy(addr.sun_path, path, strlen(path));
	listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(listener, 1), 0);
}

static void
teardown(void)
{
	close(listener);
	unlink(path);
	rmdir(dir);
}

TestSuite(client, .init = setup, .fini = teardown);

/* Runs a command line against the answers; what it prints in *text, the caller's. */
static enum cgn_exit
run_line(const char *line, const char *const *list, char **text)
{
	struct cgn_options options;
	struct cgn_client client;
	char copy[256], *argv[16], *save = NULL;
	int argc = 0;
	enum cgn_exit result;
	size_t len;
	FILE *out = open_memstream(text, &len);

	snprintf(copy, sizeof(copy), "cgnatctl %s", line);
	for (char *w = strtok_r(copy, " ", &save); w != NULL && argc < 15;
		w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	cr_assert_eq(cgn_options_parse(&options, argc, argv), CGN_EXIT_OK, "%s", line);
	options.where.socket = path;
	answers = list;
	pthread_create(&thread, NULL, serve, NULL);
	cr_assert_eq(cgn_client_open(&client, &options.where), CGN_EXIT_OK);
	result = cgn_output_run(&client, &options, out);
	cgn_client_close(&client);
	pthread_join(thread, NULL);
	fclose(out);
	return result;
}

static enum cgn_exit
run(const char *verb, bool json, const char *const *list, char **text)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %s", verb, json ? "--json" : "");
	return run_line(line, list, text);
}

#define TENANTS(next, rows)                                                                        \
	"{\"/cgnat/tenants\":{\"status\":\"ok\",\"id\":%u,\"next\":" #next ",\"rows\":{" rows "}}" \
	"}"
#define TENANT(r, name, mappings)                                                                  \
	"\"" r "\":{\"tenant\":\"" name "\",\"mappings\":" #mappings ",\"made\":" #mappings "}"

static const char *const three_tenants[] = {
	TENANTS(5, TENANT("r0", "a", 5) "," TENANT("r1", "b", 70)),
	TENANTS(0, TENANT("r0", "c", 60)), NULL};

Test(client, rows_of_all_pages_are_sorted_filtered_and_counted)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{"tenants --sort -mappings",
			"TENANT  MAPPINGS\nb             70\nc             60\n"
			"a              5\n"},
		{"tenants --sort -mappings --limit 1 --no-header -c tenant", "b\n"},
		{"tenants -f mappings>50 -c mappings,peak",
			"MAPPINGS  PEAK\n      70     -\n"
			"      60     -\n"},
		{"tenants -f mappings>50 --count", "2\n"},
		{"tenants --csv -c tenant,made -S -tenant", "tenant,made\nc,60\nb,70\na,5\n"},
		{"tenants --json -c tenant -f tenant=c", "[\n{\"tenant\":\"c\"}\n]\n"},
		{"tenants -f tenant=x --json", "[]\n"},
		{"tenants -f tenant=x --no-header", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text;

		cr_expect_eq(run_line(rows[i].line, three_tenants, &text), CGN_EXIT_OK);
		cr_expect_str_eq(text, rows[i].text, "%s: %s", rows[i].line, text);
		free(text);
	}
}

Test(client, a_filtered_list_asks_for_whole_pages)
{
	char *text;

	cr_expect_eq(run_line("tenants -n 1", three_tenants, &text), CGN_EXIT_OK);
	cr_expect_not_null(strstr(requests[0], "limit=1"));
	free(text);
	cr_expect_eq(run_line("tenants -n 1 -f tenant=c --csv -c tenant", three_tenants, &text),
		CGN_EXIT_OK);
	cr_expect_not_null(strstr(requests[0], "limit=64"));
	cr_expect_str_eq(text, "tenant\nc\n");
	free(text);
}

Test(client, an_item_with_rows_is_viewed_too)
{
	static const char *const list[] = {
		"{\"/cgnat/"
		"subscriber\":{\"status\":\"ok\",\"id\":%u,\"next\":0,\"item\":{\"tenant\":"
		"\"a\"},\"rows\":{\"r0\":{\"ports\":\"1-2\",\"tcp\":1},\"r1\":{\"ports\":\"3-4\","
		"\"tcp\":2}}}}",
		NULL};
	char *text;

	cr_expect_eq(run_line("subscriber a 1.2.3.4 -S -tcp -c ports", list, &text), CGN_EXIT_OK);
	cr_expect_str_eq(text, "tenant  a\n\nblocks:\nPORTS\n3-4\n1-2\n");
	free(text);
	cr_expect_eq(run_line("subscriber a 1.2.3.4 --count", list, &text), CGN_EXIT_OK);
	cr_expect_str_eq(text, "2\n");
	free(text);
	cr_expect_eq(run_line("subscriber a 1.2.3.4 --csv -c tcp", list, &text), CGN_EXIT_OK);
	cr_expect_str_eq(text, "tcp\n1\n2\n");
	free(text);
}

Test(client, pages_are_followed_and_printed_as_one_document)
{
	static const char *const list[] = {"{\"/cgnat/"
					   "tenants\":{\"status\":\"ok\",\"id\":%u,\"n\":1,"
					   "\"next\":1,\"rows\":{\"r0\":{\"tenant\":\"a\"}}}}",
		"{\"/cgnat/tenants\":{\"status\":\"ok\",\"id\":%u,\"n\":0,\"next\":7,\"rows\":{}}}",
		"{\"/cgnat/"
		"tenants\":{\"status\":\"ok\",\"id\":%u,\"n\":1,\"next\":0,\"rows\":{\"r0\":{"
		"\"tenant\":\"b\"}}}}",
		NULL};
	char *text;

	cr_expect_eq(run("tenants", true, list, &text), CGN_EXIT_OK);
	cr_expect_str_eq(text, "[\n{\"tenant\":\"a\"},\n{\"tenant\":\"b\"}\n]\n");
	cr_expect_not_null(strstr(requests[2], "cursor=7"));
	free(text);
}

Test(client, an_error_answer_is_exit_1)
{
	static const char *const list[] = {
		"{\"/cgnat/tenants\":{\"status\":\"error\",\"message\":\"limit: no\",\"id\":%u}}",
		NULL};
	char *text;

	cr_expect_eq(run("tenants", false, list, &text), CGN_EXIT_REFUSED);
	cr_expect_str_eq(text, "");
	free(text);
}

Test(client, a_command_that_the_daemon_does_not_know_is_exit_1)
{
	static const char *const list[] = {"{\"/cgnat/info\":null}", NULL};
	char *text;

	cr_expect_eq(run("info", false, list, &text), CGN_EXIT_REFUSED);
	free(text);
}

Test(client, an_answer_to_another_client_is_asked_again)
{
	static const char *const list[] = {
		"{\"/cgnat/info\":{\"status\":\"ok\",\"id\":1%u,\"item\":{\"version\":\"wrong\"}}}",
		"{\"/cgnat/info\":{\"status\":\"ok\",\"id\":%u,\"item\":{\"version\":\"right\"}}}",
		NULL};
	char *text;

	cr_expect_eq(run("info", false, list, &text), CGN_EXIT_OK);
	cr_expect_str_eq(text, "version  right\n");
	free(text);
}

Test(client, junk_and_a_closed_connection_are_exit_3)
{
	static const char *const junk[] = {"not json", NULL};
	static const char *const closed[] = {"", NULL};
	static const char *const circle[] = {
		"{\"/cgnat/tenants\":{\"status\":\"ok\",\"id\":%u,\"next\":5,\"rows\":{}}}",
		"{\"/cgnat/tenants\":{\"status\":\"ok\",\"id\":%u,\"next\":5,\"rows\":{}}}", NULL};
	char *text;

	cr_expect_eq(run("info", false, junk, &text), CGN_EXIT_AWAY);
	free(text);
	cr_expect_eq(run("info", false, closed, &text), CGN_EXIT_AWAY);
	free(text);
	cr_expect_eq(run("tenants", false, circle, &text), CGN_EXIT_AWAY);
	free(text);
}

Test(client, an_answer_that_was_cut_off_says_what_to_do)
{
	static const char *const list[] = {
		"{\"/cgnat/info\":{\"status\":\"ok\",\"id\":%u,\"item\":{\"version\":\"0", NULL};
	char *text, said[512];
	size_t n;

	cr_expect_eq(run("info", false, list, &text), CGN_EXIT_AWAY);
	fflush(stderr);
	n = fread(said, 1, sizeof(said) - 1, cr_get_redirected_stderr());
	said[n] = '\0';
	cr_expect_not_null(strstr(said, "was cut off; ask for less"), "%s", said);
	cr_expect_str_eq(text, "");
	free(text);
}

Test(client, no_socket_and_nobody_behind_it_are_exit_3)
{
	struct cgn_client_where where = {.socket = "/nowhere/at/all"};
	struct cgn_client client;

	cr_expect_eq(cgn_client_open(&client, &where), CGN_EXIT_AWAY);
	close(listener);
	where.socket = path;
	cr_expect_eq(cgn_client_open(&client, &where), CGN_EXIT_AWAY);
	where = (struct cgn_client_where){.prefix = "no-such-prefix"};
	cr_expect_eq(cgn_client_open(&client, &where), CGN_EXIT_AWAY);
}

#define RELOAD(item, n, rows)                                                                      \
	"{\"/cgnat/reload\":{\"status\":\"ok\",\"id\":%u,\"item\":{" item "},\"n\":" #n            \
	",\"next\":0,\"rows\":{" rows "}}}"
#define COUNTS(live, restart) "\"live\":" #live ",\"drain\":0,\"restart\":" #restart ",\"errors\":0"
#define POOL                                                                                       \
	"\"r0\":{\"path\":\"tenants.a.pool[x]\",\"change\":\"added\",\"reload\":\"live\",\"new\":" \
	"\"x\","                                                                                   \
	"\"effect\":\"some follow\"}"

Test(client, reload_prints_what_diff_prints_and_what_came_of_it)
{
	static const char *const list[] = {
		RELOAD("\"outcome\":\"applied\",\"message\":\"applied, and \",\"message_more\":"
		       "\"all is well\"," COUNTS(3, 0),
			2,
			POOL ",\"r1\":{\"path\":\"box.log\",\"change\":\"changed\",\"reload\":"
			     "\"live\",\"old\":\"info\",\"new\":\"debug\"}"),
		NULL};
	char *text;

	cr_expect_eq(run("reload", false, list, &text), CGN_EXIT_OK);
	cr_expect_str_eq(text,
		"live     added    tenants.a.pool[x]: x (some follow)\n"
		"live     changed  box.log: info -> debug\n"
		"and 1 more differences; they are in the daemon's log\n"
		"3 live, 0 drain, 0 restart: applied, and all is well\n");
	free(text);
}

Test(client, a_refused_reload_is_exit_1)
{
	static const char *const list[] = {
		RELOAD("\"outcome\":\"refused\",\"message\":"
		       "\"nothing has changed\"," COUNTS(1, 1),
			2,
			POOL ",\"r1\":{\"path\":\"box.x\",\"change\":"
			     "\"changed\",\"reload\":\"restart\",\"old\":"
			     "\"1\",\"new\":\"2\"}"),
		NULL};
	char *text;

	cr_expect_eq(run("reload", false, list, &text), CGN_EXIT_REFUSED);
	cr_expect_not_null(strstr(text,
		"restart  changed  box.x: 1 -> 2\n1 live, 0 drain, "
		"1 restart: refused: nothing has changed\n"));
	free(text);
}

Test(client, a_bad_configuration_is_exit_1_and_json_has_its_errors)
{
	static const char *const list[] = {
		RELOAD("\"outcome\":\"bad\",\"message\":\"1 error\",\"live\":0,\"drain\":0,"
		       "\"restart\":0,\"errors\":1",
			1,
			"\"r0\":{\"at\":\"f:1:2\",\"error\":\"this is "
			"\",\"error_more\":\"wrong\"}"),
		NULL};
	const json_t *error;
	json_t *json;
	char *text;

	cr_expect_eq(run("reload", true, list, &text), CGN_EXIT_REFUSED);
	json = json_loads(text, 0, NULL);
	cr_assert_not_null(json, "%s", text);
	error = json_array_get(json_object_get(json, "errors"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(error, "error")), "this is wrong");
	cr_expect_eq(json_object_size(error), 2);
	json_decref(json);
	free(text);
}
