/**
 * What stands between the flaws of `flaws.ts` and this runtime, each as an edit that takes it out and the case that fails then. `make flaws` does that in a copy of
 * the sources; that every edit still finds its place is a unit test.
 */
export interface Edit {
  readonly file: string;
  /** Stands there once. */
  readonly from: string;
  readonly to: string;
}

export interface Defence {
  readonly flaw: string;
  /** What is done against it. */
  readonly words: string;
  /** The function that does it. */
  readonly where: string;
  /** Several, where one defence stands behind another. */
  readonly edits: readonly [Edit, ...Edit[]];
  /** Fails without it. */
  readonly fails: string;
  /** Who has to call, where root meets something else before. */
  readonly as?: 'user' | 'userns';
}

const links: Edit = {
  file: 'runtime/compile/root/destination.ts',
  from: "...Object.values(kernelFilesystems).map(magic => branch(kind, 'EQ', magic, kernel)),",
  to: '',
};

const sweep: Edit = {
  file: 'runtime/compile/container/descriptors.ts',
  from: "sys('close_range', [first, 0xffffffff, CLOSE_RANGE_CLOEXEC]),",
  to: '',
};
/** Open until execve. */
const letGo: Edit = {
  file: 'runtime/compile/container/descriptors.ts',
  from: "sys('close_range', [from, to, 0]),",
  to: "sys('close_range', [from, to, CLOSE_RANGE_CLOEXEC]),",
};

