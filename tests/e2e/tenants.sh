#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Two subscribers of two tenants with the same inside address use the same server at one time and
# are told apart: each has an address of its own tenant's pool.
. "$(dirname "$0")/_lib.sh"

begin a1 curl -sS --max-time 60 -o "$WORK/a.file" http://192.0.2.1/file50
job_a=$!
begin b1 curl -sS --max-time 60 -o "$WORK/b.file" http://192.0.2.1/file50
job_b=$!
a=$(in_a1 curl -sS --max-time 10 --local-port 40000 http://192.0.2.1/ip || true)
b=$(in_b1 curl -sS --max-time 10 --local-port 40000 http://192.0.2.1/ip || true)
check "a1 is seen with an address of tenant a's pool" \
	matches "$a" '^203\.0\.113\.(1[6-9]|2[0-9]|3[01])$'
check "b1 is seen with an address of tenant b's pool" \
	matches "$b" '^203\.0\.113\.(3[2-9]|4[0-7])$'
check "a1's long download went on beside b1's" wait "$job_a"
check "b1's long download went on beside a1's" wait "$job_b"
check "both got the same bytes" cmp "$WORK/a.file" "$WORK/b.file"
finish
