/**
 * Where the peers are known to differ from the contract, reviewed one by one. Such a failure counts as passed; a pass
 * counts as failed, so that the table cannot go stale. Our own runtime has no entry, ever.
 */
export interface Deviation {
  readonly runtime: 'crun' | 'runc';
  readonly case: string;
  readonly reason: string;
  /** A race: it may pass as well. */
  readonly sometimes?: true;
}

/** Onto procfs, sysfs and cgroupfs. */
const followsLinks = (runtime: string, cases: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    cases.map(name => [
      `links/${name}-is-refused`,
      `${runtime} follows links of the root onto the file systems of the kernel`,
    ]),
  );

const crun: Readonly<Record<string, string>> = {
  ...followsLinks('crun', [
    ...['tmpfs', 'tmpfs-with-copy-up', 'mqueue', 'devpts', 'cgroup', 'bind', 'overlay', 'tmpfs-below'].map(
      kind => `${kind}-onto-proc`,
    ),
    'tmpfs-onto-sysfs',
    'bind-onto-a-file-of-proc',
    'bind-through-a-relative-link',
    'bind-onto-all-of-proc',
    'mask-onto-proc',
    'mask-onto-sysfs',
    'readonly-onto-proc',
    'remount-of-sysfs',
    'remount-of-dev',
    'terminal-onto-proc',
  ]),
  'links/proc-itself-is-none-for-a-mask':
    'crun follows links of the root onto the file systems of the kernel',
  'links/devices-stay-below-dev': 'crun follows links below /dev',
  'ways-out/dev-becomes-that-of-a-process-of-the-host': 'crun 1.8 leaves the host’s /dev/null open in exec',
  'ways-out/home-comes-from-no-file-of-the-host':
    'crun 1.8 sets no HOME for a user whom /etc/passwd does not know',
  'home/of-nobody': 'crun 1.8 sets no HOME for a user whom /etc/passwd does not know',
  'home/in-an-empty-file': 'crun 1.8 sets no HOME for a user whom /etc/passwd does not know',
  'home/in-a-directory': 'crun 1.8 sets no HOME for a user whom /etc/passwd does not know',
  'home/in-an-endless-device': 'crun 1.8 sets no HOME for a user whom /etc/passwd does not know',
  'home/longer-than-a-path-is-refused': 'crun takes it, though no system call does',
  'home/in-a-line-of-70000-bytes-is-refused': 'crun reads lines of any length',
  'exec/added-capability-inheritable-is-ambient':
    'crun starts from an empty process, that of root (contract A3)',
  'exec/added-capability-not-inheritable-is-not-ambient':
    'crun starts from an empty process, that of root (contract A3)',
  'exec/added-capability-nothing-inheritable':
    'crun starts from an empty process, that of root (contract A3)',
  'annotations/handler-is-refused': 'crun 1.8 without krun and wasm does not look at it',
  'hook-failures/prestart-then-poststop': 'crun runs no poststop hooks when create fails',
  'hook-failures/createRuntime-then-poststop': 'crun runs no poststop hooks when create fails',
  'hook-failures/createContainer-then-poststop': 'crun runs no poststop hooks when create fails',
  'hook-failures/missing-command-then-poststop': 'crun runs no poststop hooks when create fails',
  'hook-failures/refused-limit-then-poststop':
    'crun runs no poststop hooks when create fails, and leaves the cgroups behind',
  'hook-failures/startContainer-at-start-then-poststop': 'crun wakes the container and does not wait for it',
  'hook-failures/poststart-at-start-then-poststop': 'crun 1.8 ignores that a poststart hook failed',
  'hook-failures/poststart-at-run-then-poststop': 'crun 1.8 ignores that a poststart hook failed',
  'hook-failures/unknown-interpreter-at-start-then-poststop':
    'crun wakes the container and does not wait for it',
  'hook-failures/poststop-is-logged': 'crun logs errors only',
  'caller-signals/17-ignored-in-a-whole-life': 'crun waits for children that vanish',
  'caller-signals/17-ignored-in-a-run': 'crun waits for children that vanish',
  'caller-signals/13-ignored-in-a-whole-life': 'hooks begin with what the caller of crun ignores',
  'exec/cpu-affinity-initial-and-final': 'crun 1.8 does not know execCPUAffinity',
  'exec/cpu-affinity-initial-alone-is-lifted': 'crun 1.8 does not know execCPUAffinity',
  'exec/cpu-affinity-final-alone': 'crun 1.8 does not know execCPUAffinity',
  'exec/cpu-affinity-that-the-host-has-not': 'crun 1.8 does not know execCPUAffinity',
  'confinement/limit-nofile-0': 'crun itself opens files under the limit of the command',
  'confinement/limit-nofile-3': 'crun itself opens files under the limit of the command',
  'confinement/limit-nofile-8': 'crun itself opens files under the limit of the command',
  'confinement/limit-nproc-0': 'crun sets the limit before it changes the user, so execve meets it',
  'confinement/limit-fsize-0': 'crun itself writes files under the limit of the command',
  'confinement/limits-hold-for-what-execve-starts': 'crun itself opens files under the limit of the command',
  'confinement/a-hook-inside-does-not-meet-the-limits-of-its-making':
    'crun itself opens files under the limit of the command',
  'output/state-to-a-full-disk': 'crun does not look whether its output could be written',
  'output/list-to-a-full-disk': 'crun does not look whether its output could be written',
  'output/list-format-json-to-a-full-disk': 'crun does not look whether its output could be written',
  'output/ps-format-json-to-a-full-disk': 'crun does not look whether its output could be written',
  'output/features-to-a-full-disk': 'crun 1.8.1 has no features',
  'hooks/end-with-a-runtime-that-is-killed': 'hooks outlive a killed crun',
  'capabilities/unknown-one-is-logged': 'crun leaves it out in silence; the runtime spec says MUST be logged',
  'capabilities/unknown-one-without-a-log':
    'crun leaves it out in silence; the runtime spec says MUST be logged',
  'pidfd-socket/create-sends-that-of-init': 'crun has no --pidfd-socket',
  'pidfd-socket/run-in-the-foreground': 'crun has no --pidfd-socket',
  'pidfd-socket/exec-sends-that-of-the-new-process': 'crun has no --pidfd-socket',
  'pidfd-socket/nobody-listens': 'crun has no --pidfd-socket',
  'process/cwd-relative-is-refused': 'crun takes it relative to /',
  'process/cwd-through-leaked-descriptor': 'crun 1.8 does not check the working directory (CVE-2024-21626)',
  'bind/shared-propagation': 'crun applies the propagation of / over that of the mount',
  'bind/unbindable-propagation': 'crun applies the propagation of / over that of the mount',
  'mount-options/bind-last-one-wins': 'crun collects what is set and does not clear it again',
  'mount-options/bind-nosymfollow': 'crun does not know nosymfollow (contract C)',
  'mount-options/nosymfollow-refuses-links': 'crun does not know nosymfollow (contract C)',
  'mount-options/rnoatime-reaches-submounts':
    'crun 1.8 sets an atime attribute without clearing the field first',
  'namespaces/duplicate-is-refused': 'crun 1.8 does not look for duplicates; the runtime spec says it MUST',
  'root/destination-through-dangling-link': 'crun 1.8 does not make the target of a dangling link',
  'root/destination-through-dangling-parent-link': 'crun 1.8 does not make the target of a dangling link',
  'root/destination-through-climbing-out-link': 'crun 1.8 does not make the target of a dangling link',
  'root/destination-through-climbing-out-parent-link': 'crun 1.8 does not make the target of a dangling link',
  'root/proc-onto-another-place-is-refused': 'crun 1.8 allows it (CVE-2019-19921 is runc’s)',
  'root/dev-as-link-out-of-the-root': 'crun before its fix of CVE-2026-47766',
  'hooks/start-waits-for-start-container-then-runs-poststart':
    'crun wakes the container and does not wait for it',
  'hooks/state-on-stdin': 'crun 1.8 gives startContainer hooks / as the bundle',
  'hooks/failing-start-container-fails-start': 'crun wakes the container and does not wait for it',
  'freezing/paused-before-its-start':
    'crun looks for exec.fifo before it looks at the freezer, and start succeeds',
  'freezing/paused-before-its-start-then-deleted':
    'crun takes a paused one for created, and deletes it without --force',
  'freezing/pause-of-a-paused-one': 'crun pauses and resumes in silence what is paused or runs',
  'freezing/kill-ends-a-paused-one':
    'crun sends the signal, which a frozen process of cgroup v1 does not hear',
  'limits/memory-limit-at-zero': 'crun sets the limit to 0, and init does not live',
  'limits/memory-swap-at-zero': 'crun sets it to 0, which the kernel refuses',
  'limits/memory-reservation-at-zero': 'crun sets it to 0',
  'limits/memory-kernelTCP-at-zero': 'crun sets it to 0',
  'limits/cpu-quota-at-minus-one': 'crun 1.8 writes it as a number without a sign',
  'limits/pids-at-minus-one': 'crun 1.8 writes -1 to pids.max of cgroup v1',
  'limits/classID-at-zero': 'crun wants the controller net_cls for it',
  'limits/weight': 'crun 1.8 writes to blkio.weight, which Linux 5.0 dropped',
  'limits/weightDevice-at-zero': 'crun 1.8 writes to blkio.weight_device, which Linux 5.0 dropped',
  'cgroups/pids-unlimited': 'crun 1.8 writes -1 to pids.max of cgroup v1',
  'cgroups/path-with-dots-stays-below':
    'crun 1.8 does not clean cgroupsPath and makes directories out of the hierarchy',
  'cgroups/memory-swap-below-limit-is-refused':
    'crun 1.8 leaves the cgroup behind when a limit cannot be set',
  'cgroups/impossible-value-is-refused': 'crun 1.8 leaves the cgroup behind when a limit cannot be set',
  'cgroups/unified-on-v1-is-refused': 'crun 1.8 leaves the cgroup behind when a limit cannot be set',
  'command-line/pid-file-in-the-place-of-another': 'crun 1.8 writes through a link',
  'command-line/options-after-the-id': 'crun stops option parsing at the id (contract A1)',
  'descriptors/listen-fds': 'crun passes LISTEN_FDS on only if it is in process.env',
  'delete/unknown-id-fails': 'crun 1.8 speaks of its directory, not of the container',
  'kill/unknown-container-says-so': 'crun 1.8 speaks of its status file, not of the container',
  'errors/id-with-blank': 'crun checks ids from 1.28 on (contract A1)',
  'errors/id-with-newline': 'crun checks ids from 1.28 on (contract A1)',
  'errors/start-twice': 'crun speaks of its exec.fifo, not of the container',
  'exec/no-new-privileges-as-the-container': 'crun starts from an empty process (contract A3)',
  'exec/additional-groups': 'crun 1.8 has no --additional-gids',
  'descriptors/preserve-fds-without-bounds': 'crun takes any number',
  'devices/file-mode-with-the-type-of-another-kind': 'crun makes a block device of it',
  'devices/file-mode-with-the-type-of-a-regular-file': 'crun hands all bits to mknod',
  'from-the-root/device-without-a-slash': 'crun makes it in its own working directory, on the host',
  'devices/unknown-type-is-refused': 'crun 1.8 makes some node of it',
  'readonly/keeps-other-flags': 'crun 1.8 remounts with ro alone',
  'exec/into-a-paused-container': 'crun 1.8 has no --ignore-paused',
  'exec/killed-before-its-command': 'crun 1.8 has no --ignore-paused',
  'exec/session-of-its-own': 'crun 1.8 calls setsid in exec only for a terminal',
  'kill/signal-usr1': 'crun 1.8 knows signal names in capitals only',
  'kill/signal-SigUsr2': 'crun 1.8 knows signal names in capitals only',
  'kill/unknown-signal-fails': 'crun 1.8 takes an unknown name for signal 0',
  'list/table': 'crun has columns of its own',
  'inodes/streams-of-exec-without-capabilities': 'crun 1.8 leaves the host’s /dev/null open in exec',
  'inodes/streams-of-exec-with-chown-and-fowner': 'crun 1.8 leaves the host’s /dev/null open in exec',
  'inodes/mask-of-a-file-made-writable': 'crun 1.8 masks files with the host’s /dev/null',
  'inodes/stdin-of-exec-closed-and-detached': 'crun 1.8 starts no command without a standard input',
  'inodes/stdin-of-exec-is-dev-zero': 'crun leaves other devices than /dev/null open',
  'inodes/stdin-of-exec-is-dev-full': 'crun leaves other devices than /dev/null open',
  'inodes/stdin-of-exec-is-dev-random': 'crun leaves other devices than /dev/null open',
  'inodes/stdin-of-exec-is-dev-urandom': 'crun leaves other devices than /dev/null open',
  'streams/run-gives-no-file-away-that-is-only-read': 'crun makes it the property of the process’s user',
  'streams/exec-gives-no-file-away-that-is-only-read': 'crun makes it the property of the process’s user',
  'streams/run-gives-no-block-device-away': 'crun makes it the property of the process’s user',
  'streams/exec-gives-no-block-device-away': 'crun makes it the property of the process’s user',
  'exec/user-4294967295-is-refused': 'crun 1.8 hands -1 to setresuid(2) and stays root',
  'exec/user-0-4294967295-is-refused': 'crun 1.8 hands -1 to setresgid(2) and stays in group 0',
  'user/4294967295-is-refused-as-user': 'crun 1.8 hands -1 to setresuid(2) and stays root',
  'user/4294967295-is-refused-as-group': 'crun 1.8 hands -1 to setresgid(2) and stays in group 0',
  'user/4294967295-is-refused-as-owner-of-a-device': 'crun hands -1 to chown(2), which changes nothing',
  'terminal/run-without-socket': 'crun 1.8 does not copy the window size at the start',
  'terminal/run-follows-the-window-size': 'crun 1.8 does not copy the window size',
  ...Object.fromEntries(
    [
      ...['0755', '0700', '2751', '0'].map(mode => `mode-of-${mode}`),
      'mode-when-read-only',
      'owner-asked-for',
      'copy-up-mode-of-0750',
      'copy-up-when-read-only',
      'copy-up-owner-asked-for',
      'second-one-has-the-mode-of-the-first',
    ].map(name => [`tmpfs/${name}`, 'crun before 1.12 leaves a tmpfs without mode at 1777']),
  ),
  'long-mounts/many-short-options': 'mount(2) cuts off what is beyond a page, in silence',
  'long-mounts/flag-silent-is-one-of-mount': 'crun does not know the flag',
  'long-mounts/flag-iversion-is-one-of-mount': 'crun does not know the flag',
};

