/** config.json, changed in ways that a careless tool, an attacker or a typing error might. */
import { defaultConfig } from '../../runtime/cli/default-config.js';
import type { Random } from '../harness/random.js';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const texts = [
  '',
  '/',
  '..',
  '../../../etc/passwd',
  '/proc/self/fd/3',
  'a\0b',
  'a\nb',
  '\u001b[31m',
  '\ud800',
  'é',
  'x'.repeat(300),
  'x'.repeat(70_000),
  '/a'.repeat(3_000),
  '%s%n',
  '-1',
  '"',
  '\\',
] as const;
const numbers = [
  -1,
  0,
  1,
  0.5,
  1e308,
  -0,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  -(2 ** 63),
  1e-9,
] as const;

function anything(random: Random): Json {
  switch (random.below(8)) {
    case 0:
      return null;
    case 1:
      return random.chance(50);
    case 2:
      return random.pick(numbers);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return [random.pick(numbers), random.pick(texts), null];
    default:
      return random.pick(texts);
  }
}

/** Every place in a value that can be changed: its holder and its name there. */
function places(value: Json): { holder: Json[] | { [name: string]: Json }; name: string | number }[] {
  if (value === null || typeof value !== 'object') return [];
  const names = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return names.flatMap(name => [{ holder: value, name }, ...places(get(value, name))]);
}

function get(holder: Json[] | { [name: string]: Json }, name: string | number): Json {
  return (holder as { [name: string | number]: Json })[name] ?? null;
}

function set(holder: Json[] | { [name: string]: Json }, name: string | number, value: Json): void {
  (holder as { [name: string | number]: Json })[name] = value;
}

/** Change anything anywhere. */
function mutateAnywhere(random: Random, config: Json): void {
  const all = places(config);
  const place = all[random.below(all.length)];
  if (place === undefined) return;
  const { holder, name } = place;
  const value = get(holder, name);
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(name), 1);
      else delete holder[String(name)];
      return;
    case 1:
      if (Array.isArray(holder)) holder.push(structuredClone(value));
      else holder[`${String(name)}x`] = structuredClone(value);
      return;
    case 2:
      if (typeof value === 'string') set(holder, name, value + random.pick(texts));
      else if (typeof value === 'number') set(holder, name, random.pick(numbers));
      else set(holder, name, anything(random));
      return;
    case 3: {
      const other = all[random.below(all.length)];
      if (other !== undefined) set(holder, name, structuredClone(get(other.holder, other.name)));
      return;
    }
    case 4:
      if (Array.isArray(value))
        set(
          holder,
          name,
          Array.from({ length: 1 + random.below(60) }, () => structuredClone(value[0] ?? 'x')),
        );
      else set(holder, name, anything(random));
      return;
    default:
      set(holder, name, anything(random));
  }
}

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
  ...['relatime', 'strictatime', 'copy-symlink', 'remount', 'context="a"', '', ',', 'x=y', 'x'.repeat(5_000)],
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

/** Change what mounts, namespaces, limits and the like can really say. */
function mutateSensibly(random: Random, config: { [name: string]: Json }): void {
  const linux = objectOf(config, 'linux');
  const process = objectOf(config, 'process');
  switch (random.below(14)) {
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
        syscalls: Array.from({ length: random.below(30) }, () => ({
          names: [random.pick(['read', 'write', 'execve', 'clone3', 'nonsense', 'socket'])],
          action: random.pick(['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO', 'SCMP_ACT_LOG', 'SCMP_ACT_TRAP']),
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
  const text = JSON.stringify(config, null, random.pick([0, 2]));
  if (!random.chance(5)) return text;
  const at = random.below(text.length);
  return random.chance(50) ? text.slice(0, at) : text.slice(0, at) + random.pick(texts) + text.slice(at);
}
