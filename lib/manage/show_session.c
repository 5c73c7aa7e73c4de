/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers that change sessions of subscribers: what control is asked for. Telemetry threads. */
#include "show.h"

#include <stdio.h>

/* What the parameters say; false with the error answered. */
static bool
read_change(struct cgn_show *show, enum cgn_session_kind kind, struct cgn_session_change *change)
{
	const struct cgn_param_value *addr = cgn_params_find(show->params, CGN_PARAM_ADDRESS);
	const struct cgn_param_value *to = cgn_params_find(show->params, CGN_PARAM_NEW_ADDRESS);
	const struct cgn_param_value *id = cgn_params_find(show->params, CGN_PARAM_SESSION);
	const struct cgn_param_value *class_name = cgn_params_find(show->params, CGN_PARAM_CLASS);

	*change = (struct cgn_session_change){.kind = (uint8_t)kind};
	if (!cgn_show_tenant_find(show, &change->tenant))
		return false;
	if (addr == NULL && id == NULL) {
		cgn_reply_error(show->reply, "session", "say whose session: session or address");
		return false;
	}
	change->addr = addr != NULL ? addr->addr : 0;
	change->to = to != NULL ? to->addr : 0;
	if (id != NULL)
		snprintf(change->id, sizeof(change->id), "%s", id->text);
	if (class_name != NULL)
		snprintf(change->class_name, sizeof(change->class_name), "%.31s", class_name->text);
	return true;
}

static void
refuse(struct cgn_show *show, const struct cgn_session_change *change)
{
	const struct cgn_param_value *v;
	const char *param = "";

	switch ((enum cgn_session_result)change->result) {
	case CGN_SESSION_NO_ADDRESS:
		param = change->kind == CGN_SESSION_MOVE ? "new_address" : "address";
		v = cgn_params_find(show->params,
			change->kind == CGN_SESSION_MOVE ? CGN_PARAM_NEW_ADDRESS
							 : CGN_PARAM_ADDRESS);
		cgn_reply_error(show->reply, param,
			"%s is not assigned to a subscriber of tenant '%s'",
			v != NULL ? v->text : "",
			cgn_directory_tenant_name(show->box->dir, change->tenant));
		return;
	case CGN_SESSION_NO_CLASS:
		cgn_reply_error(
			show->reply, "class", "the tenant has no class '%s'", change->class_name);
		return;
	case CGN_SESSION_BAD_ID:
		param = "session";
		break;
	default:
		break;
	}
	cgn_reply_error(show->reply, param, "%s", cgn_session_result_names[change->result]);
}

static void
tell(struct cgn_show *show, const struct cgn_session_change *change)
{
	const char *done = cgn_session_result_names[change->result];
	const char *tenant = cgn_directory_tenant_name(show->box->dir, change->tenant);
	const char *id = change->id[0] != '\0' ? change->id : "-";
	uint32_t addr = change->kind == CGN_SESSION_MOVE ? change->to : change->addr;
	char text[CGN_IP4_STRLEN] = "-";

	if (addr != 0)
		cgn_ip4_str(addr, text);
	cgn_event_set_text(show->event, CGN_EVENT_FIELD_DONE, done);
	cgn_event_set_text(show->event, CGN_EVENT_FIELD_SESSION, id);
	cgn_event_set_number(show->event, CGN_EVENT_FIELD_MAPPINGS, change->ended);
	cgn_reply_str(show->reply, "done", done);
	cgn_reply_str(show->reply, "tenant", tenant);
	cgn_reply_str(show->reply, "id", id);
	cgn_reply_str(show->reply, "address", text);
	cgn_reply_u64(show->reply, "mappings", change->ended);
}

static void
ask(struct cgn_show *show, enum cgn_session_kind kind)
{
	struct cgn_session_change change;
	int rc;

	if (!read_change(show, kind, &change))
		return;
	if (change.addr != 0)
		cgn_event_set_addr(show->event, CGN_EVENT_FIELD_SUBSCRIBER, change.addr);
	rc = cgn_session_apply(&show->box->control->requests, &change, 1);
	if (rc < 0)
		cgn_reply_error(show->reply, "",
			"no answer from the control core; the change may be done: try again");
	else if (cgn_session_is_refused((enum cgn_session_result)change.result) ||
		(change.result == CGN_SESSION_NONE && kind == CGN_SESSION_MOVE))
		refuse(show, &change);
	else
		tell(show, &change);
}

void
cgn_show_subscriber_add(struct cgn_show *show)
{
	ask(show, CGN_SESSION_ADD);
}

void
cgn_show_subscriber_move(struct cgn_show *show)
{
	ask(show, CGN_SESSION_MOVE);
}

void
cgn_show_subscriber_remove(struct cgn_show *show)
{
	ask(show, CGN_SESSION_REMOVE);
}
