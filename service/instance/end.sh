# shellcheck shell=sh disable=SC2034,SC2154
# Removes the users whose time is over, and finishes removals that were cut short.
# usage: end [wait]: wait stays for as long as anybody has access.

retry_seconds=20

# finish_ended: and says in `next` when to look again; 0: nobody has access. In `unarmed` is a time
# for which perhaps no timer is set: of a removal that failed, or of a script that was cut short.
finish_ended() {
	next=0 unarmed=0
	now=$(date +%s)
	for user in $(recorded_users); do
		read_record "$user"
		has_access || continue
		if [ "$r_state" = going ] || [ "$r_end" -le "$now" ]; then
			end_access "$user" || r_end=$(($(date +%s) + retry_seconds))
		fi
		if has_access && [ "$r_state" != live ] && { [ "$unarmed" = 0 ] || [ "$r_end" -lt "$unarmed" ]; }; then
			unarmed=$r_end
		fi
		if has_access && { [ "$next" = 0 ] || [ "$r_end" -lt "$next" ]; }; then next=$r_end; fi
	done
}

if [ "${1:-}" != wait ]; then
	lock
	finish_ended
	if [ "$next" = 0 ]; then disarm; elif [ "$unarmed" != 0 ]; then arm "$unarmed"; fi
	exit 0
fi
exec 8>"$state/sleeper"
flock -n 8 || exit 0
while :; do
	lock_seconds=60
	lock
	finish_ended
	if [ "$next" = 0 ]; then
		# Whoever comes next starts a sleeper of its own: let go before others may look.
		exec 8>&- 9>&-
		exit 0
	fi
	exec 9>&-
	left=$((next - $(date +%s)))
	# Not longer than this: clocks are set, and ends come nearer.
	[ "$left" -le 10 ] || left=10
	[ "$left" -ge 1 ] || left=1
	sleep "$left" 8>&-
done
