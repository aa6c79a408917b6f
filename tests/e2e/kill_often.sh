# shellcheck shell=sh disable=SC2154
# In an instance, as root: runs ./provision and ./remove by $shell, killed at every $stride-th of their commands
# from $offset on, and whole after that. For killed_scripts.sh, which sets these.

# kill_at N FILE: 137 when it was killed before its end. The trace's prompt is expanded once a command.
kill_at() {
	{
		# shellcheck disable=SC2016  # for the other shell
		printf 'n=0\nPS4='"'"'$((n+=1))$([ "$n" -lt %s ] || kill -9 $$)'"'"'\nset -x\n' "$1"
		cat "$2"
	} >killed
	$shell ./killed >/dev/null 2>&1
}
bad() {
	echo "bad: $*"
	exit 1
}
whole() {
	$shell "./$1" >answer 2>errors
	grep -q "\"outcome\":\"$2\"" answer || bad "$3: $(cat answer errors)"
}
check_there() {
	[ "$(id -Gn rs-k)" = 'rs-k passport' ] || bad "$1: groups $(id -Gn rs-k)"
	[ "$(stat -c %U:%a /home/rs-k /home/rs-k/.ssh | tr '\n' ' ')" = 'rs-k:700 rs-k:700 ' ] || bad "$1: home"
	grep -q '^cert-authority,principals="rs-k" ssh-ed25519 ' /home/rs-k/.ssh/authorized_keys || bad "$1: keys"
	[ "$(stat -c %U:%a /etc/sudoers.d/passport-rs-k)" = root:440 ] || bad "$1: rule"
	grep -q "^$AWS_SSM_INSTANCE_ID 1 [0-9]* 1000 live " /var/lib/passport/users/rs-k || bad "$1: record"
	check_timer "$1"
}
check_timer() { ! flock -n /var/lib/passport/sleeper true || bad "$1: a user and no timer"; }
check_gone() {
	! grep -q rs-k /etc/passwd /etc/shadow /etc/group /etc/gshadow || bad "$1: an account"
	for file in /home/rs-k /home/rs-k.new /etc/sudoers.d/passport-rs-k /etc/sudoers.d/.passport-rs-k.new; do
		[ ! -e "$file" ] || bad "$1: $file"
	done
	grep -q ' 2 [0-9]* 1001 gone ' /var/lib/passport/users/rs-k || bad "$1: tombstone"
}
# Nothing of the last round: no tombstone, and no timer that would make check_timer see one.
forget() {
	pkill -KILL -f '/var/lib/passport/end wait'
	rm -rf /var/lib/passport
}

kills=0
for victim in provision remove; do
	at=$((offset + 1))
	status=137
	while [ "$status" = 137 ]; do
		[ $victim = provision ] || whole provision live "before remove at $at"
		kill_at $at $victim
		status=$?
		if [ $victim = provision ]; then
			! grep -q ^rs-k: /etc/passwd || check_timer "provision killed at $at"
			whole provision live "provision after $at"
			check_there "provision after $at"
		fi
		whole remove gone "remove after $victim at $at"
		check_gone "$victim at $at"
		forget
		at=$((at + stride))
		kills=$((kills + 1))
		[ $kills -lt 2000 ] || bad 'no end'
	done
done
echo "killed $kills times"
