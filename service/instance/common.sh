# shellcheck shell=sh disable=SC2034
# What the scripts on an instance share: the record of each user, the lock, and how a user goes.
#
# /var/lib/passport/users/NAME is one line, replaced by rename:
#   INSTANCE GENERATION END ISSUED STATE DIGEST
# END is in Unix seconds, ISSUED is the service's time of the script in milliseconds. STATE is
# making, live, going, or gone: a tombstone, so that an older script that comes late does nothing.
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 022
set -f
state=/var/lib/passport
group=passport
lock_seconds=60
kill_rounds=50
tombstone_seconds=604800

# plain TEXT: what of it can stand in a JSON string, on one line.
plain() { printf %s "$1" | tr -c 'A-Za-z0-9 ._/:,+=@()-' ' ' | cut -c 1-200; }
fail() {
	printf '{"passport":1,"outcome":"failed","error":"%s"}\n' "$(plain "$1")"
	exit 1
}
# must STEP COMMAND...: or the script fails with what the command said.
must() {
	step=$1
	shift
	said=$("$@" 2>&1 </dev/null) || fail "$step: $said"
}
have() { command -v "$1" >/dev/null 2>&1; }

# The agent tells its instance's id (amazon-ssm-agent, agent/executers).
identify() {
	passport_instance=${AWS_SSM_INSTANCE_ID:-}
	case $passport_instance in
	*[!a-z0-9-]*) fail 'unusable instance id' ;;
	i-?* | mi-?*) ;;
	*) fail 'no instance id' ;;
	esac
}

lock() {
	[ "$(id -u)" = 0 ] || fail 'not root'
	must 'make state' mkdir -p -m 0700 "$state" "$state/users"
	have flock || fail 'no flock'
	exec 9>"$state/lock"
	until flock -n 9; do
		lock_seconds=$((lock_seconds - 1))
		[ "$lock_seconds" -gt 0 ] || fail 'another script does not end'
		sleep 1
	done
}

# read_record NAME: into r_*; a record that cannot be read is none.
read_record() {
	r_instance=- r_generation=0 r_end=0 r_issued=0 r_state=none r_digest=-
	[ -f "$state/users/$1" ] || return 0
	read -r r_instance r_generation r_end r_issued r_state r_digest <"$state/users/$1" || r_state=
	case $r_generation:$r_end:$r_issued:$r_state in
	*[!0-9a-z:]* | :* | *::* | *:) r_instance=- r_generation=0 r_end=0 r_issued=0 r_state=none r_digest=- ;;
	esac
}
write_record() {
	printf '%s %s %s %s %s %s\n' "$r_instance" "$r_generation" "$r_end" "$r_issued" "$r_state" \
		"$r_digest" >"$state/users/.$1.new" || fail 'write record'
	# Without this a file system may keep the user and lose the record of it when power fails.
	must 'write record' sync "$state/users/.$1.new"
	must 'write record' mv -f "$state/users/.$1.new" "$state/users/$1"
	must 'write record' sync "$state/users"
}
recorded_users() { ls "$state/users"; }
has_access() { [ "$r_state" = making ] || [ "$r_state" = live ] || [ "$r_state" = going ]; }

# find_user NAME: into u_*; of this machine alone.
find_user() {
	while IFS=: read -r u_name _ u_uid _ _ u_home _; do
		[ "$u_name" != "$1" ] || return 0
	done </etc/passwd
	return 1
}
# find_members GROUP: into members, separated by spaces.
find_members() {
	members=
	while IFS=: read -r g_name _ _ g_members; do
		[ "$g_name" != "$1" ] || { members=$(printf %s "$g_members" | tr , ' ') && return 0; }
	done </etc/group
	return 1
}
is_managed() {
	find_members "$group" || return 1
	case " $members " in *" $1 "*) return 0 ;; esac
	return 1
}

