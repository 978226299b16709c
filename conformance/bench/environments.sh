#!/bin/bash
# In a machine of the lab: four ways to start one environment with 1,000 shares, timed side by side. Prints the timer's JSON as its last line.
#   environments.sh ROUNDS
set -eu
shares=1000
chos() { /usr/local/bin/chos-runtime --cgroup-manager disabled "$@"; }

mount --make-rshared /
mkdir -p /srv/data /shares /ostrees /etc/chos.d /bundles /run/lab-bench
mount -t tmpfs data /srv/data
for tree in by-kmod by-pinned by-private; do cp -a /bench/tree /ostrees/$tree; done
for ((i = 0; i < shares; i++)); do
	printf -v name 'm%04d' $i
	mkdir -p "/srv/data/$name" "/shares/$name"
	mount --bind "/srv/data/$name" "/shares/$name"
	echo "/shares/$name"
done >/run/lab-bench/shares
(cd /ostrees/by-private && xargs mkdir -p < <(sed 's|^/||' /run/lab-bench/shares))

jq -n --rawfile shares /run/lab-bench/shares '($shares | split("\n") | map(select(. != "")) | map({path: .})) as $list
	| {trees: ({kmod: "kmod", pinned: "pinned", private: "private"} | map_values({path: ("/ostrees/by-" + .), backEnd: .})), shares: $list}' \
	>/etc/chos.d/bench.json
insmod /bench/chos_link.ko
insmod /bench/chos.ko
chos tree load >&2
chos skeleton create >&2
chos tree prepare pinned >&2

# bundle NAME JQ: from the same configuration, without cgroups.
bundle() {
	mkdir -p "/bundles/$1"
	jq --rawfile shares /run/lab-bench/shares '($shares | split("\n") | map(select(. != ""))) as $list | .process.args = ["/bin/true"] | '"$2" /bench/base.json >"/bundles/$1/config.json"
}
bare='del(.mounts, .hostname) | .linux = {}'
tree() { printf '.annotations = {"org.chos.tree": "%s"} | .root.path = "/ostrees/by-%s" | %s' "$1" "$1" "$2"; }
own='.linux.namespaces |= map(select(.type != "cgroup")) | .mounts |= map(select(.type != "cgroup")) | del(.linux.resources)'
bundle kmod "$(tree kmod "$bare")"
bundle pinned "$(tree pinned "$bare")"
bundle kmod-own "$(tree kmod "$own")"
bundle pinned-own "$(tree pinned "$own")"
bundle private "$(tree private "$own")"
bundle crun '.root.path = "/ostrees/by-private" | '"$own"' | .mounts += ($list | map({destination: ., type: "bind", source: ., options: ["rbind"]}))'

{
	printf 'seed\t20041\nrounds\t%s\nwarmup\t2\ngap\t0\n' "$1"
	for name in kmod pinned kmod-own pinned-own private; do
		chos compile "/bundles/$name" -o "/bundles/$name.run" >&2
		printf 'contender\t%s\ntime\trun\t/bundles/%s.run\t--id\tbench-%s\n' $name $name $name
	done
	printf 'contender\tchos\ntime\trun\t/usr/local/bin/chos\tkmod\t/bin/true\n'
	printf 'contender\tchroot\ntime\trun\t/usr/sbin/chroot\t/ostrees/by-kmod\t/bin/true\n'
	printf 'contender\tcrun\ntime\trun\t/usr/bin/crun\t--cgroup-manager\tdisabled\trun\t--bundle\t/bundles/crun\tbench-crun\n'
} >/run/lab-bench/plan
/bench/timer here /run/lab-bench/plan /run/lab-bench/errors >/run/lab-bench/result || { cat /run/lab-bench/errors; exit 1; }
cat /run/lab-bench/errors
tr -d '\n' </run/lab-bench/result
echo
