/* SPDX-License-Identifier: BSD-3-Clause */
/* The mailbox between telemetry's threads and control. */
#include "request.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rte_ring.h>

#include "mem.h"

/* FREE → (client) TAKEN → POSTED → (control) DONE → (client) FREE. A client that gives up makes it
 * ABANDONED, and control frees it. */
enum { SLOT_FREE, SLOT_TAKEN, SLOT_POSTED, SLOT_DONE, SLOT_ABANDONED };

enum { WAIT_S = 1 };

int
cgn_request_init(struct cgn_request_box *box, const char *name, int socket)
{
	char ring_name[RTE_RING_NAMESIZE];

	snprintf(ring_name, sizeof(ring_name), "%.12s_requests", name);
	box->ring = rte_ring_create(ring_name, CGN_REQUEST_SLOTS * 2, socket, RING_F_SC_DEQ);
	box->slots = cgn_mem_zalloc("requests", CGN_REQUEST_SLOTS, sizeof(*box->slots), socket);
	if (box->ring == NULL || box->slots == NULL)
		return -ENOMEM;
	for (int i = 0; i < CGN_REQUEST_SLOTS; i++)
		sem_init(&box->slots[i].done, 0, 0);
	return 0;
}

void
cgn_request_fini(struct cgn_request_box *box)
{
	for (int i = 0; box->slots != NULL && i < CGN_REQUEST_SLOTS; i++)
		sem_destroy(&box->slots[i].done);
	cgn_mem_free(box->slots);
	rte_ring_free(box->ring);
	memset(box, 0, sizeof(*box));
}

static struct cgn_request_slot *
take_slot(struct cgn_request_box *box)
{
	for (int i = 0; i < CGN_REQUEST_SLOTS; i++) {
		uint32_t state = SLOT_FREE;

		if (atomic_compare_exchange_strong_explicit(&box->slots[i].state, &state,
			    SLOT_TAKEN, memory_order_acquire, memory_order_relaxed))
			return &box->slots[i];
	}
	return NULL;
}

int
cgn_request_call(struct cgn_request_box *box, cgn_request_fn fn, void *arg, size_t size)
{
	struct cgn_request_slot *slot;
	uint32_t state = SLOT_POSTED;
	struct timespec until;
	int rc;

	if (size > CGN_REQUEST_ARG_MAX)
		return -E2BIG;
	slot = take_slot(box);
	if (slot == NULL)
		return -EBUSY;
	slot->run = fn;
	memcpy(slot->arg, arg, size);
	atomic_store_explicit(&slot->state, SLOT_POSTED, memory_order_release);
	rte_ring_enqueue(box->ring, slot); /* twice as long as there are slots: cannot be full */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_S;
	do
		rc = sem_clockwait(&slot->done, CLOCK_MONOTONIC, &until);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 &&
		atomic_compare_exchange_strong_explicit(&slot->state, &state, SLOT_ABANDONED,
			memory_order_acq_rel, memory_order_acquire))
		return -ETIMEDOUT;
	if (rc < 0)
		sem_wait(&slot->done); /* control finished in this very moment; take its post */
	(void)atomic_load_explicit(&slot->state, memory_order_acquire); /* DONE, and arg with it */
	memcpy(arg, slot->arg, size);
	atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release);
	return 0;
}

uint32_t
cgn_request_serve(struct cgn_control *c, struct cgn_request_box *box)
{
	struct cgn_request_slot *slot;
	uint32_t state = SLOT_POSTED;

	if (rte_ring_sc_dequeue(box->ring, (void **)&slot) != 0)
		return 0;
	slot->run(c, slot->arg);
	if (atomic_compare_exchange_strong_explicit(
		    &slot->state, &state, SLOT_DONE, memory_order_acq_rel, memory_order_acquire))
		sem_post(&slot->done);
	else /* abandoned */
		atomic_store_explicit(&slot->state, SLOT_FREE, memory_order_release);
	return 1;
}
