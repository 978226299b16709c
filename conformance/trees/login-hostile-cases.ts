/** Logins that somebody has made awkward: limits that a user may set, variables, a tree that sees the host's /run. Accounts and trees are those of login-cases.ts. */
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
