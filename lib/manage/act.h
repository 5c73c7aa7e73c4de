/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The record of what is done through telemetry: what was asked is taken from the parameters, who
 * asked from the connections of the socket (peers.h), what came of it from the handler. Telemetry
 * threads; record also main.
 */
#pragma once

#include <stdbool.h>

#include "command_table.h"
#include "events.h"

struct cgn_control;
struct cgn_params;

/* False when the command changes nothing, as a dry run. */
bool cgn_act_begin(
	const struct cgn_command *cmd, const struct cgn_params *params, struct cgn_event *ev);

/* Logs the event and gives it to control to keep; c may be NULL. Any thread but control. */
void cgn_act_record(struct cgn_control *c, const struct cgn_event *ev);
