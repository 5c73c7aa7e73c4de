#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 200 connections at one time from one subscriber, each with an outside port of its own.
. "$(dirname "$0")/_lib.sh"

for i in $(seq 1 200); do
	printf 'url = "http://192.0.2.1/"\noutput = "%s/page.%s"\n' "$WORK" "$i"
done >"$WORK/urls"
check "a1 fetches 200 pages in parallel" in_a1 curl -sS --fail --parallel --parallel-immediate \
	--parallel-max 200 --max-time 30 --no-keepalive -H 'Connection: close' -K "$WORK/urls"
pages=$(cat "$WORK"/page.* 2>/dev/null | grep -c Hello || true)
check "all 200 pages came" equal "$pages" 200
sources=$(cat "$WORK"/page.* | grep -o 'Hello .* port [0-9]*' | sort -u | wc -l)
check "the server saw 200 different ports" equal "$sources" 200
addresses=$(cat "$WORK"/page.* | grep -o 'Hello [0-9.]*' | sort -u | wc -l)
check "the server saw one address (paired pooling, RFC 4787 REQ-2)" equal "$addresses" 1
finish
