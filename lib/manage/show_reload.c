/* SPDX-License-Identifier: BSD-3-Clause */
/* The command "reload": the one handler that runs without holding the box. Telemetry threads. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "counters.h"
#include "reloader.h"
#include "schema.h"
#include "show.h"

static pthread_rwlock_t reloader_lock = PTHREAD_RWLOCK_INITIALIZER;
static const struct cgn_reloader *the_reloader;
static uint64_t counts[CGN_N_RELOAD_OUTCOMES];

void
cgn_manage_set_reloader(const struct cgn_reloader *reloader)
{
	pthread_rwlock_wrlock(&reloader_lock);
	the_reloader = reloader;
	pthread_rwlock_unlock(&reloader_lock);
}

void
cgn_reload_count(enum cgn_reload_outcome outcome)
{
	cgn_counter_add(&counts[outcome], 1);
}

uint64_t
cgn_reload_n(enum cgn_reload_outcome outcome)
{
	return cgn_counter_read(&counts[outcome]);
}

const char *
cgn_reload_outcome_str(enum cgn_reload_outcome outcome)
{
	static const char *const names[CGN_N_RELOAD_OUTCOMES] = {
		"applied", "dry_run", "unchanged", "refused", "bad", "busy"};

	return names[outcome];
}

void
cgn_reload_result_fini(struct cgn_reload_result *result)
{
	cgn_diff_fini(&result->diff);
	cgn_conf_errors_free(&result->errors);
}

void
cgn_reload_describe(struct cgn_event *ev, const struct cgn_reload_result *result)
{
	const uint32_t *n = result->diff.n_by_reload;

	cgn_event_set_text(ev, CGN_EVENT_FIELD_OUTCOME, cgn_reload_outcome_str(result->outcome));
	cgn_event_set_number(ev, CGN_EVENT_FIELD_LIVE, n[CGN_RELOAD_LIVE]);
	cgn_event_set_number(ev, CGN_EVENT_FIELD_DRAIN, n[CGN_RELOAD_DRAIN]);
	cgn_event_set_number(ev, CGN_EVENT_FIELD_RESTART, n[CGN_RELOAD_RESTART]);
	cgn_event_set_number(ev, CGN_EVENT_FIELD_ERRORS, result->errors.n_errors);
	if (result->outcome != CGN_RELOAD_APPLIED && result->outcome != CGN_RELOAD_UNCHANGED)
		cgn_event_refuse(ev, result->message);
}

/* A text that may be longer than a string of an answer: the rest is a member of its own. */
static void
add_text(struct cgn_reply *reply, const char *name, const char *more, const char *text)
{
	enum { PIECE = CGN_REPLY_STRING_LEN - 1 };
	char piece[PIECE + 1];

	snprintf(piece, sizeof(piece), "%.*s", PIECE, text);
	cgn_reply_str(reply, name, piece);
	if (strlen(text) > PIECE)
		cgn_reply_str(reply, more, text + PIECE);
}

static void
add_item(struct cgn_show *show, const struct cgn_reload_result *result)
{
	const struct cgn_diff *diff = &result->diff;

	cgn_reply_str(show->reply, "outcome", cgn_reload_outcome_str(result->outcome));
	add_text(show->reply, "message", "message_more", result->message);
	cgn_reply_u64(show->reply, "live", diff->n_by_reload[CGN_RELOAD_LIVE]);
	cgn_reply_u64(show->reply, "drain", diff->n_by_reload[CGN_RELOAD_DRAIN]);
	cgn_reply_u64(show->reply, "restart", diff->n_by_reload[CGN_RELOAD_RESTART]);
	cgn_reply_u64(show->reply, "errors", result->errors.n_errors);
}

/* What is not there has no member, as in the document of cgnatctl diff. */
static void
add_difference(struct cgn_reply *reply, const struct cgn_diff_item *item)
{
	cgn_reply_row_begin(reply);
	cgn_reply_str(reply, "path", item->path);
	cgn_reply_str(reply, "change", cgn_change_name(item->change));
	cgn_reply_str(reply, "reload", cgn_reload_name(item->reload));
	if (item->old_text != NULL)
		cgn_reply_str(reply, "old", item->old_text);
	if (item->new_text != NULL)
		cgn_reply_str(reply, "new", item->new_text);
	if (item->effect != NULL)
		cgn_reply_str(reply, "effect", item->effect);
}

static void
add_differences(struct cgn_show *show, const struct cgn_diff *diff)
{
	uint64_t cursor = cgn_show_cursor(show), at = 0;

	for (int r = 0; r < CGN_N_RELOADS; r++) {
		const struct cgn_diff_item *item = NULL;

		while ((item = cgn_diff_next(diff, r, item)) != NULL) {
			uint64_t i = at++;

			if (i < cursor)
				continue;
			add_difference(show->reply, item);
			if (!cgn_show_row_end(show, i, at < diff->n_items ? at : 0))
				return;
		}
	}
}

static void
add_errors(struct cgn_show *show, const struct cgn_conf_errors *errors)
{
	for (uint64_t i = cgn_show_cursor(show); i < errors->n_errors; i++) {
		const struct cgn_conf_error *e = &errors->errors[i];

		cgn_reply_row_begin(show->reply);
		cgn_reply_fmt(show->reply, "at", "%s:%u:%u",
			e->pos.file < errors->n_files ? errors->files[e->pos.file] : "?",
			e->pos.line, e->pos.col);
		add_text(show->reply, "error", "error_more", e->text);
		if (!cgn_show_row_end(show, i, i + 1 < errors->n_errors ? i + 1 : 0))
			return;
	}
}

void
cgn_show_reload(struct cgn_show *show)
{
	const bool dry_run = cgn_params_find(show->params, CGN_PARAM_DRY_RUN)->number != 0;
	struct cgn_reload_result result;

	memset(&result, 0, sizeof(result));
	pthread_rwlock_rdlock(&reloader_lock);
	if (the_reloader == NULL) {
		result.outcome = CGN_RELOAD_BUSY;
		snprintf(result.message, sizeof(result.message),
			"the daemon is starting or stopping");
	} else
		the_reloader->run(the_reloader->ctx, dry_run, &result);
	pthread_rwlock_unlock(&reloader_lock);
	if (show->event != NULL)
		cgn_reload_describe(show->event, &result);
	if (result.outcome == CGN_RELOAD_BUSY)
		cgn_reply_error(show->reply, "", "%s", result.message);
	else {
		add_item(show, &result);
		add_differences(show, &result.diff);
		add_errors(show, &result.errors);
		if (!dry_run)
			show->next = 0; /* asking for a second page would reload again */
	}
	cgn_reload_result_fini(&result);
}
