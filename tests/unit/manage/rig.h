/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client of the test's own telemetry socket, in one thread with the simulated box: while an
 * answer is awaited, control is polled.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "sim.h"

/* EAL with telemetry in a runtime directory of its own, and a connected client. Once a process. */
void rig_start(void);

/* Ends the client and takes the directory away. */
void rig_stop(void);

/* A directory that is gone with rig_stop, and all in it. */
const char *rig_dir(void);

/* Sends len bytes. Returns the answer under the command's name, the caller's, or NULL when there
 * is none; *size: bytes of the whole answer. sim may be NULL. */
json_t *rig_ask_bytes(struct cgn_sim *sim, const void *request, size_t len, size_t *size);
json_t *rig_ask(struct cgn_sim *sim, const char *request);

/* As rig_ask; the answer's status is "ok", else the test ends. */
json_t *rig_ok(struct cgn_sim *sim, const char *request);

/* Members of an object: "" and 0 where there is none of that type. */
const char *rig_str(const json_t *object, const char *name);
json_int_t rig_num(const json_t *object, const char *name);

/* Row of an answer by its name ("r0"), or NULL; the answer's. */
const json_t *rig_row(const json_t *answer, const char *name);

/* Gives the box a RADIUS server with one client, which does nothing; rig_stop frees it. */
void rig_beside(struct cgn_sim *sim);
