/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registration with DPDK's telemetry, and the one callback that all commands share: find the
 * command, read its parameters, run its handler. Telemetry threads; register and detach: main.
 */
#include "commands.h"

#include <pthread.h>
#include <string.h>

#include <rte_telemetry.h>

#include "act.h"
#include "reloader.h"
#include "show.h"

enum { REQUEST_MAX = 1024 }; /* the library reads no more (rte_telemetry: one read of 1023 bytes) */

/* The box, while there is one: handlers hold the lock for reading, detach takes it for writing. */
static pthread_rwlock_t box_lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static const struct cgn_box *the_box;

static void (*const handlers[CGN_N_COMMANDS])(struct cgn_show *show) = {
#define COMMAND(id, name, shape, rows, needs, takes, help) [CGN_COMMAND_##id] = cgn_show_##name,
#define QUESTION(id, object, about, shape, rows, needs, takes, help)                               \
	[CGN_COMMAND_##id] = cgn_show_##object##_##about,
#define ACTION(id, object, action, needs, takes, help)                                             \
	[CGN_COMMAND_##id] = cgn_show_##object##_##action,
#include "commands.def"
};

/* The box is held. */
static void
handle_held(const struct cgn_command *cmd, struct cgn_show *show)
{
	pthread_rwlock_rdlock(&box_lock);
	show->box = the_box;
	if (show->box != NULL)
		handlers[cmd - cgn_commands](show);
	else
		cgn_reply_error(show->reply, "", "the daemon is stopping");
	pthread_rwlock_unlock(&box_lock);
}

/* What was done, or tried and refused, is recorded whatever came of it. */
static void
record(const struct cgn_reply *reply, struct cgn_event *ev)
{
	if (reply->is_error)
		cgn_event_refuse(ev, reply->error);
	pthread_rwlock_rdlock(&box_lock);
	cgn_act_record(the_box != NULL ? the_box->control : NULL, ev);
	pthread_rwlock_unlock(&box_lock);
}

static void
handle(const struct cgn_command *cmd, const struct cgn_params *params, struct cgn_reply *reply)
{
	struct cgn_event ev;
	const bool is_act = cgn_act_begin(cmd, params, &ev);
	struct cgn_show show = {.params = params, .reply = reply, .event = is_act ? &ev : NULL};

	if (cmd == &cgn_commands[CGN_COMMAND_RELOAD]) /* the daemon will hold the box itself */
		cgn_show_reload(&show);
	else
		handle_held(cmd, &show);
	if (is_act)
		record(reply, &ev);
	cgn_reply_finish(reply, cmd, params, show.next);
}

/*
 * The library splits requests with strtok, which two clients at the same moment can confuse (DPDK
 * before 26.07): text may be another client's. It is copied before it is read, and the answer says
 * what was understood (filter, id).
 */
static int
callback(const char *path, const char *text, struct rte_tel_data *out)
{
	const struct cgn_command *cmd = cgn_command_find(path);
	struct cgn_params_error err;
	struct cgn_params params;
	struct cgn_reply reply;
	char copy[REQUEST_MAX];
	size_t n = text != NULL ? strnlen(text, sizeof(copy) - 1) : 0;

	if (n > 0)
		memcpy(copy, text, n);
	copy[n] = '\0';
	cgn_reply_init(&reply, out);
	if (cmd == NULL)
		cgn_reply_error(&reply, "", "unknown command");
	else if (cgn_params_parse(cmd, copy, &params, &err) == 0)
		handle(cmd, &params, &reply);
	else {
		cgn_reply_refuse(&reply, &err);
		cgn_reply_finish(&reply, cmd, &params, 0); /* the id, if it was read */
	}
	return 0; /* a negative value would reach the client as null, without a word */
}

int
cgn_manage_register(struct cgn_box *box)
{
	static bool is_registered; /* once in the process: there is no way back */

	pthread_rwlock_wrlock(&box_lock);
	the_box = box;
	pthread_rwlock_unlock(&box_lock);
	for (int i = 0; !is_registered && i < CGN_N_COMMANDS; i++) {
		int rc = rte_telemetry_register_cmd(
			cgn_commands[i].path, callback, cgn_commands[i].help);

		if (rc < 0)
			return rc;
	}
	is_registered = true;
	return 0;
}

void
cgn_manage_hold(void)
{
	pthread_rwlock_wrlock(&box_lock);
}

void
cgn_manage_release(void)
{
	pthread_rwlock_unlock(&box_lock);
}

void
cgn_manage_detach(void)
{
	pthread_rwlock_wrlock(&box_lock);
	the_box = NULL;
	pthread_rwlock_unlock(&box_lock);
}
