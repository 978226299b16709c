/**
 * The newest releases of the peers, by the names `crun-new` and `runc-new`: run only for the record of docs/conformance.md, never by `make test`. What they still do as the release of the
 * distribution does has its reason there; this is the rest.
 */
const links = 'follows links of the root onto the file systems of the kernel';

export const newest: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'crun-new': {
    'annotations/empty-key-is-refused': 'crun takes an empty key',
    'delete/stopped-one-and-the-id-is-free-again':
      'crun keeps an empty directory of its own in the state root',
    'devices/another-file-at-the-path-is-refused': 'crun leaves what is there in the place of the device',
    'empty/intel-rdt-values': 'crun wants resctrl also where nothing is asked of it',
    'errors/config-no-process': 'crun creates a container without a process',
    'errors/no-args': 'crun looks for a program without a name',
    'features/unsafe-annotations-are-named': 'crun names an annotation with a slash',
    'links/devices-are-made-in-no-volume': 'crun follows a link in the place of /dev',
    'links/bind-onto-proc-is-refused': `crun ${links}`,
    'links/mask-onto-proc-is-refused': `crun ${links}`,
    'links/readonly-onto-proc-is-refused': `crun ${links}`,
    'links/remount-of-sysfs-is-refused': `crun ${links}`,
    'links/terminal-onto-proc-is-refused': `crun ${links}`,
    'links/tmpfs-onto-proc-is-refused': `crun ${links}`,
    'mounts/remount-that-changes-nothing': 'crun changes the attributes of a remount without options',
    'rlimits/one-type-twice-is-refused': 'crun takes the last',
    'scheduling/idle': 'crun sets the nice value as well',
    'scheduling/priority-out-of-range-is-refused': 'crun does not say what is out of range',
    'seccomp/metadata-without-a-listener-is-told-of': 'crun does not tell',
  },
  'runc-new': {
    'hook-failures/poststop-is-logged': 'runc takes a failed poststop hook for a failure of delete',
    'hooks/failing-poststop-does-not-stop-delete':
      'runc takes a failed poststop hook for a failure of delete',
    'links/mask-onto-proc-is-refused': `runc ${links}`,
    'links/readonly-onto-proc-is-refused': `runc ${links}`,
    'links/remount-of-sysfs-is-refused': `runc ${links}`,
  },
};
