#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A subscriber opens a port with a NAT-PMP client that others have written, is reached on it from the
# Internet, and shuts it again; the same client on the Internet gets no answer (RFC 6886);
# with forged sources and in all other shapes: wan_natpmp.sh.
# e2e: takes 20 s
. "$(dirname "$0")/_lib.sh"
. "$E2E/_clients.sh"

GATEWAY=100.64.0.1
PORT=8080
MAPPING="a tcp 100.64.0.10:$PORT"

reaches_a1() {
	equal "$(in_wan curl -s --max-time 3 "http://$1:$2/name")" a1
}

natpmpc_a1() {
	in_a1 timeout 5 natpmpc -g "$GATEWAY" "$@" 2>&1 || true
}

no_answer() {
	! in_wan timeout 2 natpmpc -g "$1" | grep -q 'Public IP address'
}

mkdir "$WORK/www"
echo a1 >"$WORK/www/name"
begin a1 python3 -m http.server --directory "$WORK/www" "$PORT" >/dev/null 2>&1
wait_for 5 in_a1 curl -s -o /dev/null "http://127.0.0.1:$PORT/name"

said=$(natpmpc_a1)
address=$(sed -n 's/^Public IP address : //p' <<<"$said")
check "natpmpc is told a pool address" matches "$address" '^203\.0\.113\.(1[6-9]|2[0-9]|3[01])$'

said=$(natpmpc_a1 -a 45080 "$PORT" tcp 300)
port=$(sed -n 's/^Mapped public port \([0-9]*\) protocol TCP to local port 8080 .*/\1/p' <<<"$said")
check "natpmpc opens TCP $PORT" matches "$port" '^[1-9][0-9]*$'
check "its lifetime is the one that was asked for" matches "$said" 'liftime 300'
check "the Internet reaches the listener at the announced address" reaches_a1 "$address" "$port"
check "cgnatctl lists it" equal "$(explicit OUTSIDE "$MAPPING")" "$address:$port"
check "the daemon is killed and starts" crash
check "the Internet reaches the listener there again" reaches_a1 "$address" "$port"
again=$(natpmpc_a1 -a 45999 "$PORT" tcp 300)
check "asking again for another port changes nothing" matches "$again" "Mapped public port $port "

said=$(natpmpc_a1 -a 0 "$PORT" tcp 0)
check "natpmpc deletes it" matches "$said" 'Mapped public port 0 protocol TCP'
check "it is gone" is_unmapped "$MAPPING"
check "it is shut at once" is_shut "$address:$port"

said=$(in_a1 timeout 5 natpmpc -a 45081 "$PORT" tcp 3 2>&1 || true)
port=$(sed -n 's/^Mapped public port \([0-9]*\) protocol TCP to local port 8080 .*/\1/p' <<<"$said")
check "natpmpc finds the gateway itself and opens the port for 3 s" matches "$port" '^[1-9][0-9]*$'
check "it ends after its lifetime" wait_for 6 is_unmapped "$MAPPING"
check "it is shut" is_shut "$address:$port"

before=$(fate wan_natpmp)
for target in 198.51.100.2 "$address" 203.0.113.31 203.0.113.33; do
	check "natpmpc on the Internet gets no answer from $target" no_answer "$target"
done
after=$(fate wan_natpmp)
check "its requests are counted" test "$after" -ge "$((before + 4))"
finish
