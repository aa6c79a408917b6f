#!/bin/sh
# Composes the root of one lab instance on a tmpfs, moves into it and becomes its init.
# Runs as root of fresh mount, pid, uts and ipc namespaces (and a user namespace, for an ordinary
# user). Nothing but /usr and a few files that say where libraries and certificates are comes
# from the machine, read-only.
# usage: instance_root.sh MOUNTPOINT PROGRAM ID HOSTNAME own|shared
set -eu
umask 022
root=$1 program=$2 id=$3 hostname=$4 network=$5

bind_read_only() {
	mount --rbind "$1" "$2"
	# In a user namespace a mount's locked flags may forbid this; there the files belong to nobody.
	mount -o remount,bind,ro "$2" 2>/dev/null || [ "$(stat -c %u /usr)" != 0 ]
}

mount -t tmpfs -o mode=0755 "passport-lab-$id" "$root"
cd "$root"
mkdir -p usr dev/pts dev/shm etc/alternatives etc/default etc/pam.d etc/security etc/skel \
	etc/ssh etc/ssl/certs etc/sudoers.d home machine opt proc root run/lock run/sshd srv sys tmp \
	var/cache var/lib var/log var/mail var/spool var/tmp
chmod 1777 dev/shm run/lock tmp var/tmp
chmod 0700 root
ln -s /run var/run
ln -s /run/lock var/lock

bind_read_only /usr usr
for directory in bin sbin lib lib32 lib64 libx32; do
	if [ -L "/$directory" ]; then
		ln -s "$(readlink "/$directory")" "$directory"
	elif [ -d "/$directory" ]; then
		mkdir "$directory"
		bind_read_only "/$directory" "$directory"
	fi
done
for directory in etc/alternatives etc/ssl/certs; do
	if [ -d "/$directory" ]; then bind_read_only "/$directory" "$directory"; fi
done
for file in ld.so.cache localtime services protocols ssl/openssl.cnf; do
	if [ -e "/etc/$file" ]; then cp -L "/etc/$file" "etc/$file"; fi
done
ln -s ../usr/lib/os-release etc/os-release
ln -s ../proc/self/mounts etc/mtab

for device in null zero full random urandom tty; do
	: >"dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
# Some sandboxes hide parts of /sys and so forbid a new one; programs do without.
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys 2>/dev/null || :

# A set-user-ID program keeps that only when its owner exists here: in a user namespace it is
# copied, and so is what sudo insists on finding owned by root.
if [ "$(stat -c %u /usr)" != 0 ]; then
	mkdir -p run/passport-lab.suid
	for file in bin/su bin/sudo bin/passwd bin/newgrp; do
		if [ -u "/usr/$file" ]; then
			copy=run/passport-lab.suid/${file##*/}
			cp "/usr/$file" "$copy"
			chmod 4755 "$copy"
			mount --bind "$copy" "usr/$file"
		fi
	done
	for directory in lib/sudo libexec/sudo; do
		if [ -d "/usr/$directory" ]; then
			copy=run/passport-lab.suid/${directory%%/*}
			cp -R "/usr/$directory" "$copy"
			mount --bind "$copy" "usr/$directory"
		fi
	done
fi

cat >etc/passwd <<'EOF'
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
EOF
cat >etc/group <<'EOF'
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
mail:x:8:
sudo:x:27:
shadow:x:42:
utmp:x:43:
users:x:100:
nogroup:x:65534:
EOF
sed 's/:.*/:*:20000:0:99999:7:::/' etc/passwd >etc/shadow
sed 's/:.*/:*::/' etc/group >etc/gshadow
chmod 0640 etc/shadow etc/gshadow
cat >etc/nsswitch.conf <<'EOF'
passwd: files
group: files
shadow: files
gshadow: files
hosts: files
services: files
protocols: files
EOF
cat >etc/hosts <<EOF
127.0.0.1 localhost
::1 localhost
127.0.1.1 $hostname
EOF
echo "$hostname" >etc/hostname
cat >etc/login.defs <<'EOF'
MAIL_DIR /var/mail
ENV_SUPATH PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ENV_PATH PATH=/usr/local/bin:/usr/bin:/bin
UMASK 022
HOME_MODE 0750
UID_MIN 1000
UID_MAX 60000
SYS_UID_MIN 101
SYS_UID_MAX 999
GID_MIN 1000
GID_MAX 60000
SYS_GID_MIN 101
SYS_GID_MAX 999
USERGROUPS_ENAB yes
ENCRYPT_METHOD SHA512
EOF
echo 'SHELL=/bin/sh' >etc/default/useradd
printf '%s\n' /bin/sh /usr/bin/sh /bin/bash /usr/bin/bash >etc/shells
cat >etc/profile <<'EOF'
if [ "$(id -u)" -eq 0 ]; then
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
else
	PATH=/usr/local/bin:/usr/bin:/bin
fi
export PATH
EOF
printf '%s\n' 'root ALL=(ALL:ALL) ALL' '%sudo ALL=(ALL:ALL) ALL' '@includedir /etc/sudoers.d' \
	>etc/sudoers
chmod 0440 etc/sudoers
chmod 0750 etc/sudoers.d
: >run/utmp
: >var/log/wtmp
: >var/log/lastlog
(umask 077 && : >var/log/btmp)

# sshd must not see pam_rootok: it is root itself. Passwords are off there in any case.
cat >etc/pam.d/sshd <<'EOF'
auth required pam_deny.so
account required pam_nologin.so
account required pam_unix.so
session required pam_unix.so
EOF
cat >etc/pam.d/other <<'EOF'
auth sufficient pam_rootok.so
auth required pam_unix.so
account required pam_unix.so
password required pam_unix.so
session required pam_unix.so
EOF
for service in su su-l sudo sudo-i passwd chpasswd newusers chfn chsh useradd userdel usermod \
	groupadd groupdel groupmod login cron atd; do
	ln -s other "etc/pam.d/$service"
done

use_pam=no
for module in /usr/lib/security/pam_unix.so /usr/lib/*/security/pam_unix.so; do
	if [ -e "$module" ]; then use_pam=yes; fi
done
ipv6=
if [ -e /proc/net/if_inet6 ]; then ipv6='ListenAddress ::1'; fi
cat >etc/ssh/sshd_config <<EOF
Port 22
ListenAddress 127.0.0.1
$ipv6
HostKey /etc/ssh/ssh_host_ed25519_key
HostKey /etc/ssh/ssh_host_ecdsa_key
HostKey /etc/ssh/ssh_host_rsa_key
UsePAM $use_pam
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
MaxStartups 1000
MaxSessions 100
UseDNS no
PrintMotd no
LogLevel VERBOSE
Subsystem sftp /usr/lib/openssh/sftp-server
EOF

: >run/passport-lab
mount --bind "$program" run/passport-lab

pivot_root . machine
cd /
umount -l machine
rmdir machine
exec /run/passport-lab instance-init "$id" "$hostname" "$network" /etc/ssh/sshd_config
