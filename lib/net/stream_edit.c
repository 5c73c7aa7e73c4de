/* SPDX-License-Identifier: BSD-3-Clause */
/* Edits of a stream; called by control/alg_edit.c and by tests. */
#include "stream_edit.h"

#include <string.h>

static uint32_t
first_of(const struct cgn_edits *e)
{
	return e->n > CGN_EDITS ? e->n - CGN_EDITS : 0;
}

static const struct cgn_edit *
at(const struct cgn_edits *e, uint32_t i)
{
	return &e->ring[i % CGN_EDITS];
}

/* Is a at b or behind it? */
static bool
is_from(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static uint32_t
shift_behind(const struct cgn_edit *d)
{
	return d->shift + d->new_len - d->old_len;
}

const struct cgn_edit *
cgn_edits_find(const struct cgn_edits *e, uint32_t seq)
{
	for (uint32_t i = first_of(e); i != e->n; i++)
		if (at(e, i)->at == seq)
			return at(e, i);
	return NULL;
}

bool
cgn_edits_add(
	struct cgn_edits *e, uint32_t seq, uint32_t old_len, const char *text, uint32_t new_len)
{
	const struct cgn_edit *last = e->n > 0 ? at(e, e->n - 1) : NULL;
	struct cgn_edit *fresh = &e->ring[e->n % CGN_EDITS];
	uint32_t shift = last != NULL ? shift_behind(last) : 0;

	if (new_len > CGN_EDIT_TEXT || old_len == 0 ||
		(last != NULL && !is_from(seq, last->at + last->old_len)))
		return false;
	*fresh = (struct cgn_edit){
		.at = seq, .shift = shift, .old_len = old_len, .new_len = new_len};
	memcpy(fresh->text, text, new_len);
	e->n++;
	return true;
}

uint32_t
cgn_edits_seq(const struct cgn_edits *e, uint32_t seq)
{
	for (uint32_t i = e->n; i != first_of(e); i--) {
		const struct cgn_edit *d = at(e, i - 1);

		if (is_from(seq, d->at + d->old_len))
			return seq + shift_behind(d);
		if (is_from(seq, d->at))
			return d->at + d->shift;
	}
	return e->n > 0 ? seq + at(e, first_of(e))->shift : seq;
}

uint32_t
cgn_edits_ack(const struct cgn_edits *e, uint32_t ack)
{
	for (uint32_t i = e->n; i != first_of(e); i--) {
		const struct cgn_edit *d = at(e, i - 1);
		uint32_t begin = d->at + d->shift;

		if (is_from(ack, begin + d->new_len))
			return ack - shift_behind(d);
		if (is_from(ack, begin))
			return d->at;
	}
	return e->n > 0 ? ack - at(e, first_of(e))->shift : ack;
}

int32_t
cgn_edits_apply(const struct cgn_edits *e, uint32_t seq, const uint8_t *payload, uint32_t len,
	uint8_t *out, uint32_t cap)
{
	uint32_t done = 0, n = 0;

	for (uint32_t i = first_of(e); i != e->n; i++) {
		const struct cgn_edit *d = at(e, i);
		int32_t from = (int32_t)(d->at - seq), to = from + (int32_t)d->old_len;

		if (to <= 0 || from >= (int32_t)len)
			continue;
		if (from < (int32_t)done || to > (int32_t)len)
			return -1;
		if (n + ((uint32_t)from - done) + d->new_len > cap)
			return -1;
		memcpy(out + n, payload + done, (uint32_t)from - done);
		n += (uint32_t)from - done;
		memcpy(out + n, d->text, d->new_len);
		n += d->new_len;
		done = (uint32_t)to;
	}
	if (n + (len - done) > cap)
		return -1;
	memcpy(out + n, payload + done, len - done);
	return (int32_t)(n + (len - done));
}
