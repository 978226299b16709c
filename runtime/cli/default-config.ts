/** The configurations that `spec` writes. */
import { OCI_VERSION_MAX } from '../../spec/features.js';
import type { Config, Mount } from '../../spec/generated/config.js';

const mount = (destination: string, type: string, source: string, ...options: string[]): Mount =>
  options.length === 0 ? { destination, type, source } : { destination, type, source, options };

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What `runc spec` writes, but for the host name: a shell at a terminal, with little more than nothing. */
export function defaultConfig(): Config {
  const kept = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];
  return {
    ociVersion: OCI_VERSION_MAX,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: [PATH, 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: kept, effective: kept, permitted: kept },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'chos',
    mounts: [
      mount('/proc', 'proc', 'proc'),
      mount('/dev', 'tmpfs', 'tmpfs', 'nosuid', 'strictatime', 'mode=755', 'size=65536k'),
      mount(
        '/dev/pts',
        'devpts',
        'devpts',
        ...['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      ),
      mount('/dev/shm', 'tmpfs', 'shm', 'nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'),
      mount('/dev/mqueue', 'mqueue', 'mqueue', 'nosuid', 'noexec', 'nodev'),
      mount('/sys', 'sysfs', 'sysfs', 'nosuid', 'noexec', 'nodev', 'ro'),
      mount('/sys/fs/cgroup', 'cgroup', 'cgroup', 'nosuid', 'noexec', 'nodev', 'relatime', 'ro'),
    ],
    linux: {
      resources: { devices: [{ allow: false, access: 'rwm' }] },
      namespaces: [
        { type: 'pid' },
        { type: 'network' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'cgroup' },
      ],
      maskedPaths: [
        ...[
          '/proc/acpi',
          '/proc/asound',
          '/proc/kcore',
          '/proc/keys',
          '/proc/latency_stats',
          '/proc/timer_list',
        ],
        ...['/proc/timer_stats', '/proc/sched_debug', '/sys/firmware', '/proc/scsi'],
      ],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

/**
 * The whole host view of an environment: no namespace and no mount. CAP_SYS_ADMIN is not among the capabilities, or the launch would need its own
 * copy of the environment's mount namespace (docs/architecture.md, "Rules of shared views", 4); these are Podman's defaults.
 */
export function treeConfig(tree: string, path: string, shell = 'sh'): Config {
  const kept = [
    ...['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'],
    ...['CAP_SETFCAP', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_SETUID', 'CAP_SYS_CHROOT'],
  ];
  return {
    ociVersion: OCI_VERSION_MAX,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: [shell],
      env: [PATH, 'TERM=xterm', 'HOME=/root'],
      cwd: '/',
      capabilities: { bounding: kept, effective: kept, permitted: kept },
    },
    root: { path },
    annotations: { 'org.chos.tree': tree },
    linux: { namespaces: [] },
  };
}
