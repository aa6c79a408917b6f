# shellcheck shell=sh disable=SC2034,SC2154,SC2317
# Makes the user of an access request, or gives it another end: first the timer that removes it.

list_keys() {
	for key in "${passport_ca_1:-}" "${passport_ca_2:-}" "${passport_ca_3:-}" "${passport_ca_4:-}"; do
		[ -z "$key" ] || printf 'cert-authority,principals="%s" %s\n' "$passport_user" "$key"
	done
}
list_host_keys() {
	separator=
	for file in $(printf '%s\n' "$settings" | sed -n 's/^hostkey //p'); do
		key=$(ssh-keygen -y -P '' -f "$file" 2>/dev/null </dev/null) || key=$(cat "$file.pub" 2>/dev/null) || continue
		# shellcheck disable=SC2086  # words: type, key, comment
		set -- $key
		case ${1:-}:${2:-} in
		*[!A-Za-z0-9@.:+/=-]*) continue ;;
		ssh-ed25519:?* | ssh-rsa:?* | ecdsa-sha2-*:?*) ;;
		*) continue ;;
		esac
		printf '%s"%s %s"' "$separator" "$1" "$2"
		separator=,
	done
}
# answer OUTCOME: by the record that was read.
answer() {
	home='' has_sudo=false
	if [ "$1" = live ] && find_user "$passport_user"; then home=$u_home; fi
	[ ! -e "/etc/sudoers.d/passport-$passport_user" ] || has_sudo=true
	read_sshd "$passport_user"
	version=$("$sshd" -V 2>&1 </dev/null | grep -o 'OpenSSH_[^ ,]*' | head -n 1)
	printf '{"passport":1,"outcome":"%s","generation":%s,"end":%s,"home":"%s","sudo":%s,"sshd":"%s","host_keys":[%s]}\n' \
		"$1" "$r_generation" "$r_end" "$(plain "$home")" "$has_sudo" "$(plain "$version")" "$(list_host_keys)"
	exit 0
}

remove_foreign() {
	for name in $(recorded_users); do
		read_record "$name"
		[ "$r_instance" != "$passport_instance" ] || continue
		remove_user "$name" || fail "remove $name of $r_instance"
		rm -f "$state/users/$name"
	done
}
write_end_script() {
	print_end_script >"$state/.end.new" && chmod 0700 "$state/.end.new" && mv -f "$state/.end.new" "$state/end"
}
make_group() {
	find_members "$group" && return
	if have groupadd; then must 'make group' groupadd -r "$group"; else must 'make group' addgroup -S "$group"; fi
}
make_user() {
	# The day after the last one: an account ends with the beginning of its date.
	expiry=$(date -u -d "@$((passport_end + 86400))" +%Y-%m-%d)
	shell=/bin/sh
	[ ! -x /bin/bash ] || shell=/bin/bash
	if find_user "$passport_user"; then
		if have usermod; then must 'set expiry' usermod -e "$expiry" "$passport_user"; fi
	elif have useradd; then
		own=-U
		! find_members "$passport_user" || own="-g$passport_user"
		must 'make user' useradd -M -d "/home/$passport_user" -s "$shell" -p '*' -e "$expiry" \
			-c 'short-lived user' "$own" -G "$group" "$passport_user"
	else
		must 'make user' adduser -D -H -h "/home/$passport_user" -s "$shell" -g 'short-lived user' "$passport_user"
	fi
	if ! have useradd; then
		echo "$passport_user:*" | chpasswd -e >/dev/null 2>&1 || fail 'lock password'
	fi
	if ! is_managed "$passport_user"; then
		if have usermod; then
			must 'join group' usermod -a -G "$group" "$passport_user"
		else
			must 'join group' addgroup "$passport_user" "$group"
		fi
	fi
	find_user "$passport_user" || fail 'the user that was made is not there'
}
make_home() {
	[ ! -d "$u_home" ] || return 0
	rm -rf "$u_home.new"
	must 'make home' mkdir -p -m 0700 "$u_home.new"
	[ ! -d /etc/skel ] || must 'make home' cp -R /etc/skel/. "$u_home.new/"
	must 'make home' chown -R "$passport_user:" "$u_home.new"
	must 'make home' mv "$u_home.new" "$u_home"
}
# What is in the user's home is written as the user, who may have put links into it.
write_keys() {
	find_keys_file "$passport_user" "$u_home" "$u_uid" || fail 'sshd names no authorized keys file of one user'
	folder=${keys_file%/*}
	case $keys_file in
	"$u_home"/*)
		list_keys | timeout 20 su -s /bin/sh "$passport_user" -c "umask 077
			mkdir -p '$folder' && rm -f '$keys_file.new' && cat >'$keys_file.new' && mv -f '$keys_file.new' '$keys_file'" \
			>/dev/null 2>&1 || fail "write $keys_file"
		;;
	*)
		must 'make folder of keys' mkdir -p "$folder"
		list_keys >"$keys_file.new" || fail "write $keys_file"
		must 'write keys' mv -f "$keys_file.new" "$keys_file"
		;;
	esac
	! have restorecon || restorecon -RF "$u_home" "$folder" >/dev/null 2>&1 </dev/null
}
write_rule() {
	rule=/etc/sudoers.d/passport-$passport_user
	new=/etc/sudoers.d/.passport-$passport_user.new
	if [ "$passport_sudo" != yes ] || ! have visudo || [ ! -d /etc/sudoers.d ]; then
		rm -f "$rule"
		return
	fi
	echo "$passport_user ALL=(ALL:ALL) NOPASSWD: ALL" >"$new" || fail 'write sudo rule'
	must 'write sudo rule' chmod 0440 "$new"
	must 'check sudo rule' visudo -c -q -f "$new"
	must 'write sudo rule' mv -f "$new" "$rule"
	! have restorecon || restorecon -F "$rule" >/dev/null 2>&1 </dev/null
}

identify
lock
digest=$(printf '%s\n' "$passport_end" "$passport_sudo" "$(list_keys)" | cksum | tr ' ' -)
remove_foreign
read_record "$passport_user"
same=no
if [ "$r_generation" = "$passport_generation" ] && [ "$r_digest" = "$digest" ]; then same=yes; fi
case $r_state in
going | gone) [ "$passport_generation" -gt "$r_generation" ] || answer gone ;;
making | live)
	[ "$passport_generation" -ge "$r_generation" ] || answer "$r_state"
	[ "$passport_generation" -gt "$r_generation" ] || [ $same = yes ] || answer conflict
	;;
esac
[ "$passport_end" -gt "$(date +%s)" ] || answer past
must 'write end script' write_end_script
if [ "$r_state:$same" = live:yes ]; then
	arm "$r_end" || fail 'no timer'
	read_record "$passport_user"
	answer live
fi
if ! has_access && id "$passport_user" >/dev/null 2>&1; then
	is_managed "$passport_user" || fail "there is a user $passport_user already"
	remove_user "$passport_user" || fail "remove $passport_user"
fi
r_instance=$passport_instance r_generation=$passport_generation r_end=$passport_end
r_issued=$passport_issued r_state=making r_digest=$digest
write_record "$passport_user"
arm "$passport_end" || fail 'no timer'
make_group
make_user
make_home
write_keys
write_rule
read_record "$passport_user"
r_state=live
write_record "$passport_user"
answer live
