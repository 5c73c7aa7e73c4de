/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of lib/base/words. */
#include "words.h"

#include <criterion/criterion.h>

static const char *
nearest(const char *word, const char *const *candidates)
{
	struct cgn_nearest search;

	cgn_nearest_init(&search, word);
	for (; *candidates != NULL; candidates++)
		cgn_nearest_try(&search, *candidates);
	return search.best;
}

static const char *const verbs[] = {"tenants", "tenant", "trace", "pools", "ports", NULL};

Test(words, the_nearest_word_is_found)
{
	cr_expect_str_eq(nearest("tennants", verbs), "tenants");
	cr_expect_str_eq(nearest("pool", verbs), "pools");
	cr_expect_str_eq(nearest("tenant", verbs), "tenant");
}

Test(words, what_is_far_is_not_suggested)
{
	cr_expect_null(nearest("mappings", verbs));
	cr_expect_null(nearest("x", (const char *const[]){"yz", NULL}));
	cr_expect_null(nearest("", (const char *const[]){NULL}));
}

Test(words, long_words_are_not_compared)
{
	static const char word[] = "a234567890b234567890c234567890d234567890e";

	cr_expect_null(nearest(word, (const char *const[]){word, NULL}));
}
