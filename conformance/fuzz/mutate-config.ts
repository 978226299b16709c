/** config.json, changed in ways that a careless tool, an attacker or a typing error might. */
import { defaultConfig } from '../../runtime/cli/default-config.js';
import type { Random } from '../harness/random.js';
import { brokenText, type Json, mutateAnywhere, numbers, texts } from './mutate-json.js';

const options = [
  ...[
    'ro',
    'rw',
    'bind',
    'rbind',
    'nosuid',
    'rnosuid',
    'noexec',
    'private',
    'rshared',
    'slave',
    'unbindable',
  ],
  ...[
    'tmpcopyup',
    'size=1k',
    'size=-1',
    'size=x',
    'mode=755',
    'mode=99999',
    'idmap',
    'ridmap',
    'nosymfollow',
  ],
  ...[
    'relatime',
    'strictatime',
    'copy-symlink',
    'src-nofollow',
    'dest-nofollow',
    'remount',
    'context="a"',
    '',
    ',',
    'x=y',
    'x'.repeat(5_000),
  ],
] as const;
const destinations = [
  ...[
    '/',
    '/dev',
    '/dev/null',
    '/proc',
    '/proc/self',
    '/proc/sys/kernel',
    '/sys',
    '/sys/fs/cgroup',
    'relative',
    '',
  ],
  ...[
    '/a/../../b',
    '/link/x',
    '/loop/x',
    '/etc/passwd',
    '/etc/passwd/x',
    '/new/dir',
    '/.',
    '//a//b/',
    '/dev/pts/ptmx',
  ],
] as const;
const types = [
  'bind',
  'tmpfs',
  'proc',
  'sysfs',
  'devpts',
  'mqueue',
  'cgroup',
  'cgroup2',
  'ext4',
  'overlay',
  'none',
  'x',
  '',
] as const;
const sources = [
  'tmpfs',
  '/',
  '/usr',
  '/etc/hostname',
  '/nonexistent',
  'rootfs',
  '.',
  '',
  '/proc',
  '/dev/null',
] as const;
const kinds = ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup', 'user', 'time', 'x'] as const;

/** Sockets of agents: none of them answers. */
const listeners = [
  ...[
    '',
    '/',
    'relative',
    '/nonexistent',
    '/etc/passwd',
    '/dev/null',
    '/a\0b',
    '@abstract',
    '/proc/self/fd/3',
  ],
  `/${'x'.repeat(107)}`,
  `/${'x'.repeat(5_000)}`,
] as const;

