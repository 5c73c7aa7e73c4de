#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A big file comes and goes unharmed: TCP payload, sequence numbers and checksums survive.
. "$(dirname "$0")/_lib.sh"

want=$(in_wan curl -sS http://192.0.2.1/file50.sha256)

fetched_sum() {
	"in_$1" curl -sS --max-time 60 http://192.0.2.1/file50 | sha256sum | cut -d' ' -f1
}

check "the server says what the file's sum is" matches "$want" '^[0-9a-f]{64}$'
for host in a1 b1; do
	check "$host downloads 50 MiB with the right sum" equal "$(fetched_sum "$host" || true)" "$want"
done
in_wan curl -sS -o "$WORK/file50" http://192.0.2.1/file50
for host in a1 b1; do
	got=$("in_$host" curl -sS --max-time 60 -T "$WORK/file50" http://192.0.2.1/upload || true)
	check "$host uploads 50 MiB with the right sum" equal "$got" "$want 52428800"
done
finish
