/** Logins that somebody has made awkward: limits that a user may set, variables, a tree that sees the host's /run. Accounts and trees are those of login-cases.ts. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { withDeadShareOn } from '../harness/dead-share.js';
import { caseList, good } from './case.js';
import {
  choose,
  homeOf,
  insistOnNoneLeft,
  loginRegistry,
  pamModule,
  pamtester,
  service,
  ssh,
  su,
  whyNoLogins,
} from './login.js';
import { base, chos, registry, writeRegistry } from './machine.js';

const { cases, test } = caseList('login: ');

const logins = (name: string, body: () => void | Promise<void>): void =>
  test(name, async () => {
    const why = whyNoLogins();
    if (why === undefined) await body();
    return why;
  });

logins('a login within a tree where /run is shared, and the list is seen, stays there without a word', () => {
  writeRegistry(loginRegistry);
  good(chos('tree', 'prepare', '--all'));
  choose('bob', null);
  const root = `${base}/elsewhere`;
  const layers = ['root', 'upper', 'work'].map(name => `${root}/${name}`);
  for (const layer of layers) mkdirSync(layer, { recursive: true });
  const [view = '', upper, work] = layers;
  const shared = ['/proc', '/dev', '/etc', '/run', '/mnt', dirname(pamModule)];
  const script = [
    `mount -t overlay -o lowerdir=/,upperdir=${upper},workdir=${work} overlay ${view}`,
    ...shared.map(place => `mkdir -p ${view}${place}; mount --rbind ${place} ${view}${place}`),
    `exec chroot ${view} pamtester strict bob open_session`,
  ];
  service('strict', 'required');
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-ec', script.join('\n')], {
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout, stderr], [0, 'pamtester: successfully opened a session\n', '']);
  // With the host's root it is a login of the host.
  const own = spawnSync('unshare', ['--mount', 'pamtester', 'strict', 'bob', 'open_session'], {
    encoding: 'utf8',
  });
  assert.match(own.stderr, /^pam_chos: .*; no session$/m);
  assert.equal(own.status, 1);
});

logins('words are one line that moves no cursor; an environment that is too long is called that', () => {
  choose('bob', 'a\u009b31mb\n');
  assert.match(pamtester('su', 'bob', 'open_session').stderr, /there is no tree "a {2}31mb"/);
  choose('bob', null);
  const file = `${base}/variables`;
  const lines = Array.from({ length: 2000 }, (_, i) => `V${i}=${'x'.repeat(900)}\n`);
  writeFileSync(file, lines.join(''));
  service('long', '', `session required pam_env.so conffile=/dev/null envfile=${file}`);
  assert.match(
    pamtester('long', 'bob', 'open_session').stderr,
    /^pam_chos: the environment of the session is longer than 1024 KiB; the session is on the host$/m,
  );
});

/** As many as the kernel takes, which are fewer than /etc/group gives him. */
const WITH_GROUPS = `import os, sys
os.setgroups(range(100000, 100000 + 65536))
os.setgid(1002)
os.setuid(1002)
os.execv(sys.argv[1], sys.argv[1:])`;

logins('70,000 groups: he logs in and works by chos, and rules for his groups hold', () => {
  const before = readFileSync('/etc/group');
  const lines = Array.from({ length: 70_000 }, (_, i) => `g${i}:x:${100_000 + i}:bob\n`);
  const where = 'cat /etc/os-release | grep ^ID=';
  try {
    writeRegistry({ ...loginRegistry, choices: [{ group: 'g60000', tree: 'two' }] });
    good(chos('tree', 'prepare', '--all'));
    choose('bob', null);
    service('su', 'required');
    appendFileSync('/etc/group', lines.join(''));
    assert.equal(good(su('bob', where)), 'ID=two\n');
    assert.equal(good(ssh('bob', where)), 'ID=two\n');
    const run = (...args: readonly string[]) =>
      good(
        spawnSync('python3', ['-c', WITH_GROUPS, `${homeOf('bob')}/chos`, ...args], {
          encoding: 'utf8',
          cwd: '/',
          env: { HOME: homeOf('bob'), PATH: '/bin' },
        }),
      );
    assert.equal(run('--which'), "two (the site's rule for group g60000)\n");
    assert.equal(run('--', 'cat', '/etc/os-release').split('\n')[0], 'ID=two');
    assert.match(run('--list'), /^\* one$/m);
    service('su', 'required exempt=@g69999');
    assert.doesNotMatch(good(su('bob', where)), /ID=two/);
  } finally {
    writeFileSync('/etc/group', before);
    service('su', '');
    writeRegistry(loginRegistry);
    good(chos('tree', 'prepare', '--all'));
  }
});

/** A daemon without a terminal, and with no standard streams either, which opens files of its own there while the session is open. */
const STREAMLESS = `import ctypes, os
pam = ctypes.CDLL("libpam.so.0")
CONV = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
class Conv(ctypes.Structure):
    _fields_ = [("conv", CONV), ("data", ctypes.c_void_p)]
conv, handle = Conv(CONV(lambda *_: 19), None), ctypes.c_void_p()
out = os.dup2(1, 100, False)
os.setsid()
for fd in range(3):
    os.close(fd)
tell = lambda *words: os.write(out, (" ".join(map(str, words)) + "\\n").encode())
pam.pam_start(b"su", b"bob", ctypes.byref(conv), ctypes.byref(handle))
began = pam.pam_open_session(handle, 0)
streams = [fd for fd in range(3) if os.path.lexists(f"/proc/self/fd/{fd}")]
tell(began, streams, [line for line in open("/etc/os-release") if line.startswith("ID=")][0].strip())
for fd in range(3):
    null = os.open("/dev/null", os.O_RDWR)
    if null != fd:
        os.dup2(null, fd)
        os.close(null)
tell(pam.pam_close_session(handle, 0), os.readlink("/proc/self/ns/mnt"))
pam.pam_end(handle, 0)`;

logins(
  'a program without a terminal and with closed standard streams: it opens nothing there, and is back when the session closes',
  () => {
    service('su', '');
    choose('bob', 'login\n');
    const child = spawnSync('python3', ['-c', STREAMLESS], { encoding: 'utf8', timeout: 20_000 });
    assert.deepEqual(
      [child.stdout, child.stderr],
      [`0 [] ID=login\n0 ${readlinkSync('/proc/self/ns/mnt')}\n`, ''],
    );
  },
);

logins('a user who lets nobody have a timer leaves no program behind', async () => {
  service('su', 'deadline=1');
  await withDeadShareOn(
    homeOf('bob'),
    () => {
      const limited = ['--sigpending=0:0', 'pamtester', 'su', 'bob', 'open_session'];
      const { stderr } = spawnSync('prlimit', limited, { encoding: 'utf8', timeout: 20_000 });
      assert.match(stderr, /does not end within 1 s: .*; the session is on the host$/m);
      insistOnNoneLeft();
    },
    true,
  );
  writeRegistry(registry);
  rmSync('/run/chos', { recursive: true });
  for (const tree of ['one', 'two', 'three', 'must', 'login']) chos('tree', 'release', tree);
});

export const loginHostileCases = cases;
