/* SPDX-License-Identifier: BSD-3-Clause */
/* Connecting to DPDK's telemetry socket and talking over it; see client.h. */
#include "client.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	REQUEST_MAX = 1023, /* longer ones are cut by DPDK without a word */
	TIMEOUT_S = 5,
	RELOAD_TIMEOUT_S = 120, /* it may wait for the one before and has much to read */
	HELLO_TRIES = 20,       /* the daemon serves ten clients at a time and hangs up on more */
	ASK_TRIES = 5,          /* answers to another client's parameters, see docs/telemetry.md */
};

static const char cut_off[] =
	"the answer was cut off; ask for less (--limit, a tenant), and report "
	"it with the version of the daemon";
static const char too_many[] = "the daemon serves ten clients already; try again";

/* How long to wait for the other end. */
static void
patience(int fd, time_t seconds)
{
	const struct timeval timeout = {.tv_sec = seconds};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

/* A connected socket, or -errno. A full backlog makes connect wait, up to the timeout. */
static int
connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = strlen(path);
	int fd, rc;

	if (n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, n);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	patience(fd, TIMEOUT_S);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* One message as JSON; NULL with *why set. */
static json_t *
receive(struct cgn_client *client, const char **why)
{
	ssize_t n = recv(client->fd, client->buf, sizeof(client->buf), MSG_TRUNC);
	json_error_t error;
	json_t *json;

	*why = NULL;
	if (n == 0)
		*why = too_many;
	else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		*why = "no answer in time; the daemon is stopped or its control core is stuck: "
		       "look into its log";
	else if (n < 0)
		*why = strerror(errno);
	else if (n > (ssize_t)sizeof(client->buf))
		*why = cut_off;
	if (*why != NULL)
		return NULL;
	json = json_loadb(client->buf, (size_t)n, 0, &error);
	if (!json_is_object(json)) {
		const bool is_short = json == NULL &&
			json_error_code(&error) == json_error_premature_end_of_input;

		json_decref(json);
		*why = is_short ? cut_off
				: "the answer is not JSON; is this the telemetry socket of cgnatd?";
		return NULL;
	}
	return json;
}

static enum cgn_exit
away(struct cgn_client *client, const char *why)
{
	snprintf(client->why, sizeof(client->why), "%s: %s", client->path, why);
	return CGN_EXIT_AWAY;
}

/* Connects to client->path and reads the first message. *rc: 0 or -errno of connect. */
static enum cgn_exit
open_path(struct cgn_client *client, int *rc)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	const char *why = too_many;
	json_t *hello = NULL;

	*rc = 0;
	for (int i = 0; hello == NULL && why == too_many && i < HELLO_TRIES; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		client->fd = connect_to(client->path);
		if (client->fd < 0) {
			*rc = client->fd;
			return CGN_EXIT_AWAY;
		}
		hello = receive(client, &why);
		if (hello == NULL)
			cgn_client_close(client);
	}
	if (hello == NULL)
		return away(client, why);
	snprintf(client->version, sizeof(client->version), "%s",
		json_is_string(json_object_get(hello, "version"))
			? json_string_value(json_object_get(hello, "version"))
			: "?");
	json_decref(hello);
	return CGN_EXIT_OK;
}

static enum cgn_exit
explain(struct cgn_client *client, int rc)
{
	char why[160];

	switch (-rc) {
	case ENOENT:
		return away(client,
			"no such socket; cgnatd is not running, or has another file_prefix "
			"(-p) or runtime directory (-s)");
	case ECONNREFUSED:
		return away(client, "nobody listens; cgnatd has ended");
	case EACCES:
	case EPERM:
		return away(client, "permission denied; run as root or as the user of cgnatd");
	case EAGAIN:
		return away(client, "the daemon does not take the connection within 5 seconds");
	case EPROTOTYPE:
		return away(client, "not a telemetry socket");
	default:
		snprintf(why, sizeof(why), "%s", strerror(-rc));
		return away(client, why);
	}
}

/* Several daemons with one prefix and --in-memory get dpdk_telemetry.v2, .v2:1, …: the first that
 * answers is taken. Returns the error to tell of the best candidate in *rc and client->path. */
static enum cgn_exit
open_dir(struct cgn_client *client, const char *dir, const char *prefix, int *rc)
{
	char pattern[sizeof(client->path)];
	enum cgn_exit result = CGN_EXIT_AWAY;
	glob_t found;

	snprintf(client->path, sizeof(client->path), "%s/dpdk/%s/dpdk_telemetry.v2", dir, prefix);
	snprintf(pattern, sizeof(pattern), "%.*s*", (int)sizeof(pattern) - 2, client->path);
	*rc = access(client->path, F_OK) < 0 ? -errno : -ENOENT;
	if (glob(pattern, 0, NULL, &found) != 0)
		return CGN_EXIT_AWAY;
	for (size_t i = 0; i < found.gl_pathc && result != CGN_EXIT_OK; i++) {
		snprintf(client->path, sizeof(client->path), "%s", found.gl_pathv[i]);
		result = open_path(client, rc);
		if (result != CGN_EXIT_OK && *rc == 0)
			break; /* reached it, and said why it is of no use */
	}
	globfree(&found);
	return result;
}

