import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { test } from '../case.js';
import type { Podman } from '../podman.js';
import { type Seen, script, seen } from '../seen.js';

/** A script that sees the directory and the file it is given, under options made from their paths. */
function volumes(
  name: string,
  options: (dir: string, podman: Podman) => readonly string[],
  text: string,
  expected: string | RegExp,
  code = 0,
): void {
  test(`filesystem/${name}`, {
    observe: async podman => {
      const dir = join(podman.dir, 'shared');
      mkdirSync(join(dir, 'below'), { recursive: true });
      writeFileSync(join(dir, 'file'), 'content\n');
      return script(podman, options(dir, podman), text);
    },
    expect: (found: Seen) => {
      assert.is(found.code, code, found.stderr);
      const all = [found.stdout, found.stderr].filter(part => part !== '').join('\n');
      if (typeof expected === 'string') assert.is(all, expected);
      else assert.match(all, expected);
    },
  });
}

const optionsOf = (at: string) => `grep " ${at} " /proc/self/mountinfo | cut -d" " -f6`;

volumes(
  'directory',
  dir => ['-v', `${dir}:/new/place`],
  'cat /new/place/file; touch /new/place/made; ls /new/place',
  'content\nbelow\nfile\nmade',
);
volumes(
  'file',
  dir => ['-v', `${dir}/file:/etc/passwd`],
  'cat /etc/passwd; echo more >>/etc/passwd',
  'content',
);
volumes('file-over-missing', dir => ['-v', `${dir}/file:/a/b/c`], 'cat /a/b/c', 'content');
volumes('read-only', dir => ['-v', `${dir}:/x:ro`], 'touch /x/y', /Read-only file system/, 1);
volumes(
  'mount-options',
  dir => ['-v', `${dir}:/x:noexec,nosuid,nodev`],
  optionsOf('/x'),
  /nosuid,nodev,noexec/,
);
volumes('rslave', dir => ['-v', `${dir}:/x:rslave`], 'echo ok', 'ok');
volumes('through-a-symlink', dir => ['-v', `${dir}:/link/x`], 'ls /link/x', 'below\nfile');
volumes('named-volume', () => ['-v', 'volume:/x'], 'echo kept >/x/y; cat /x/y', 'kept');
volumes(
  'mount-bind',
  dir => ['--mount', `type=bind,source=${dir},destination=/x,ro=true`],
  'touch /x/y',
  /Read-only/,
  1,
);
volumes(
  'mount-tmpfs',
  () => ['--mount', 'type=tmpfs,destination=/x,tmpfs-size=1m'],
  'df -k /x | tail -1 | tr -s " " | cut -d" " -f2',
  '1024',
);
volumes('mount-devpts', () => ['--mount', 'type=devpts,destination=/x'], 'ls /x', 'ptmx');
volumes(
  'tmpfs',
  () => ['--tmpfs', '/x:size=2m,mode=700,noexec'],
  `${optionsOf('/x')}; stat -c %a /x; df -k /x | tail -1 | tr -s " " | cut -d" " -f2`,
  /noexec.*\n700\n2048/,
);
volumes('tmpfs-copies-up', () => ['--tmpfs', '/home'], 'ls /home', 'alice');
volumes('tmpfs-without-copy', () => ['--tmpfs', '/home:notmpcopyup'], 'ls /home', '');
volumes(
  'read-only-root',
  () => ['--read-only'],
  'touch /x; touch /tmp/ok /run/ok /dev/shm/ok && echo ok',
  /^ok\n.*Read-only/,
);
volumes(
  'read-only-root-without-tmpfs',
  () => ['--read-only', '--read-only-tmpfs=false'],
  'touch /tmp/x',
  /Read-only/,
  1,
);
volumes(
  'shm-size',
  () => ['--shm-size', '3m'],
  'df -k /dev/shm | tail -1 | tr -s " " | cut -d" " -f2',
  '3072',
);
volumes(
  'device',
  () => ['--device', '/dev/loop-control:/dev/other:rw'],
  'stat -c "%F %t:%T" /dev/other',
  'character special file a:ed',
);
volumes(
  'device-directory',
  () => [],
  'ls /dev | grep -v ^core; stat -c %a /dev/null; echo x >/dev/null; head -c4 /dev/zero | wc -c',
  /^fd\nfull\n[\s\S]*\n666\n4$/,
);
volumes('device-not-allowed', () => ['--cap-add', 'MKNOD'], 'mknod /x b 7 0 && cat /x', /not permitted/, 1);
volumes(
  'device-cgroup-rule',
  () => ['--device-cgroup-rule', 'c 10:237 rwm', '--cap-add', 'MKNOD'],
  'mknod /x c 10 237 && : </x && echo opened',
  'opened',
);
volumes('masked', () => [], 'ls /sys/firmware; cat /proc/keys /proc/timer_list | wc -c', /^0$/);
volumes('read-only-paths', () => [], 'echo 1 >/proc/sysrq-trigger', /Read-only|can't create/, 1);
volumes('unmask', () => ['--security-opt', 'unmask=ALL'], optionsOf('/proc/sys'), '');
volumes('mask', () => ['--security-opt', 'mask=/proc/version:/etc'], 'wc -c </proc/version; ls /etc', '0');

test('filesystem/hosts-and-resolver', {
  observe: podman =>
    script(
      podman,
      ['--add-host', 'peer:10.1.2.3', '--hostname', 'box'],
      'grep -c peer /etc/hosts; printf %s "$(cat /etc/hostname)" | wc -c',
    ),
  expect: found => assert.equal(found, { code: 0, stdout: '1\n3', stderr: '' }),
});

test('filesystem/rootfs', {
  observe: async podman => {
    const args = ['run', '--rm', ...podman.common, '--rootfs', podman.place.tree, 'sh', '-c'];
    const made = await podman.call([...args, 'cat /etc/group | wc -l; echo written >/etc/made']);
    return { made: seen(podman, made), outside: readFileSync(join(podman.place.tree, 'etc/made'), 'utf8') };
  },
  expect: found => {
    assert.equal(found.made, { code: 0, stdout: '3', stderr: '' });
    assert.is(found.outside, 'written\n');
  },
});

test('filesystem/rootfs-read-only', {
  observe: async podman => {
    const args = [
      'run',
      '--rm',
      ...podman.common,
      '--read-only',
      '--rootfs',
      podman.place.tree,
      'touch',
      '/etc/made',
    ];
    return seen(podman, await podman.call(args));
  },
  expect: found => {
    assert.is(found.code, 1);
    assert.match(found.stderr, /Read-only/);
  },
});

test('filesystem/rootfs-missing', {
  observe: async podman => {
    const args = ['run', '--rm', ...podman.common, '--rootfs', join(podman.dir, 'nothing'), 'true'];
    return seen(podman, await podman.call(args));
  },
  // crun says "No such file or directory" of the path as well, in its own words.
  compare: found => found.code,
  expect: found => {
    assert.ok(found.code >= 125, `exit code ${found.code}`);
    assert.match(found.stderr, /nothing/);
  },
});

test('filesystem/hooks-dir', {
  observe: async podman => {
    const hooks = join(podman.dir, 'hooks');
    const log = join(podman.dir, 'log');
    mkdirSync(hooks);
    const run = `printf '%s ' "$1" >>${log}; cat >>${log}; echo >>${log}`;
    for (const stage of ['createRuntime', 'createContainer', 'poststart', 'poststop']) {
      const hook = {
        version: '1.0.0',
        hook: { path: '/bin/sh', args: ['sh', '-c', run, 'sh', stage] },
        when: { always: true },
        stages: [stage],
      };
      writeFileSync(join(hooks, `${stage}.json`), JSON.stringify(hook));
    }
    const finished = await podman.call([
      '--hooks-dir',
      hooks,
      'run',
      '--rm',
      ...podman.common,
      'bb',
      'echo',
      'container',
    ]);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    return {
      finished: seen(podman, finished),
      stages: lines.map(line => line.slice(0, line.indexOf(' '))),
      ids: lines.map(line => (JSON.parse(line.slice(line.indexOf(' '))) as { id: string }).id.length),
    };
  },
  expect: found => {
    assert.is(found.finished.stdout, 'container');
    assert.equal(found.stages, ['createRuntime', 'createContainer', 'poststart', 'poststop']);
    assert.equal(found.ids, [64, 64, 64, 64]);
  },
});

test('filesystem/hook-fails', {
  observe: async podman => {
    const hooks = join(podman.dir, 'hooks');
    mkdirSync(hooks);
    const hook = {
      version: '1.0.0',
      hook: { path: '/bin/sh', args: ['sh', '-c', 'exit 9'] },
      when: { always: true },
      stages: ['createRuntime'],
    };
    writeFileSync(join(hooks, 'hook.json'), JSON.stringify(hook));
    return seen(
      podman,
      await podman.call(['--hooks-dir', hooks, 'run', '--rm', ...podman.common, 'bb', 'true']),
    );
  },
  compare: found => found.code,
  expect: found => {
    assert.is(found.code, 126);
    assert.match(found.stderr, /createRuntime|hook/);
  },
});

/** Where something is mounted. Podman's own order changes; the cgroup v2 of a hybrid host is not there under crun. */
const mountPoints = (found: Seen) =>
  found.stdout
    .split('\n')
    .filter(at => !at.endsWith('/unified'))
    .sort();

test('filesystem/mount-table', {
  observe: podman => script(podman, [], 'cut -d" " -f5 /proc/self/mountinfo'),
  compare: found => mountPoints(found).filter(at => at !== '/sys/fs/cgroup/systemd'),
  expect: found => {
    const points = mountPoints(found);
    for (const at of [
      '/',
      '/proc',
      '/dev',
      '/dev/pts',
      '/dev/shm',
      '/dev/mqueue',
      '/sys',
      '/sys/fs/cgroup',
      '/etc/hosts',
    ])
      assert.ok(points.includes(at), at);
  },
});

test('filesystem/systemd-always', {
  observe: podman =>
    script(
      podman,
      ['--systemd', 'always'],
      'cut -d" " -f5 /proc/self/mountinfo; touch /run/a /tmp/b /run/lock/c && mkdir /sys/fs/cgroup/systemd/made && rmdir /sys/fs/cgroup/systemd/made && echo ok',
    ),
  compare: found => new Set(mountPoints(found)).size,
  expect: found => {
    assert.equal([found.code, found.stderr], [0, '']);
    for (const at of ['/run', '/run/lock', '/tmp', '/var/log/journal', '/sys/fs/cgroup/systemd', 'ok'])
      assert.ok(found.stdout.split('\n').includes(at), at);
  },
});
