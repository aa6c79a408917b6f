# shellcheck shell=sh disable=SC2034,SC2154
# Removes the user of an access request, and leaves a tombstone.

answer() {
	printf '{"passport":1,"outcome":"%s","generation":%s,"end":%s}\n' "$1" "$r_generation" "$r_end"
	exit 0
}

identify
lock
read_record "$passport_user"
if [ "$r_state" != none ] && [ "$r_instance" = "$passport_instance" ]; then
	[ "$r_generation" -le "$passport_generation" ] || answer "$r_state"
	if has_access && [ "$r_state" != going ] && [ "$r_generation" = "$passport_generation" ]; then answer "$r_state"; fi
fi
if ! has_access && find_user "$passport_user" && ! is_managed "$passport_user"; then
	fail "the user $passport_user is not of this service"
fi
r_instance=$passport_instance r_generation=$passport_generation r_issued=$passport_issued r_digest=-
[ "$r_end" -ge "$passport_end" ] || r_end=$passport_end
end_access "$passport_user" || fail "$passport_user has processes that do not end, or cannot be deleted"
disarm_or_arm
read_record "$passport_user"
answer "$r_state"
