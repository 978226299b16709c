/** Checkpoints by the real CRIU. What it is asked, and what comes of its failures, is shown with a stand-in by conformance/suite/cases/checkpoint.ts. */
import { join } from 'node:path';
import type { MachineCase } from '../case.js';

/** Nothing of the case is a standard stream of the container: its output is a pipe that others wait for. */
const prelude = `
  quiet() { runtime "$@" >output 2>&1 </dev/null || { cat output; grep -a -h Error "$PLACE"/*.log "$PLACE"/*/*.log | tail -5; return 1; }; }
  refused() {
    local words=$1
    shift
    code=0; runtime "$@" >output 2>&1 </dev/null || code=$?
    same "exit code of $1" $code 1
    same "lines of $1" "$(wc -l <output)" 1
    matches "what $1 says" "$(<output)" "$words"
  }
  counted() { wc -l <"$PLACE/box/rootfs/tmp/lines"; }
  beyond() { [ "$(counted)" -gt "$1" ]; }
  goes_on() { until_true 90 beyond "$(counted)" || fail "it does not go on"; }
  counting='while :; do echo line >>/tmp/lines; sleep 0.1; done'
  box() {
    bundle box '.process.args = ["sh", "-c", $script] | .linux.namespaces += [{type: "network"}]
      | .linux.resources.pids.limit = 50 | .linux.maskedPaths = ["/proc/kcore", "/sys/firmware"] | .linux.readonlyPaths = ["/proc/sys"]' --arg script "$1"
    mkdir -p "$PLACE/box/rootfs/tmp"
    runtime run --detach --bundle "$PLACE/box" box >/dev/null 2>&1 </dev/null
    until_true 90 test -s "$PLACE/box/rootfs/tmp/lines"
  }
`;

/** Perl inside, from a bind mount, a network of its own, and a directory of the host's. */
const withPerl = `
  perl_box() {
    bundle box '.process.args = ["perl", "/tmp/box.pl"] | .process.env = ["PATH=/usr/bin:/bin"] | .linux.namespaces += [{type: "network", path: "/run/netns/box"}]
      | .mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["bind", "ro"]}, {destination: "/host", type: "bind", source: $host, options: ["bind"]}]' --arg host "$PLACE/host"
    ln -s usr/lib box/rootfs/lib
    ln -s usr/lib64 box/rootfs/lib64
    cat >box/rootfs/tmp/box.pl
    mkdir host
  }
`;

/** Takes the terminal from a console socket. */
const outside = { from: join(process.cwd(), 'build/vm/outside'), to: '/lab/outside' };

const checkpoint = (name: string, script: string, more: Partial<MachineCase> = {}): MachineCase => ({
  name: `checkpoint/${name}`,
  script: prelude + script,
  kernels: ['6.12'],
  seconds: 400,
  ...more,
});

