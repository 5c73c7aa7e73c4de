# SPDX-License-Identifier: BSD-3-Clause
# What the tests with real NAT-PMP and PCP clients share. Sourced after _lib.sh.
# shellcheck shell=bash

INTERNET=198.51.100.1 # what cgn-wan sends from

# lab_config TENANT LINES [TENANT LINES]...: the daemon afresh, with LINES added to the tenants'
# files, until the test ends.
lab_config() {
	if [[ -z ${LAB_CONFIG:-} ]]; then
		LAB_CONFIG=$("$LAB" status | sed -n 's/^up, configuration //p')
		AT_END+=(lab_config_restore)
	fi
	rm -rf "$WORK/config"
	cp -r "$TOP/config/lab" "$WORK/config"
	while (($# > 0)); do
		printf '%s\n' "$2" >>"$WORK/config/tenants/$1.yaml"
		shift 2
	done
	"$LAB" restart --config "$WORK/config"
}

lab_config_restore() {
	"$LAB" restart --config "$LAB_CONFIG" >/dev/null
}

# crash: the daemon has no time to write anything. It starts again with what its journal holds.
crash() {
	kill -KILL "$("$LAB" status | sed -n 's/^cgnatd: running, pid //p')"
	wait_for 5 is_dead && "$LAB" start
}

is_dead() {
	matches "$("$LAB" status)" 'cgnatd: not running'
}

# explicit COLUMN MAPPING: one column of cgnatctl's row of "TENANT PROTO INSIDE"; empty without one.
explicit() {
	"$LAB" ctl explicit | awk -v name="$1" -v mapping="$2" '
		NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i}
		NR > 1 && $1 " " $2 " " $3 == mapping {print $(column[name])}'
}

is_mapped() {
	[[ -n $(explicit OUTSIDE "$1") ]]
}

is_unmapped() {
	[[ -z $(explicit OUTSIDE "$1") ]]
}

# left_at_most SECONDS MAPPING: it will not be kept longer than that.
left_at_most() {
	local left

	left=$(explicit LEFT_S "$2")
	[[ -z $left ]] || ((left <= $1)) || { echo "$left s left"; return 1; }
}

# opens ADDRESS:PORT: a host of the Internet can open a TCP connection to it.
opens() {
	in_wan timeout 2 bash -c "exec 3<>/dev/tcp/${1%:*}/${1#*:}"
}

is_shut() {
	! opens "$1" 2>/dev/null
}

# torrent NAME: the file $WORK/seed/NAME that clients in a1 and a2 have, and NAME.torrent for it.
torrent() {
	mkdir -p "$WORK/seed"
	head -c 2000000 /dev/urandom >"$WORK/seed/$1"
	/usr/bin/python3 "$E2E/_bittorrent.py" make "$WORK/seed/$1" "$WORK/$1.torrent"
}

# fetches NAME ADDRESS:PORT tcp|utp [FROM]: a peer in the Internet opens that connection, and
# downloads.
fetches() {
	local into

	into=$(mktemp -d -p "$WORK")
	in_wan timeout 40 /usr/bin/python3 "$E2E/_bittorrent.py" fetch "$WORK/$1.torrent" "$into" \
		"${4:-$INTERNET}" \
		"${2%:*}" "${2#*:}" "$3" && cmp "$WORK/seed/$1" "$into/$1"
}