const runc: Readonly<Record<string, string>> = {
  'tmpfs/mode-asked-for':
    'runc 1.1 gives a tmpfs the mode of the directory that it covers, whatever is asked for',
  'tmpfs/copy-up-mode-asked-for':
    'runc 1.1 gives a tmpfs the mode of the directory that it covers, whatever is asked for',
  'long-mounts/many-short-options': 'mount(2) cuts off what is beyond a page, in silence',
  'ways-out/home-comes-from-no-file-of-the-host':
    'runc 1.1.5 follows links of /proc in the path of /etc/passwd',
  ...followsLinks('runc', [
    'tmpfs-onto-proc',
    'mqueue-onto-proc',
    'tmpfs-below-onto-proc',
    'tmpfs-onto-sysfs',
    'mask-onto-proc',
    'mask-onto-sysfs',
    'readonly-onto-proc',
    'remount-of-sysfs',
    'remount-of-dev',
    'terminal-onto-proc',
  ]),
  'links/of-the-kernel-are-followed': 'runc does not allow /proc/net/dev, although it lists it',
  'links/devices-stay-below-dev': 'runc follows links below /dev',

  'home/in-a-directory': 'runc refuses',
  'home/in-an-endless-device': 'runc refuses',
  'home/longer-than-a-path-is-refused': 'runc takes it, though no system call does',
  'exec-cgroups/a-group-has-vanished': 'runc 1.1 insists on every group that it has written down',
  'hook-failures/startContainer-at-start-then-poststop':
    'runc opens the fifo before the hooks run and does not wait',
  'hook-failures/poststart-at-start-then-poststop': 'runc 1.1 runs poststart in create (contract D2)',
  'hook-failures/unknown-interpreter-at-start-then-poststop': 'runc does not wait for execve',
  'hook-failures/one-failing-poststop-does-not-stop-the-next': 'runc stops at the first one that fails',
  'hook-output/files-of-annotations': 'run.oci.* are annotations of crun',
  'hook-output/file-that-cannot-be-opened': 'run.oci.* are annotations of crun',

  'descriptors/preserve-fds-without-bounds': 'runc takes any number',
  'descriptors/preserve-fds-of-which-some-are-closed':
    'runc 1.1 keeps descriptors of its own that have such numbers',
  'descriptors/preserve-fds-of-which-none-is-open':
    'runc 1.1 keeps descriptors of its own that have such numbers',
  'exec/cpu-affinity-initial-and-final': 'runc 1.1 does not know execCPUAffinity',
  'exec/cpu-affinity-initial-alone-is-lifted': 'runc 1.1 does not know execCPUAffinity',
  'exec/cpu-affinity-final-alone': 'runc 1.1 does not know execCPUAffinity',
  'exec/cpu-affinity-that-the-host-has-not': 'runc 1.1 does not know execCPUAffinity',
  'lifecycle/start-on-a-read-only-state-root-starts-nothing':
    'runc opens the gate first: the command has run when it reports that it could not unlink the fifo',
  'output/state-to-a-full-disk': 'runc does not look whether state could be written',
  'user/4294967295-is-refused-as-owner-of-a-device': 'runc hands -1 to chown(2), which changes nothing',
  'confinement/limit-nofile-0': 'runc itself opens files under the limit of the command',
  'confinement/limit-nofile-3': 'runc itself opens files under the limit of the command',
  'confinement/limit-nproc-0': 'runc sets the limit before it changes the user, so execve meets it',
  'confinement/a-hook-inside-does-not-meet-the-limits-of-its-making':
    'runc itself opens files under the limit of the command',
  'hooks/end-with-a-runtime-that-is-killed': 'hooks outlive a killed runc',
  'capabilities/unknown-one-in-a-create-that-fails':
    'runc writes the warning before the error, and the log is no longer one object',
  'pidfd-socket/create-sends-that-of-init': 'runc has --pidfd-socket from 1.2 on',
  'pidfd-socket/run-in-the-foreground': 'runc has --pidfd-socket from 1.2 on',
  'pidfd-socket/exec-sends-that-of-the-new-process': 'runc has --pidfd-socket from 1.2 on',
  'pidfd-socket/nobody-listens': 'runc has --pidfd-socket from 1.2 on',
  'exec-cgroups/init-has-moved-below-and-handed-on-controllers':
    'runc 1.1 insists on the cgroup of the container on a hybrid host',
  'process/blocked-signal-of-the-caller-is-unblocked': 'runc hands the mask of its caller on',
  'process/personality': 'runc knows linux.personality from 1.2 on',
  'rlimits/descriptors-not-raised-for-the-runtime-itself':
    'runc 1.1 hands on the limit that Go raised for itself',
  'root/propagation-shared': 'runc 1.1 applies it before pivot_root and not again',
  'root/propagation-rshared': 'runc 1.1 applies it before pivot_root and not again',
  'root/propagation-unbindable': 'runc 1.1 makes the root unbindable and then fails to bind it',
  'root/dev-as-link-out-of-the-root': 'runc before its fix of CVE-2026-41579',
  'hooks/start-waits-for-start-container-then-runs-poststart':
    'runc 1.1 runs poststart in create (contract D2)',
  'hooks/status-in-the-state': 'runc 1.1 runs poststart in create (contract D2)',
  'hooks/no-leaked-descriptors': 'runc 1.1 leaves descriptors of its own open for createContainer hooks',
  'hooks/descriptors-of-the-caller-stay-outside':
    'runc 1.1 leaves descriptors open for createContainer hooks',
  'exec/process-file-umask': 'runc 1.1 keeps the umask of config.json',
  'hooks/failing-start-container-fails-start': 'runc opens the fifo before the hooks run and does not wait',
};

