# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Completion of cgnatctl for bash, without the package bash-completion. The lists below the functions
# are generated from commands.def, fields.def, options.def and top.def (gen_completion.c); tenants and the
# like are asked of the daemon, if it answers within a second.

# What the daemon has: VERB COLUMN [WORD...]
_cgnatctl_live() {
	local verb=$1 column=$2

	shift 2
	timeout 1 "$_cgnatctl_command" "${_cgnatctl_where[@]}" "$verb" "$@" --columns "$column" \
		--no-header --limit 256 2>/dev/null
}

# Replies: the words that begin with what stands behind PREFIX in the current word. What readline calls
# a word ends at = and :, so only what is behind these is replaced.
_cgnatctl_reply() {
	local prefix=$1 words=$2 cut=${_cgnatctl_cur%"${_cgnatctl_cur##*[=:]}"} reply

	[[ $COMP_WORDBREAKS = *=* ]] || cut=
	while IFS= read -r reply; do
		[[ -z $reply ]] || COMPREPLY+=("${prefix#"$cut"}$reply")
	done < <(compgen -W "$words" -- "${_cgnatctl_cur#"$prefix"}")
}

# A part of a list a,b,c, where parts may have a sign in front.
_cgnatctl_reply_list() {
	local prefix=$1 words=$2 list=${_cgnatctl_cur#"$1"}

	[[ $list != *,* ]] || prefix+=${list%,*},
	[[ ${_cgnatctl_cur#"$prefix"} != -* ]] || prefix+=-
	_cgnatctl_reply "$prefix" "$words"
	compopt -o nospace 2>/dev/null
}

# Values of a parameter: NAME PREFIX TENANT
_cgnatctl_reply_values() {
	local words

	words=$(_cgnatctl_values "$1")
	case $words in
	live:*)
		words=${words#live:}
		if [[ $words = 'subscribers address' && -n $3 ]]; then
			words=$(_cgnatctl_live subscribers address "tenant=$3")
		else
			# shellcheck disable=SC2086 # a verb and a column
			words=$(_cgnatctl_live $words)
		fi
		;;
	esac
	_cgnatctl_reply "$2" "$words"
}

# The argument of an option: OPTION PREFIX VERB
_cgnatctl_reply_argument() {
	case $1 in
	--socket | -s)
		mapfile -t COMPREPLY < <(compgen -f -- "${_cgnatctl_cur#"$2"}")
		;;
	--columns | -c | --sort | -S) _cgnatctl_reply_list "$2" "$(_cgnatctl_columns "$3")" ;;
	--filter | -f)
		_cgnatctl_reply "$2" "$(_cgnatctl_columns "$3")"
		compopt -o nospace 2>/dev/null
		;;
	esac
}

# The parameters that are not given yet, and the values of the first of them: VERB TENANT WORD...
_cgnatctl_reply_params() {
	local verb=$1 tenant=$2 name names first='' given=" ${*:3} " words=''
	local -i n_bare=0
	local word

	names=$(_cgnatctl_params "$verb")
	for word in "${@:3}"; do
		[[ $word = *=* ]] || n_bare+=1
	done
	for name in $names; do
		[[ $given != *" $name="* ]] || continue
		if ((n_bare > 0)); then # a word without a key is the next one's value
			n_bare+=-1
			continue
		fi
		words+=" $name="
		first=${first:-$name}
	done
	_cgnatctl_reply '' "$words"
	[[ -z $first ]] || _cgnatctl_reply_values "$first" '' "$tenant"
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

_cgnatctl() {
	local line=${COMP_LINE:0:COMP_POINT} verb='' tenant='' word previous=''
	local _cgnatctl_cur _cgnatctl_command
	local -a words rest=() _cgnatctl_where=()

	COMPREPLY=()
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	_cgnatctl_command=${words[0]}
	_cgnatctl_cur=${words[-1]}
	for word in "${words[@]:1:${#words[@]}-2}"; do
		if [[ -n $previous ]]; then
			[[ $previous != -[sp] && $previous != --socket && $previous != --prefix ]] ||
				_cgnatctl_where=("$previous" "$word")
			previous=
		elif [[ $word = --socket=* || $word = --prefix=* ]]; then
			_cgnatctl_where=("$word")
		elif [[ $word = -* ]]; then
			[[ " $_cgnatctl_needs " != *" $word "* ]] || previous=$word
		elif [[ $word = help && -z $verb ]]; then
			continue
		elif [[ -z $verb ]]; then
			verb=$word
		elif [[ $verb != *' '* && " $(_cgnatctl_seconds "$verb") " = *" $word "* ]]; then
			verb+=" $word"
		else
			rest+=("$word")
			[[ $word != tenant=* ]] || tenant=${word#tenant=}
		fi
	done
	if [[ -z $tenant && ${#rest[@]} -gt 0 && ${rest[0]} != *=* && $(_cgnatctl_params "$verb") = tenant* ]]; then
		tenant=${rest[0]}
	fi
	if [[ -n $previous ]]; then
		_cgnatctl_reply_argument "$previous" '' "$verb"
	elif [[ $_cgnatctl_cur = --*=* ]]; then
		_cgnatctl_reply_argument "${_cgnatctl_cur%%=*}" "${_cgnatctl_cur%%=*}=" "$verb"
	elif [[ $_cgnatctl_cur = -* ]]; then
		_cgnatctl_reply '' "$(_cgnatctl_options "$verb")"
	elif [[ -z $verb ]]; then
		_cgnatctl_reply '' "$_cgnatctl_verbs help"
	elif [[ $verb = diff ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$_cgnatctl_cur")
	elif [[ $verb != *' '* && ${#rest[@]} -eq 0 && -n $(_cgnatctl_seconds "$verb") ]]; then
		_cgnatctl_reply '' "$(_cgnatctl_seconds "$verb")"
	elif [[ $_cgnatctl_cur = *=* ]]; then
		_cgnatctl_reply_values "${_cgnatctl_cur%%=*}" "${_cgnatctl_cur%%=*}=" "$tenant"
	else
		_cgnatctl_reply_params "$verb" "$tenant" "${rest[@]}"
	fi
}

complete -F _cgnatctl cgnatctl