/** Change what mounts, namespaces, limits and the like can really say. */
function mutateSensibly(random: Random, config: { [name: string]: Json }): void {
  const linux = objectOf(config, 'linux');
  const process = objectOf(config, 'process');
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      listOf(config, 'mounts').splice(random.below(9), random.below(2), {
        destination: random.pick(destinations),
        ...(random.chance(80) ? { type: random.pick(types) } : {}),
        ...(random.chance(80) ? { source: random.pick(sources) } : {}),
        options: Array.from({ length: random.below(4) }, () => random.pick(options)),
      });
      return;
    case 3:
      linux.namespaces = kinds.flatMap(type =>
        random.chance(60)
          ? [
              {
                type,
                ...(random.chance(15)
                  ? { path: random.pick([`/proc/self/ns/${type}`, '/nonexistent', '/etc/passwd', '']) }
                  : {}),
              },
            ]
          : [],
      );
      return;
    case 4:
      config.hooks = {
        [random.pick([
          'prestart',
          'createRuntime',
          'createContainer',
          'startContainer',
          'poststart',
          'poststop',
          'x',
        ])]: [
          {
            path: random.pick(['/bin/false', '/bin/true', '/nonexistent', '/etc/passwd', 'relative', '/']),
            ...(random.chance(50) ? { args: random.chance(50) ? ['x'] : [] } : {}),
            ...(random.chance(30) ? { timeout: random.pick([-1, 0, 1, 1e12]) } : {}),
          },
        ],
      };
      return;
    case 5:
      process.rlimits = [
        {
          type: random.pick([
            'RLIMIT_NOFILE',
            'RLIMIT_CORE',
            'RLIMIT_AS',
            'RLIMIT_X',
            'RLIMIT_NPROC',
            'RLIMIT_STACK',
          ]),
          soft: random.pick(numbers),
          hard: random.pick(numbers),
        },
      ];
      return;
    case 6:
      linux.devices = [
        {
          path: random.pick(['/dev/x', '/x', 'x', '/dev/null', '/dev/../y', '/proc/x', '/dev/pts/9', '/dev']),
          type: random.pick(['c', 'b', 'p', 'u', 'x']),
          major: random.pick([1, 10, -1, 0, 2 ** 40]),
          minor: random.pick([3, 0, -1, 2 ** 40]),
          fileMode: random.pick([0o666, 0o100666, 2 ** 20, -1]),
        },
      ];
      return;
    case 7:
      linux.seccomp = {
        defaultAction: random.pick([
          'SCMP_ACT_ALLOW',
          'SCMP_ACT_ERRNO',
          'SCMP_ACT_KILL',
          'SCMP_ACT_NOTIFY',
          'x',
        ]),
        ...(random.chance(50)
          ? {
              architectures: [
                random.pick(['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_ARM', 'x']),
              ],
            }
          : {}),
        ...(random.chance(30)
          ? { flags: [random.pick(['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_TSYNC', 'x'])] }
          : {}),
        ...(random.chance(30) ? { listenerPath: random.pick(listeners) } : {}),
        ...(random.chance(30) ? { listenerMetadata: random.pick(texts) } : {}),
        syscalls: Array.from({ length: random.below(30) }, () => ({
          names: [random.pick(['read', 'write', 'execve', 'clone3', 'nonsense', 'socket'])],
          action: random.pick([
            'SCMP_ACT_ALLOW',
            'SCMP_ACT_ERRNO',
            'SCMP_ACT_LOG',
            'SCMP_ACT_TRAP',
            'SCMP_ACT_NOTIFY',
          ]),
          ...(random.chance(30) ? { errnoRet: random.pick([1, 0, 38, 5000, -1]) } : {}),
          ...(random.chance(40)
            ? {
                args: [
                  {
                    index: random.below(8),
                    value: random.pick(numbers),
                    op: random.pick(['SCMP_CMP_EQ', 'SCMP_CMP_LT', 'SCMP_CMP_MASKED_EQ', 'x']),
                  },
                ],
              }
            : {}),
        })),
      };
      return;
    case 8:
      process.user = {
        uid: random.pick([0, 1000, 2 ** 32 - 1, -1]),
        gid: random.pick([0, 5, 2 ** 32]),
        umask: random.pick([0, 0o22, 0o7777, -1]),
        additionalGids: [random.pick([1, 2 ** 33])],
      };
      return;
    case 9:
      process.cwd = random.pick([
        '/',
        '/root',
        '/new',
        '/etc/passwd',
        'x',
        '',
        '/proc/self/fd/5',
        '/link',
        '/loop',
      ]);
      return;
    case 10:
      linux.resources = random.pick<Json>([
        { memory: { limit: 1 } },
        { memory: { limit: -1, swap: 5 } },
        { pids: { limit: 1 } },
        { cpu: { quota: 1, period: 1 } },
        { cpu: { cpus: '0-999', mems: 'x' } },
        { devices: [{ allow: true, type: 'c', major: 1, minor: 3, access: 'xyz' }] },
        { unified: { 'memory.max': '1', '../x': '1', 'cgroup.kill': '1' } },
        { hugepageLimits: [{ pageSize: '2MB', limit: 1 }] },
        { blockIO: { weight: 5 } },
        { network: { classID: 1 } },
      ]);
      return;
    case 11:
      linux[random.pick(['maskedPaths', 'readonlyPaths'])] = [
        random.pick(destinations),
        random.pick(destinations),
      ];
      return;
    case 12:
      linux.sysctl = {
        [random.pick(['net.ipv4.ip_forward', 'kernel.shm_rmid_forced', 'kernel.hostname', '../x', 'x'])]:
          random.pick(['1', '', 'x\ny']),
      };
      return;
    case 13:
      linux.intelRdt = {
        closID: random.pick(['', '/', '..', 'a/b', 'info', 'box', 'a\nb']),
        ...(random.chance(50) ? { l3CacheSchema: random.pick(['L3:0=f', 'MB:0=1', ':', '=', 'L3:']) } : {}),
        ...(random.chance(50) ? { memBwSchema: random.pick(['MB:0=20', 'L3:0=1', '']) } : {}),
        ...(random.chance(30) ? { schemata: [random.pick(texts)] } : {}),
      };
      return;
    case 14:
      process.scheduler = {
        policy: random.pick(['SCHED_OTHER', 'SCHED_FIFO', 'SCHED_DEADLINE', 'SCHED_ISO', 'x']),
        ...(random.chance(40) ? { nice: random.pick(numbers) } : {}),
        ...(random.chance(40) ? { priority: random.pick(numbers) } : {}),
        ...(random.chance(40) ? { runtime: random.pick(numbers), deadline: random.pick(numbers) } : {}),
        ...(random.chance(30)
          ? { flags: [random.pick(['SCHED_FLAG_RESET_ON_FORK', 'SCHED_FLAG_RECLAIM', 'x'])] }
          : {}),
      };
      return;
    default:
      process.args = random.pick<Json>([
        [],
        [''],
        ['/nonexistent'],
        ['/etc/passwd'],
        ['/'],
        ['x'.repeat(200_000)],
        ['busybox', 'true'],
        ['../x'],
      ]);
  }
}

function objectOf(holder: { [name: string]: Json }, name: string): { [name: string]: Json } {
  const value = holder[name];
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value;
  const fresh: { [name: string]: Json } = {};
  holder[name] = fresh;
  return fresh;
}

function listOf(holder: { [name: string]: Json }, name: string): Json[] {
  const value = holder[name];
  if (Array.isArray(value)) return value;
  const fresh: Json[] = [];
  holder[name] = fresh;
  return fresh;
}

/** The text of a config.json: the default one with one to four changes; sometimes broken as a text. */
export function mutatedConfig(random: Random): string {
  const config = JSON.parse(JSON.stringify(defaultConfig())) as { [name: string]: Json };
  const process = objectOf(config, 'process');
  process.terminal = false;
  process.args = ['/bin/busybox', 'sleep', '3600'];
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    if (random.chance(50)) mutateSensibly(random, config);
    else mutateAnywhere(random, config);
  }
  return brokenText(random, config);
}