read_sshd() {
	sshd=$(command -v sshd) || sshd=/usr/sbin/sshd
	settings=$("$sshd" -T -C "user=$1,host=localhost,addr=127.0.0.1" 2>/dev/null </dev/null) ||
		settings='authorizedkeysfile .ssh/authorized_keys'
}
# find_keys_file NAME HOME UID: into keys_file, the first place that is of this user alone.
find_keys_file() {
	read_sshd "$1"
	keys_file=
	for pattern in $(printf '%s\n' "$settings" | sed -n 's/^authorizedkeysfile //p'); do
		keys_file=$(printf %s "$pattern" | sed "s|%h|$2|g; s|%u|$1|g; s|%U|$3|g; s|%%|%|g")
		case $keys_file in
		none) continue ;;
		/*) [ "$keys_file" != "$pattern" ] || continue ;;
		*) keys_file=$2/$keys_file ;;
		esac
		case $keys_file in *[!A-Za-z0-9._/@-]* | */../*) continue ;; esac
		return 0
	done
	return 1
}

# find_processes UID: those that are not dead already, into pids.
find_processes() {
	pids=
	set +f
	for directory in /proc/[0-9]*; do
		life=
		while read -r key real effective _; do
			case $key in
			State:) life=$real ;;
			Uid:)
				if [ "$life" != Z ] && { [ "$real" = "$1" ] || [ "$effective" = "$1" ]; }; then
					pids="$pids ${directory#/proc/}"
				fi
				break
				;;
			esac
		done 2>/dev/null <"$directory/status" || :
	done 2>/dev/null
	set -f
}
# has_own_uid NAME UID: who had sudo may have taken another's, even root's.
has_own_uid() {
	[ "$2" != 0 ] || return 1
	while IFS=: read -r other _ uid _; do
		[ "$uid" != "$2" ] || [ "$other" = "$1" ] || return 1
	done </etc/passwd
}
# end_processes NAME UID
end_processes() {
	if [ -d /run/systemd/system ] && have loginctl; then
		loginctl disable-linger "$1" >/dev/null 2>&1 </dev/null
		loginctl terminate-user "$1" >/dev/null 2>&1 </dev/null
	fi
	round=0
	find_processes "$2"
	while [ -n "$pids" ]; do
		round=$((round + 1))
		[ "$round" -le "$kill_rounds" ] || return 1
		# All at once, where that can be: one by one, those that fork come again.
		! have setpriv || setpriv --reuid "$2" --clear-groups /bin/sh -c 'kill -KILL -1' >/dev/null 2>&1 </dev/null
		# shellcheck disable=SC2086  # numbers
		kill -KILL $pids 2>/dev/null
		[ "$round" -le 2 ] || sleep 0.2 2>/dev/null || sleep 1
		find_processes "$2"
	done
}
lock_account() {
	if have usermod; then
		usermod -L -e 1 "$1" >/dev/null 2>&1 </dev/null
	else
		passwd -l "$1" >/dev/null 2>&1 </dev/null
	fi
}
remove_files() {
	case $u_home in
	/*/"$1") rm -rf "$u_home" "$u_home.new" ;;
	esac
	rm -f "/var/mail/$1" "/var/spool/mail/$1" "/var/spool/cron/$1" "/var/spool/cron/crontabs/$1"
	has_own_uid "$1" "$u_uid" || return 0
	for directory in /tmp /var/tmp /dev/shm /var/spool; do
		find "$directory" -xdev -depth -user "$u_uid" -exec rm -df {} + >/dev/null 2>&1
	done
}
delete_account() {
	if have userdel; then
		userdel "$1" || has_own_uid "$1" "$u_uid" || userdel -f "$1"
	else
		deluser "$1"
	fi >/dev/null 2>&1 </dev/null
	! find_user "$1"
}

