#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# UDP queries to a resolver on the Internet are answered.
. "$(dirname "$0")/_lib.sh"

for host in a1 a2 b1; do
	answer=$("in_$host" dig +short +time=2 +tries=2 @192.0.2.2 www.example.net || true)
	check "$host gets an answer over UDP" equal "$answer" 192.0.2.1
done
answer=$(in_a1 dig +tcp +short +time=2 +tries=2 @192.0.2.2 echo.example.net || true)
check "a1 gets an answer over TCP" equal "$answer" 192.0.2.3
for i in $(seq 1 40); do
	printf 'www.example.net\n'
done >"$WORK/names"
answers=$(in_b1 dig +short +time=2 +tries=2 -f "$WORK/names" @192.0.2.2 | grep -c '^192.0.2.1$' || true)
check "b1 gets 40 answers to 40 queries, each from a socket of its own" equal "$answers" 40
finish