static enum cgn_exit
open_prefix(struct cgn_client *client, const char *prefix)
{
	const char *dirs[] = {
		getenv("RUNTIME_DIRECTORY"), "/run", "/run/cgnatd", getenv("XDG_RUNTIME_DIR")};
	char best[sizeof(client->path)] = "";
	int best_rc = -ENOENT, rc;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (dirs[i] == NULL || dirs[i][0] == '\0')
			continue;
		if (open_dir(client, dirs[i], prefix, &rc) == CGN_EXIT_OK)
			return CGN_EXIT_OK;
		if (rc == 0)
			return CGN_EXIT_AWAY;
		if (best[0] == '\0' || (best_rc == -ENOENT && rc != -ENOENT)) {
			snprintf(best, sizeof(best), "%s", client->path);
			best_rc = rc;
		}
	}
	memcpy(client->path, best, sizeof(best));
	return explain(client, best_rc);
}

enum cgn_exit
cgn_client_open(struct cgn_client *client, const struct cgn_client_where *where)
{
	struct timespec now;
	int rc;

	client->version[0] = client->path[0] = client->why[0] = '\0';
	client->fd = -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	client->next_id = (uint32_t)now.tv_nsec ^ (uint32_t)getpid() << 12;
	if (where->socket == NULL)
		return open_prefix(client, where->prefix);
	snprintf(client->path, sizeof(client->path), "%s", where->socket);
	if (strlen(where->socket) >= sizeof(client->path))
		return explain(client, -ENAMETOOLONG);
	if (open_path(client, &rc) == CGN_EXIT_OK)
		return CGN_EXIT_OK;
	return rc < 0 ? explain(client, rc) : CGN_EXIT_AWAY;
}

void
cgn_client_close(struct cgn_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* One question and its answer, a reference of the caller's: whatever stands under the path. */
static json_t *
ask_once(struct cgn_client *client, const struct cgn_command *cmd, const char *params, uint32_t id)
{
	char request[REQUEST_MAX + 1];
	json_t *outer, *answer;
	const char *why;
	int n;

	n = snprintf(request, sizeof(request), "%s,id=%u%s%s", cmd->path, id,
		params[0] != '\0' ? "," : "", params);
	if (n >= (int)sizeof(request)) {
		away(client, "the parameters are too long for a request");
		return NULL;
	}
	patience(client->fd,
		cmd == &cgn_commands[CGN_COMMAND_RELOAD] ? RELOAD_TIMEOUT_S : TIMEOUT_S);
	if (send(client->fd, request, (size_t)n, MSG_NOSIGNAL) != n) {
		away(client, errno == EPIPE ? "the daemon has hung up" : strerror(errno));
		return NULL;
	}
	outer = receive(client, &why);
	if (outer == NULL) {
		away(client, why == too_many ? "the daemon has hung up" : why);
		return NULL;
	}
	answer = json_incref(json_object_get(outer, cmd->path));
	json_decref(outer);
	if (answer == NULL)
		away(client, "the answer is to another question");
	return answer;
}

static enum cgn_exit
refused(struct cgn_client *client, const struct cgn_command *cmd, const json_t *answer)
{
	const char *message = json_string_value(json_object_get(answer, "message"));

	if (message != NULL) {
		snprintf(client->why, sizeof(client->why), "%s", message);
		for (char *c = client->why; *c != '\0'; c++) /* it goes to a terminal */
			if (*c < ' ' || *c > '~')
				*c = '?';
	} else
		snprintf(client->why, sizeof(client->why),
			"the daemon does not know %s; it may be another version", cmd->path);
	return CGN_EXIT_REFUSED;
}

/* Whether the answer is to this request: one that does not say (an early error) passes. */
static bool
is_mine(const json_t *answer, uint32_t id)
{
	const json_t *got = json_object_get(answer, "id");

	return got == NULL || json_integer_value(got) == (json_int_t)id;
}

enum cgn_exit
cgn_client_ask(struct cgn_client *client, const struct cgn_command *cmd, const char *params,
	json_t **answer)
{
	for (int i = 0; i < ASK_TRIES; i++) {
		uint32_t id = client->next_id++;
		const char *status;

		*answer = ask_once(client, cmd, params, id);
		if (*answer == NULL)
			return CGN_EXIT_AWAY;
		status = json_string_value(json_object_get(*answer, "status"));
		if (status != NULL && strcmp(status, "ok") == 0 &&
			json_object_get(*answer, "id") != NULL && is_mine(*answer, id))
			return CGN_EXIT_OK;
		if (is_mine(*answer, id) && (status == NULL || strcmp(status, "ok") != 0)) {
			enum cgn_exit result = refused(client, cmd, *answer);

			json_decref(*answer);
			*answer = NULL;
			return result;
		}
		json_decref(*answer);
		*answer = NULL;
	}
	return away(client, "answers keep coming to other clients' questions; try again");
}
