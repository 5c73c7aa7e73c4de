/* SPDX-License-Identifier: BSD-3-Clause */
/* The timer wheel of control/expire.c (mappings) and neigh/ (neighbours). */
#include "wheel.h"

#include <string.h>

#define IS_HEAD UINT32_C(0x80000000)

static struct cgn_wheel_node *
node_at(struct cgn_wheel *w, uint32_t i)
{
	return (struct cgn_wheel_node *)(void *)(w->base + (size_t)i * w->stride);
}

void
cgn_wheel_init(struct cgn_wheel *w, void *first, size_t stride, uint32_t now_s)
{
	memset(w, 0, sizeof(*w));
	w->base = first;
	w->stride = stride;
	w->now_s = now_s;
}

void
cgn_wheel_add(struct cgn_wheel *w, uint32_t i, uint32_t at_s)
{
	struct cgn_wheel_node *node = node_at(w, i);
	uint32_t slot;

	if ((int32_t)(at_s - w->now_s) < 1)
		at_s = w->now_s + 1;
	if (at_s - w->now_s >= CGN_WHEEL_SLOTS)
		at_s = w->now_s + CGN_WHEEL_SLOTS - 1;
	slot = at_s % CGN_WHEEL_SLOTS;
	node->next = w->heads[slot];
	node->prev = slot | IS_HEAD;
	if (node->next != 0)
		node_at(w, node->next - 1)->prev = i + 1;
	w->heads[slot] = i + 1;
	w->n_nodes++;
}

void
cgn_wheel_del(struct cgn_wheel *w, uint32_t i)
{
	struct cgn_wheel_node *node = node_at(w, i);

	if (node->prev == 0)
		return;
	if (node->prev & IS_HEAD)
		w->heads[node->prev & ~IS_HEAD] = node->next;
	else
		node_at(w, node->prev - 1)->next = node->next;
	if (node->next != 0)
		node_at(w, node->next - 1)->prev = node->prev;
	node->next = node->prev = 0;
	w->n_nodes--;
}

uint32_t
cgn_wheel_next_due(struct cgn_wheel *w, uint32_t now_s)
{
	if (w->n_nodes == 0) {
		if ((int32_t)(now_s - w->now_s) > 0)
			w->now_s = now_s;
		return UINT32_MAX;
	}
	while ((int32_t)(now_s - w->now_s) > 0) {
		uint32_t head = w->heads[(w->now_s + 1) % CGN_WHEEL_SLOTS];

		if (head != 0) {
			cgn_wheel_del(w, head - 1);
			return head - 1;
		}
		w->now_s++;
	}
	return UINT32_MAX;
}