export const checkpointCases: readonly MachineCase[] = [
  checkpoint(
    'goes-on-where-it-was',
    `
      box "$counting"
      quiet checkpoint --leave-running --image-path $PLACE/first --work-path $PLACE box
      goes_on
      quiet checkpoint --image-path $PLACE/images --work-path $PLACE box
      stopped=$(counted)
      same containers "$(runtime list -q)" ""
      quiet restore --detach --bundle $PLACE/box --pid-file $PLACE/pid --image-path $PLACE/images --work-path $PLACE again
      until_true 90 beyond "$stopped" || fail "it does not go on"
      same status "$(runtime state again | jq -r '.status, .pid')" "running
$(<pid)"
      same limit "$(cat /sys/fs/cgroup/lab-box/pids.max)" 50
      same "its cgroup" "$(sed 's/^0:://' /proc/$(<pid)/cgroup)" /lab-box
      runtime exec again sh -c 'cat /proc/self/cgroup; hostname' >seen
      same seen "$(<seen)" "0::/
inside"
      quiet delete --force again`,
    { runtimes: ['chos-runtime', 'runc'] },
  ),
  checkpoint(
    'what-others-hold-the-other-end-of',
    `${withPerl}
      perl_box <<'EOF'
        use IO::Socket::INET; use Socket; $| = 1;
        open(my $lock, '>', '/host/lock'); flock($lock, 2);
        socket(my $log, AF_UNIX, SOCK_DGRAM, 0); connect($log, sockaddr_un('/host/log')) or die $!;
        my $server = IO::Socket::INET->new(Listen => 1, LocalPort => 7000, ReuseAddr => 1) or die $!;
        send($log, "ready", 0);
        my $client = $server->accept;
        while (<$client>) { chomp; send($log, "log $_", 0); print $client "answer " . ++$count . " $_\\n" }
EOF
      ip netns add box
      trap 'ip netns delete box; [ $wrong = 0 ] || exit 1' EXIT
      ip link add name lab-veth type veth peer name eth0 netns box
      ip address add 10.9.0.1/24 dev lab-veth
      ip link set lab-veth up
      ip -n box address add 10.9.0.2/24 dev eth0
      ip -n box link set eth0 up
      # CRIU knows the sockets of the container's network namespace, and no others.
      ip netns exec box perl -e 'use Socket; $| = 1; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un("host/log")) or die; print "up\\n"; while (defined recv(S, $m, 1000, 0)) { print "$m\\n" }' >logged &
      until_true 90 grep -q up logged
      runtime run --detach --bundle box box >/dev/null 2>&1 </dev/null
      until_true 90 grep -q ready logged
      mkfifo questions
      perl -e 'use IO::Socket::INET; $| = 1; my $c = IO::Socket::INET->new("10.9.0.2:7000") or die; while (<STDIN>) { print $c $_; print scalar(<$c>) // die "closed" }' <questions >answers 2>&1 &
      exec 7>questions
      asked=0
      asks() {
        echo "$1" >&7
        asked=$((asked + 1))
        until_true 90 grep -q "answer $asked $1" answers || fail "no answer to $1: $(<answers)"
        until_true 90 grep -q "log $1" logged || fail "nothing is logged of $1"
      }
      held() { if flock --nonblock host/lock true; then fail "the lock is free $1"; fi; }
      asks one
      places="--image-path $PLACE/images --work-path $PLACE"
      refused 'CRIU failed: .*--tcp-established' checkpoint $places --ext-unix-sk --file-locks box
      asks two
      held "after what was refused"
      quiet checkpoint $places --tcp-established --ext-unix-sk --file-locks box
      echo three >&7
      refused 'CRIU failed: .*Connected TCP socket' restore --detach --bundle box $places --ext-unix-sk --file-locks box
      same containers "$(runtime list -q)" ""
      quiet restore --detach --bundle box $places --tcp-established --ext-unix-sk --file-locks box
      asked=3
      until_true 90 grep -q 'answer 3 three' answers || fail "no answer to what was asked meanwhile: $(<answers)"
      asks four
      held "after the restore"
      quiet delete --force box
      exec 7>&-
      kill %1`,
  ),
  checkpoint(
    'terminals',
    `
      bundle box '.process.terminal = true | .process.consoleSize = {height: 31, width: 97} | .process.args = ["sh", "-c", $script]' \
        --arg script 'while :; do n=$((n + 1)); echo "$n $(tty) $(stty size)"; sleep 0.1; done'
      /lab/outside console first >shown &
      until_true 90 grep -q ready shown
      runtime run --detach --console-socket first --bundle box box >/dev/null 2>&1 </dev/null
      until_true 90 grep -q '^3 /dev/pts/0 31 97' shown
      quiet checkpoint --image-path images --work-path . box
      until_true 90 grep -q hangup shown
      last=$(grep -a -c pts shown)
      /lab/outside console second >again &
      until_true 90 grep -q ready again
      quiet restore --detach --console-socket second --bundle box --image-path images --work-path . box
      until_true 90 grep -q "^$((last + 1)) /dev/pts/0 31 97" again || fail "it does not go on: $(<again)"
      quiet delete --force box
      until_true 90 grep -q hangup again
      # A terminal of the host's for standard streams.
      bundle job '.process.args = ["sh", "-c", "while :; do n=$((n + 1)); echo line $n; sleep 0.1; done"]'
      # Each waits for the one who writes into its own: of one for both, closed here, the second may not have been at it yet.
      mkfifo hold-fourth hold-fifth
      script --quiet --command "$RUNTIME --root $STATE run --detach --bundle job job; cat hold-fourth" typescript >fourth 2>&1 </dev/null & fourth=$!
      until_true 90 grep -q 'line 3' fourth
      quiet checkpoint --shell-job --image-path job-images --work-path . job
      script --quiet --command "$RUNTIME --root $STATE restore --detach --shell-job --bundle job --image-path job-images --work-path . job; cat hold-fifth" typescript >fifth 2>&1 </dev/null & fifth=$!
      until_true 90 grep -q 'line' fifth
      quiet delete --force job
      for hold in hold-fourth hold-fifth; do timeout 90 sh -c "echo >$hold"; done
      wait $fourth $fifth`,
    { payload: () => [outside] },
  ),
];
