/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and answers; see server.h. libmicrohttpd's threads. */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exposition.h"

enum {
	N_THREADS = 4,
	MAX_CLIENTS = 64,
	CLIENT_TIMEOUT_S = 15, /* silence of a client; longer than the daemon may take */
};

static const char page[] = "<!DOCTYPE html><html><head><title>cgnat-exporter</title></head><body>"
			   "<h1>cgnat-exporter " CGN_VERSION
			   "</h1><p><a href=\"/metrics\">Metrics</a> of cgnatd."
			   "</p></body></html>\n";

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The log gets a line when the daemon goes, comes or begins to refuse, not with every scrape. */
static void
tell(struct cgn_server *s, const struct cgn_snapshot *before)
{
	const struct cgn_snapshot *now = &s->last;
	bool same = before->up == now->up && (before->n_refused > 0) == (now->n_refused > 0);

	if (s->told && same)
		return;
	s->told = true;
	if (!now->up)
		fprintf(stderr, "cgnat-exporter: no metrics: %s\n", now->why);
	else if (now->n_refused > 0)
		fprintf(stderr, "cgnat-exporter: %u commands refused, the last: %s\n",
			now->n_refused, now->why);
	else
		fprintf(stderr, "cgnat-exporter: the daemon answers\n");
}

/* Under the lock. False when there is no memory. */
static bool
refresh(struct cgn_server *s)
{
	struct cgn_snapshot fresh, before = s->last;

	if (s->last_ms != 0 && now_ms() - s->last_ms < s->max_age_ms)
		return true;
	if (!cgn_snapshot_init(&fresh))
		return false;
	cgn_snapshot_take(&fresh, &s->where);
	s->last = fresh;
	s->last_ms = now_ms();
	tell(s, &before);
	cgn_snapshot_fini(&before);
	return true;
}

/* The metrics as text, the caller's; NULL when there is no memory. */
static char *
metrics_text(struct cgn_server *s, enum cgn_exposition format, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (out == NULL)
		return NULL;
	pthread_mutex_lock(&s->lock);
	if (refresh(s))
		cgn_exposition_write(out, &s->last, format);
	pthread_mutex_unlock(&s->lock);
	if (fclose(out) == 0 && *size > 0)
		return text;
	free(text);
	return NULL;
}

static enum MHD_Result
answer(struct MHD_Connection *client, unsigned int status, struct MHD_Response *response,
	const char *type)
{
	enum MHD_Result result = MHD_NO;

	if (response == NULL)
		return MHD_NO;
	if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES &&
		(status != MHD_HTTP_METHOD_NOT_ALLOWED ||
			MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") ==
				MHD_YES))
		result = MHD_queue_response(client, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
answer_text(struct MHD_Connection *client, unsigned int status, const char *type, const char *text)
{
	return answer(client, status,
		MHD_create_response_from_buffer(
			strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT),
		type);
}

static enum MHD_Result
answer_metrics(struct cgn_server *s, struct MHD_Connection *client)
{
	enum cgn_exposition format = cgn_exposition_choose(
		MHD_lookup_connection_value(client, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	struct MHD_Response *response;
	size_t size;
	char *text = metrics_text(s, format, &size);

	if (text == NULL)
		return answer_text(client, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain",
			"not enough memory\n");
	response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL)
		free(text);
	return answer(client, MHD_HTTP_OK, response, cgn_exposition_content_type(format));
}

static enum MHD_Result
serve(void *server, struct MHD_Connection *client, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **state)
{
	static int seen;

	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer_text(client, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
			"only GET and HEAD are served\n");
	if (*state == NULL) { /* the headers are here; what may follow is thrown away */
		*state = &seen;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") == 0)
		return answer_metrics(server, client);
	if (strcmp(url, "/") == 0)
		return answer_text(client, MHD_HTTP_OK, "text/html", page);
	return answer_text(client, MHD_HTTP_NOT_FOUND, "text/plain",
		"not found; the metrics are at /metrics\n");
}

int
cgn_server_start(struct cgn_server *s, const struct addrinfo *listen)
{
	unsigned int flags = MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD;

	if (listen->ai_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	memset(&s->last, 0, sizeof(s->last));
	s->last_ms = 0;
	s->told = false;
	pthread_mutex_init(&s->lock, NULL);
	errno = 0;
	s->http = MHD_start_daemon(flags, 0, NULL, NULL, serve, s, MHD_OPTION_SOCK_ADDR,
		listen->ai_addr, MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)N_THREADS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MAX_CLIENTS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)CLIENT_TIMEOUT_S, MHD_OPTION_END);
	if (s->http != NULL)
		return 0;
	pthread_mutex_destroy(&s->lock);
	return errno != 0 ? -errno : -EIO;
}

void
cgn_server_stop(struct cgn_server *s)
{
	MHD_stop_daemon(s->http);
	cgn_snapshot_fini(&s->last);
	pthread_mutex_destroy(&s->lock);
}

uint16_t
cgn_server_port(const struct cgn_server *s)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->http, MHD_DAEMON_INFO_BIND_PORT);

	return info != NULL ? info->port : 0;
}
