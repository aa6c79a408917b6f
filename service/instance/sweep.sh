# shellcheck shell=sh disable=SC2154
# Removes every user of the managed group, or with a record, that is not among the live ones, and
# those that came here on an image of another instance.
max_named=40

# is_newer: made after the list of live users was.
is_newer() { [ "$r_instance" = "$passport_instance" ] && [ "$r_issued" -ge "$passport_issued" ]; }

sweep_user() {
	read_record "$1"
	if [ "$r_instance" = "$passport_instance" ] || [ "$r_state" = none ]; then
		case " $passport_live " in *" $1 "*) [ "$r_state" = none ] || return 0 ;; esac
		[ "$r_state" = none ] || ! is_newer || return 0
	fi
	if [ "$r_state" = none ]; then
		remove_user "$1"
	elif [ "$r_instance" = "$passport_instance" ]; then
		end_access "$1"
	else
		remove_user "$1" && rm -f "$state/users/$1"
	fi || { failed=$((failed + 1)) && return 0; }
	removed=$((removed + 1))
	[ "$removed" -gt "$max_named" ] || names="$names${names:+,}\"$1\""
}

identify
lock
removed=0 failed=0 names=
now=$(date +%s)
find_members "$group" || members=
for user in $members; do
	case $user in rs-*[!a-z0-9-]*) continue ;; rs-?*) sweep_user "$user" ;; esac
done
for user in $(recorded_users); do
	read_record "$user"
	if has_access || { [ "$r_state" != none ] && [ "$r_instance" != "$passport_instance" ]; }; then
		sweep_user "$user"
	elif [ $((r_end + tombstone_seconds)) -lt "$now" ]; then
		rm -f "$state/users/$user"
	fi
done
disarm_or_arm
printf '{"passport":1,"outcome":"swept","removed":%s,"failed":%s,"users":[%s]}\n' "$removed" "$failed" "$names"