export const defences: readonly Defence[] = [
  {
    flaw: 'CVE-2016-9962',
    words: 'what comes in is not dumpable',
    where: 'sealed_self',
    edits: [
      {
        file: 'runtime/engine/door/sealed.c',
        from: 'sys(fcntl, fd, F_SETFD, FD_CLOEXEC);\n\tsys(prctl, PR_SET_DUMPABLE, 0);',
        to: 'sys(fcntl, fd, F_SETFD, FD_CLOEXEC);\n\tsys(prctl, PR_SET_DUMPABLE, 1);',
      },
    ],
    fails: 'flaws/root-cannot-look-into-init',
  },
  {
    flaw: 'CVE-2019-5736',
    words: 'what comes in is a sealed copy',
    where: 'sealed_again',
    edits: [
      {
        file: 'runtime/engine/door/main.c',
        from: 'process.sealed = sealed_self();',
        to: 'process.sealed = sealed_self() || true;',
      },
    ],
    fails: 'flaws/exe-of-init-is-not-the-runtime',
  },
  {
    flaw: 'CVE-2019-16884, CVE-2019-19921',
    words: '/proc and /sys are no links',
    where: 'openPlace',
    edits: [
      {
        file: 'runtime/compile/root/destination.ts',
        from: "make, sourceMode, flags, how: 'NOFOLLOW' }",
        to: 'make, sourceMode, flags, how }',
      },
      {
        file: 'runtime/compile/root/make-mount.ts',
        from: "const strict = type === 'proc' || type === 'sysfs';",
        to: 'const strict = false;',
      },
    ],
    fails: 'root/proc-as-link-is-refused',
  },
  {
    flaw: 'CVE-2019-16884, CVE-2019-19921',
    words: 'nothing but a procfs is bound over /proc',
    where: 'bind',
    edits: [
      {
        file: 'runtime/compile/root/make-mount.ts',
        from: "m.place === '/proc'\n",
        to: "m.place === '/nothing'\n",
      },
    ],
    fails: 'root/proc-onto-another-place-is-refused',
  },
  {
    flaw: 'CVE-2019-16884, CVE-2019-19921',
    words: 'links of the image lead no mount onto a file system of the kernel',
    where: 'createGuard',
    edits: [links],
    fails: 'links/tmpfs-onto-proc-is-refused',
  },
  {
    flaw: 'CVE-2021-30465, CVE-2024-45310',
    words: 'the kernel looks up inside the root',
    where: 'open_inside',
    edits: [
      {
        file: 'runtime/engine/vm/resolve.c',
        from: '.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS}',
        to: '.resolve = RESOLVE_NO_MAGICLINKS}',
      },
    ],
    fails: 'root/destination-through-absolute-link',
  },
  {
    flaw: 'CVE-2022-27650',
    words: 'capabilities that exec adds are not inheritable',
    where: 'withCapabilities',
    edits: [
      {
        file: 'runtime/cli/exec-process.ts',
        from: "const CAPABILITY_SETS = ['bounding', 'effective', 'permitted'] as const;",
        to: "const CAPABILITY_SETS = ['bounding', 'effective', 'permitted', 'inheritable'] as const;",
      },
    ],
    fails: 'exec/capability',
  },
  {
    flaw: 'CVE-2023-25809',
    words:
      'what a user is shown of the host’s sysfs is as read-only as was asked for, with all that is below',
    where: 'newOrHosts',
    edits: [
      {
        file: 'runtime/compile/root/make-mount.ts',
        from: 'setAttributes(mount, set & ~MountAttr._ATIME, 0, 0, true),',
        to: '',
      },
    ],
    fails: 'mounts/sysfs-of-the-host-is-read-only-with-all-below',
    as: 'userns',
  },
  {
    flaw: 'CVE-2024-21626',
    words:
      'all descriptors but those asked for are close-on-exec from the beginning, and closed before a path of the image is looked up',
    where: 'sweepDescriptors',
    edits: [sweep, { ...letGo, to: '' }],
    fails: 'process/descriptors-of-the-caller-stay-outside',
  },
  {
    flaw: 'CVE-2024-21626',
    words: 'closed they must be, since links of /proc are followed before execve',
    where: 'letGoOfHost',
    edits: [letGo],
    fails: 'ways-out/run-finds-no-command-by-a-descriptor',
  },
  {
    flaw: 'CVE-2024-21626',
    words: 'hooks have none either',
    where: 'become_hook',
    edits: [
      {
        file: 'runtime/compile/hooks/hook-run.ts',
        from: "sys('close_range', [3, 0xffffffff, CLOSE_RANGE_CLOEXEC]),",
        to: '',
      },
      sweep,
    ],
    fails: 'hooks/descriptors-of-the-caller-stay-outside',
  },
  {
    flaw: 'CVE-2024-21626',
    words: 'the working directory lies inside the root',
    where: 'workingDirectory',
    edits: [
      {
        file: 'runtime/compile/process/process.ts',
        from: "guard(first, 'EQ', '/'.charCodeAt(0), errnos.EXDEV.number),",
        to: '',
      },
      letGo,
    ],
    fails: 'ways-out/exec-works-in-no-directory-of-the-host',
  },
  {
    flaw: 'CVE-2025-31133',
    words: 'what masks a file is a character device',
    where: 'nullDevice',
    edits: [
      {
        file: 'runtime/compile/root/masks.ts',
        from: "branch(value, 'NE', S_IFCHR, other),\n      load(value, 'U32', stat, Statx.RDEV_MAJOR),\n      branch(value, 'NE', 1, other),\n      load(value, 'U32', stat, Statx.RDEV_MINOR),\n      branch(value, 'EQ', 3, done),",
        to: 'jump(done),',
      },
    ],
    fails: 'inodes/null-device-of-the-container-is-a-file',
  },
  {
    flaw: 'CVE-2025-31133',
    words: 'and the null device at that',
    where: 'nullDevice',
    edits: [
      {
        file: 'runtime/compile/root/masks.ts',
        from: "branch(value, 'EQ', 3, done),",
        to: 'jump(done),',
      },
    ],
    fails: 'inodes/null-device-of-the-container-is-another-device',
  },
  {
    flaw: 'CVE-2025-52565',
    words: 'links of the image lead the console nowhere',
    where: 'createGuard',
    edits: [links],
    fails: 'links/terminal-onto-proc-is-refused',
  },
  {
    flaw: 'CVE-2025-52881',
    words: 'sysctls and labels are written through a procfs that is mounted nowhere',
    where: 'procActions',
    edits: [
      {
        file: 'runtime/compile/root/system.ts',
        from: "sys('openat', [proc, text(path), open.WRONLY",
        to: "sys('openat', [AT_FDCWD, text('/proc/' + path), open.WRONLY",
      },
    ],
    fails: 'sysctl/ipc-although-proc-sys-is-read-only',
  },
  {
    flaw: 'CVE-2025-52881',
    words: 'links of the image lead no mask onto a file system of the kernel',
    where: 'createGuard',
    edits: [links],
    fails: 'links/mask-onto-proc-is-refused',
  },
  {
    flaw: 'CVE-2026-30892',
    words: 'a user is numbers, and nothing else',
    where: 'userOf',
    edits: [
      {
        file: 'runtime/cli/exec-process.ts',
        from: "const [, user = '', group] = /^(\\d+)(?::(\\d+))?$/.exec(text) ?? [];\n  const uid = toId(user);",
        to: "const [, user = '', group] = /^(\\d*)(?::(\\d+))?/.exec(text) ?? [];\n  const uid = toId(user === '' ? '0' : user);",
      },
    ],
    fails: 'flaws/exec-as-a-group-alone-is-refused',
  },
  {
    flaw: 'CVE-2026-41579, CVE-2026-47766',
    words: '/dev is opened by no link',
    where: 'openDev',
    edits: [
      {
        file: 'runtime/compile/root/make-device.ts',
        from: "how: 'NOFOLLOW',\n        flags: open.PATH | open.DIRECTORY,\n      },\n      { to },",
        to: "how: 'FOLLOW',\n        flags: open.PATH | open.DIRECTORY,\n      },\n      { to },",
      },
    ],
    fails: 'links/devices-are-made-in-no-volume',
  },
  {
    flaw: 'CVE-2026-41579, CVE-2026-47766',
    words: 'and links below it do not lead out of it',
    where: 'makeDevice',
    edits: [
      {
        file: 'runtime/compile/root/make-device.ts',
        from: '/^\\/dev\\/(.+)$/.exec(d.path)?.[1];',
        to: 'undefined as string | undefined;',
      },
    ],
    fails: 'links/devices-stay-below-dev',
  },
];
