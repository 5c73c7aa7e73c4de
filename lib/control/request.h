/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What other threads ask of control: a function that control runs between two turns of packets, on
 * an argument that is copied in and out. The only way for telemetry to read state that control
 * writes, or to change any.
 */
#pragma once

#include <semaphore.h>
#include <stddef.h>
#include <stdint.h>

struct cgn_control;
struct rte_ring;

enum {
	CGN_REQUEST_SLOTS = 16, /* the telemetry library serves at most 10 clients at a time */
	CGN_REQUEST_ARG_MAX = 32768,
};

typedef void (*cgn_request_fn)(struct cgn_control *c, void *arg);

struct cgn_request_slot {
	_Atomic uint32_t state;
	cgn_request_fn run;
	sem_t done;
	_Alignas(64) char arg[CGN_REQUEST_ARG_MAX];
};

struct cgn_request_box {
	struct rte_ring *ring; /* of slots, many producers */
	struct cgn_request_slot *slots;
};

/* 0 or -ENOMEM. name: prefix of the ring's name. Main thread. */
int cgn_request_init(struct cgn_request_box *box, const char *name, int socket);
void cgn_request_fini(struct cgn_request_box *box);

/*
 * Runs fn(control, arg) on the control thread and waits for it, at most a second; *arg is updated.
 * Any thread but control. 0; -EBUSY when all slots are taken; -ETIMEDOUT when control did not get
 * to it (it may still run it, on its own copy of arg); -E2BIG when size is above the limit.
 */
int cgn_request_call(struct cgn_request_box *box, cgn_request_fn fn, void *arg, size_t size);

/* Control: runs one waiting request. Returns 1, or 0 when there is none. */
uint32_t cgn_request_serve(struct cgn_control *c, struct cgn_request_box *box);