# remove_user NAME: whatever there is of it. Each step can be taken again; fails when one must be.
remove_user() {
	rm -f "/etc/sudoers.d/passport-$1" "/etc/sudoers.d/.passport-$1.new"
	if find_user "$1"; then
		lock_account "$1"
		if find_keys_file "$1" "$u_home" "$u_uid"; then
			case $keys_file in
			"$u_home"/*) ;;
			*) rm -f "$keys_file" ;;
			esac
		fi
		if has_own_uid "$1" "$u_uid"; then end_processes "$1" "$u_uid" || return 1; fi
		remove_files "$1"
		delete_account "$1" || return 1
	fi
	if is_managed "$1"; then gpasswd -d "$1" "$group" >/dev/null 2>&1 </dev/null; fi
	if find_members "$1"; then
		if have groupdel; then groupdel "$1"; else delgroup "$1"; fi >/dev/null 2>&1 </dev/null
	fi
	return 0
}
# end_access NAME: remove_user between the states going and gone, of the record that was read.
end_access() {
	r_state=going
	# Nobody stays by filling the disk: the user goes without a word on record, too.
	(write_record "$1") >/dev/null
	remove_user "$1" || return 1
	r_state=gone
	write_record "$1"
}

# The end timer runs /var/lib/passport/end, which removes whoever's time is over.
runs() {
	set +f
	for file in /proc/[0-9]*/comm; do
		read -r comm 2>/dev/null <"$file" || continue
		for name in "$@"; do
			[ "$comm" != "$name" ] || { set -f && return 0; }
		done
	done 2>/dev/null
	set -f
	return 1
}
calendar_of() {
	moment=$(date -u -d "@$1" '+%Y-%m-%d %H:%M:%S UTC')
	if systemd-analyze calendar "$moment" >/dev/null 2>&1; then
		printf 'OnCalendar=%s\n' "$moment"
	else  # before systemd 228 times are local
		date -d "@$1" '+OnCalendar=%Y-%m-%d %H:%M:%S'
	fi
}
# arm_systemd END: beside those that are on record.
arm_systemd() {
	units=/etc/systemd/system
	printf '%s\n' '[Unit]' 'Description=End of the access of short-lived users (Passport)' \
		'[Service]' 'Type=oneshot' "ExecStart=/bin/sh $state/end" >$units/passport-end.service || return 1
	{
		printf '%s\n' '[Unit]' 'Description=End of the access of short-lived users (Passport)' '[Timer]' \
			'OnBootSec=15' 'OnCalendar=hourly' 'Persistent=true' 'AccuracySec=1s'
		for name in $(recorded_users); do
			read_record "$name"
			! has_access || calendar_of "$r_end"
		done
		calendar_of "$1"
		printf '%s\n' '[Install]' 'WantedBy=timers.target'
	} >$units/.passport-end.timer.new && mv -f $units/.passport-end.timer.new $units/passport-end.timer &&
		systemctl daemon-reload && systemctl enable passport-end.timer && systemctl restart passport-end.timer
}
arm_cron() {
	[ -d /etc/cron.d ] && runs cron crond &&
		echo "* * * * * root /bin/sh $state/end" >"$state/.cron.new" && mv -f "$state/.cron.new" /etc/cron.d/passport-end
}
arm_at() {
	have at && runs atd &&
		echo "/bin/sh $state/end" | at -t "$(date -d "@$(($1 + 60))" +%Y%m%d%H%M)"
}
arm_sleeper() {
	have setsid && { setsid sh "$state/end" wait 9>&- & }
}
# arm END: the timer that this machine has. Not every crond reads /etc/cron.d, so without systemd a
# sleeper waits too; cron and at are for after the next start.
arm() {
	{
		if [ -d /run/systemd/system ] && arm_systemd "$1"; then return 0; fi
		armed=1
		if arm_cron || arm_at "$1"; then armed=0; fi
		if arm_sleeper; then armed=0; fi
	} </dev/null >/dev/null 2>&1
	return "$armed"
}
# When nobody has access any more.
disarm() {
	if [ -e /etc/systemd/system/passport-end.timer ]; then
		systemctl disable --now passport-end.timer
		rm -f /etc/systemd/system/passport-end.timer /etc/systemd/system/passport-end.service
		systemctl daemon-reload
	fi </dev/null >/dev/null 2>&1
	rm -f /etc/cron.d/passport-end
}
# disarm_or_arm: as the records say.
disarm_or_arm() {
	ends=0
	for name in $(recorded_users); do
		read_record "$name"
		if has_access && { [ "$ends" = 0 ] || [ "$r_end" -lt "$ends" ]; }; then ends=$r_end; fi
	done
	if [ "$ends" = 0 ]; then disarm; else arm "$ends"; fi
}
