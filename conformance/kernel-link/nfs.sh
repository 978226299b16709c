#!/bin/bash
# nfs.sh: shares of a real NFS server, mounted once on the host's side of the skeleton, are the same live mounts for every tree. After
# `kernel-link`, whose trees and skeleton it uses, in a machine of the lab. Speaks like it: ok or FAIL lines.
set -u
failed=0 passed=0

verdict() {
	if [ "$2" = "$3" ]; then echo "ok   nfs: $1"; passed=$((passed + 1)); else echo "FAIL nfs: $1: \"$2\", not \"$3\""; failed=$((failed + 1)); fi
}
mounts() { wc -l </proc/self/mountinfo; }
namespace_of() { readlink "/proc/$1/ns/mnt"; }

serve() {
	modprobe -a nfsd nfs nfsv4 || exit 1
	for share in home data late; do
		mkdir -p "/srv/$share"
		mount -t tmpfs "$share" "/srv/$share"
		echo "$share" >"/srv/$share/file"
	done
	mount -t nfsd nfsd /proc/fs/nfsd 2>/dev/null
	mkdir -p /run/rpc_pipefs /var/lib/nfs/v4recovery
	mount -t rpc_pipefs rpc_pipefs /run/rpc_pipefs 2>/dev/null
	id=0
	for share in home data late; do
		id=$((id + 1))
		exportfs -o rw,no_root_squash,insecure,no_subtree_check,fsid=$id "127.0.0.1:/srv/$share" || exit 1
	done
	rpc.nfsd --no-nfs-version 3 --grace-time 1 2 2>/dev/null || rpc.nfsd -N 3 2 || exit 1
	rpc.mountd --no-nfs-version 3 || exit 1
}
mount_share() { mount -t nfs4 -o vers=4.2,soft "127.0.0.1:/srv/$1" "/chos/$1"; }

serve
mkdir -p /chos/home /chos/data /chos/late
mount_share home && mount_share data || { echo "FAIL nfs: cannot mount"; exit 1; }
before=$(mounts)

# A process in each tree, which answers what a file says.
place=$(mktemp -d)
mkfifo "$place"/{red,blue}-{to,from}
"$KERNEL_LINK" @answer /trees/red <"$place/red-to" >"$place/red-from" &
red=$!
"$KERNEL_LINK" @answer /trees/blue <"$place/blue-to" >"$place/blue-from" &
blue=$!
exec {to_red}>"$place/red-to" {from_red}<"$place/red-from" {to_blue}>"$place/blue-to" {from_blue}<"$place/blue-from"
ask_red() { echo "$1" >&"$to_red"; read -r answer <&"$from_red"; }
ask_blue() { echo "$1" >&"$to_blue"; read -r answer <&"$from_blue"; }

ask_red /name; verdict "one process is in one tree" "$answer" red
ask_blue /name; verdict "the other in the other" "$answer" blue
ask_red /home/file; verdict "a share in one tree" "$answer" home
ask_blue /home/file; verdict "the same share in the other tree" "$answer" home
ask_blue /data/file; verdict "the second share" "$answer" data
verdict "the processes have made no mount" "$(mounts) $(namespace_of "$red") $(namespace_of "$blue")" \
	"$before $(namespace_of self) $(namespace_of self)"
echo changed >/chos/home/file
ask_red /home/file; verdict "what is written on the host is read inside" "$answer" changed
mount_share late
ask_red /late/file; verdict "a share mounted while a process runs appears inside" "$answer" late
ask_blue /late/file; verdict "in every tree" "$answer" late
umount /chos/data
verdict "umount succeeds while processes run that do not use the share" $? 0
ask_red /data/file; verdict "and the share is gone inside" "$answer" "(No such file or directory)"
verdict "the trees' pins and links hold no share" "$(umount /chos/late && umount /chos/home; echo $?)" 0

exec {to_red}>&- {to_blue}>&-
wait "$red" "$blue"
rm -r "$place"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
