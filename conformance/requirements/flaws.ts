/** Flaws of other runtimes, and the cases that fail where the defence against them is taken out. The last table of docs/conformance.md. */
export interface Flaw {
  readonly names: string;
  /** What happened there. */
  readonly words: string;
  readonly cases: readonly string[];
}

const flaw = (names: string, words: string, ...cases: string[]): Flaw => ({ names, words, cases });

export const flaws: readonly Flaw[] = [
  flaw(
    'CVE-2016-9962',
    'what enters a container is traced from inside while it holds descriptors of the host',
    'flaws/init-cannot-be-looked-into',
    'flaws/root-cannot-look-into-init',
    'lifecycle/created-init-holds-nothing-of-the-host',
  ),
  flaw(
    'CVE-2019-5736',
    'the runtime is overwritten through /proc/PID/exe',
    'flaws/exe-of-init-is-not-the-runtime',
    'flaws/exe-of-exec-is-not-the-runtime',
  ),
  flaw(
    'CVE-2019-16884, CVE-2019-19921',
    'the image has another /proc, or leads a mount onto it',
    'root/proc-as-link-is-refused',
    'root/proc-onto-another-place-is-refused',
    'links/tmpfs-onto-proc-is-refused',
    'links/bind-onto-proc-is-refused',
  ),
  flaw(
    'CVE-2021-30465, CVE-2024-45310',
    'a link in the place of a mount leads out of the root, or makes a directory there',
    'root/destination-through-absolute-link',
    'root/destination-through-climbing-out-link',
    'root/destination-through-climbing-out-parent-link',
  ),
  flaw(
    'CVE-2022-27650',
    'capabilities of exec are inheritable',
    'exec/capability',
    'exec/process-file-capabilities',
  ),
  flaw(
    'CVE-2023-25809',
    'the host’s cgroups can be written without a cgroup namespace',
    'mounts/cgroup',
    'mounts/sysfs-read-only',
    'mounts/sysfs-of-the-host-is-read-only-with-all-below',
  ),
  flaw(
    'CVE-2024-21626',
    'a descriptor of the host leaks, or is the working directory',
    'process/cwd-through-leaked-descriptor',
    'process/no-leaked-descriptors',
    'process/descriptors-of-the-caller-stay-outside',
    'exec/no-leaked-descriptors',
    'hooks/no-leaked-descriptors',
    'hooks/descriptors-of-the-caller-stay-outside',
    'ways-out/run-finds-no-command-by-a-descriptor',
    'ways-out/exec-finds-no-command-by-a-descriptor',
    'ways-out/exec-works-in-no-directory-of-the-host',
    'ways-out/home-comes-from-no-file-of-the-host',
  ),
  flaw(
    'CVE-2025-31133',
    'what masks a file is not the null device',
    'inodes/null-device-of-the-container-is-a-file',
    'inodes/null-device-of-the-container-is-a-link',
    'inodes/null-device-of-the-container-is-another-device',
    'inodes/mask-of-a-file-made-writable',
  ),
  flaw(
    'CVE-2025-52565',
    'the console is mounted over what the image puts there',
    'flaws/terminal-that-is-none-is-refused',
    'links/terminal-onto-proc-is-refused',
    'terminal/dev-console-is-it',
  ),
  flaw(
    'CVE-2025-52881',
    'sysctls and labels are written to a file in the place of /proc',
    'sysctl/ipc-although-proc-sys-is-read-only',
    'links/mask-onto-proc-is-refused',
    'links/readonly-onto-proc-is-refused',
    'links/remount-of-sysfs-is-refused',
  ),
  flaw(
    'CVE-2026-30892',
    'a user of exec that cannot be read is another one',
    ...[
      'a-name',
      'a-number-and-more',
      'a-group-alone',
      'a-group-that-is-none',
      'less-than-nothing',
      'three-numbers',
    ].map(name => `flaws/exec-as-${name}-is-refused`),
    'exec/user',
    'exec/user-4294967295-is-refused',
  ),
  flaw(
    'CVE-2026-41579, CVE-2026-47766',
    'devices are made through a link in the place of /dev',
    'root/dev-as-link-out-of-the-root',
    'root/dev-as-link-inside-the-root',
    'links/devices-stay-below-dev',
    'links/devices-are-made-in-no-volume',
  ),
];