/** Both do work under the filter and the limits that are the command's. */
const atWork = (runtime: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ['with', 'without'].flatMap(how =>
      ['root', 'user'].flatMap(who =>
        ['', 'exec-'].map(entry => [
          `confinement/only-execve-is-allowed-${entry}${how}-no-new-privileges-as-${who}`,
          `${runtime} itself makes calls under the filter`,
        ]),
      ),
    ),
  );

/** crun's annotations. */
const annotations: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'original-groups-kept',
    'original-groups-kept-by-presence',
    'original-groups-of-exec',
    'pidfd-receiver',
    'pidfd-receiver-where-nobody-listens',
    'seccomp-bpf-data-takes-the-place-of-the-profile',
    'unknown-system-call-fails',
    'handler-is-refused',
  ].map(name => [`annotations/${name}`, 'runc does not know the annotation']),
);

export const deviations: readonly Deviation[] = [
  ...listed('crun', { ...crun, ...atWork('crun') }),
  ...listed('runc', { ...runc, ...atWork('runc'), ...annotations }),
  {
    runtime: 'crun',
    case: 'terminal/exec-on-a-terminal',
    reason: 'crun 1.8 may take what the command writes first for a message of its own child',
    sometimes: true,
  },
  ...(['crun', 'runc'] as const).map(
    (runtime): Deviation => ({
      runtime,
      case: 'process/signals-unblocked-and-default',
      reason:
        'hands on what its own caller ignores (a CI may ignore signals that C libraries keep for themselves)',
      sometimes: true,
    }),
  ),
  {
    runtime: 'crun',
    case: 'confinement/limit-cpu-0-is-the-kernels-affair',
    reason: 'crun is at work under the limit of the command, which may end it first',
    sometimes: true,
  },
  {
    runtime: 'crun',
    case: 'lifecycle/start-on-a-read-only-state-root-starts-nothing',
    reason: 'crun opens the fifo before it finds that it cannot unlink it, and init may have seen its end',
    sometimes: true,
  },
  {
    runtime: 'crun',
    case: 'hooks/that-does-not-read-its-state',
    reason: 'crun writes the state to a pipe and may die of SIGPIPE',
    sometimes: true,
  },
  {
    runtime: 'runc',
    case: 'rlimits/open-files',
    reason: 'Go raises the soft limit at its start, at times after runc has set it from outside',
    sometimes: true,
  },
  {
    runtime: 'runc',
    case: 'terminal/exec-on-a-terminal',
    reason:
      'runc copies the window size after it has started the command, and may lose the end of its output',
    sometimes: true,
  },
  {
    runtime: 'runc',
    case: 'terminal/run-without-socket',
    reason: 'runc copies the window size after it has started the command',
    sometimes: true,
  },
];

function listed(
  runtime: Deviation['runtime'],
  reasons: Readonly<Record<string, string>>,
): readonly Deviation[] {
  return Object.entries(reasons).map(([name, reason]) => ({ runtime, case: name, reason }));
}

export function deviationOf(runtime: string, name: string): Deviation | undefined {
  return deviations.find(entry => entry.runtime === runtime && entry.case === name);
}
