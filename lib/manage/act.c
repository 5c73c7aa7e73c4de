/* SPDX-License-Identifier: BSD-3-Clause */
/* Records of operators' acts; called by commands.c and the daemon. See act.h. */
#include "act.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "log.h"
#include "params.h"
#include "peers.h"

/* Each action has an event of its name. */
static const int events[CGN_N_COMMANDS] = {
#define ACTION(id, object, action, needs, takes, help) [CGN_COMMAND_##id] = CGN_EVENT_##id + 1,
#include "commands.def"
	/* They change nothing, but tell who was where. */
	[CGN_COMMAND_TRACE_PORT] = CGN_EVENT_TRACE_PORT + 1,
	[CGN_COMMAND_TRACE_AT] = CGN_EVENT_TRACE_AT + 1,
	[CGN_COMMAND_TRACE_SUBSCRIBER] = CGN_EVENT_TRACE_SUBSCRIBER + 1,
	[CGN_COMMAND_RELOAD] = CGN_EVENT_RELOAD + 1,
};

/* The one that is given of those with that name, or -1. */
static int
find_param(const struct cgn_params *params, const char *name)
{
	for (int p = 0; p < CGN_N_PARAMS; p++)
		if (cgn_params_has(params, (enum cgn_param_id)p) &&
			strcmp(cgn_param_infos[p].name, name) == 0)
			return p;
	return -1;
}

static void
set_asked(struct cgn_event *ev, enum cgn_event_field field, const struct cgn_param_value *v)
{
	switch (cgn_event_fields[field].type) {
	case CGN_EVENT_TYPE_NUMBER:
		cgn_event_set_number(ev, field, v->number);
		break;
	case CGN_EVENT_TYPE_ADDRESS:
		cgn_event_set_addr(ev, field, v->addr);
		break;
	case CGN_EVENT_TYPE_ENDPOINT:
		cgn_event_set_end(ev, field, v->addr, v->port);
		break;
	default:
		cgn_event_set_text(ev, field, v->text);
		break;
	}
}

static void
set_who(struct cgn_event_who *who, const struct cgn_params *params)
{
	const struct cgn_param_value *by = cgn_params_find(params, CGN_PARAM_BY);
	struct cgn_peers peers;

	cgn_peers_look(&peers);
	*who = (struct cgn_event_who){.via = CGN_EVENT_BY_TELEMETRY,
		.knows_uid = peers.n > 0 && !peers.differ,
		.knows_pid = peers.n == 1,
		.uid = peers.uid,
		.pid = peers.pid};
	if (by != NULL)
		snprintf(who->claimed, sizeof(who->claimed), "%.*s", (int)sizeof(who->claimed) - 1,
			by->text);
}

bool
cgn_act_begin(const struct cgn_command *cmd, const struct cgn_params *params, struct cgn_event *ev)
{
	const struct cgn_param_value *dry_run = cgn_params_find(params, CGN_PARAM_DRY_RUN);
	int id = events[cmd - cgn_commands] - 1;

	if (id < 0 || (dry_run != NULL && dry_run->number != 0))
		return false;
	cgn_event_init(ev, (enum cgn_event_id)id);
	for (int f = 0; f < CGN_N_EVENT_FIELDS; f++) {
		int p = cgn_event_has(ev->id, (enum cgn_event_field)f)
			? find_param(params, cgn_event_fields[f].name)
			: -1;

		if (p >= 0)
			set_asked(ev, (enum cgn_event_field)f, &params->values[p]);
	}
	set_who(&ev->who, params);
	return true;
}

static void
note(struct cgn_control *c, void *arg)
{
	cgn_event_note(&c->events, arg);
}

void
cgn_act_record(struct cgn_control *c, const struct cgn_event *ev)
{
	enum { TRIES = 100, RETRY_US = 1000 };
	struct cgn_event copy = *ev;
	int rc = -ENOTCONN;

	cgn_event_log(ev);
	for (int i = 0; c != NULL && i < TRIES; i++) {
		rc = cgn_request_call(&c->requests, note, &copy, sizeof(copy));
		if (rc != -EBUSY)
			break;
		usleep(RETRY_US); /* others ask too; their turn ends */
	}
	if (rc < 0)
		cgn_warn("operator", "the line before is in the log only: %s",
			c != NULL ? strerror(-rc) : "the daemon is stopping");
}
