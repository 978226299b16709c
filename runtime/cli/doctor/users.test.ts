import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ann,
  directoryWith,
  type Files,
  forget,
  hostWith,
  subjectWith,
  told,
  type Who,
} from './test/made-up.js';
import { labels, parseSubordinate, states, subordinateIds, userNamespaces } from './users.js';

const look =
  (check: typeof labels) =>
  (files: Files = {}, who: Who = {}) =>
    told(check(subjectWith({ host: hostWith(files, who) })));

const namespaces = look(userNamespaces);
const ids = look(subordinateIds);

test('what keeps users from a user namespace is a fault for them, a note for root', () => {
  assert.equal(namespaces(), ['ok: users may make them']);
  for (const [file, value, words] of [
    ['/proc/sys/user/max_user_namespaces', '0', 'user.max_user_namespaces=15000'],
    ['/proc/sys/kernel/unprivileged_userns_clone', '0', 'kernel.unprivileged_userns_clone=1'],
    [
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
      '1',
      'kernel.apparmor_restrict_unprivileged_userns=0',
    ],
  ] as const) {
    const [forRoot, ...more] = namespaces({ [file]: `${value}\n` });
    assert.match(forRoot ?? '', /^note: /);
    assert.ok(forRoot?.includes(`| echo ${words} >/etc/sysctl.d/`), file);
    assert.equal(more, []);
    assert.match(namespaces({ [file]: `${value}\n` }, ann)[0] ?? '', /^fault: /);
    assert.match(namespaces({ [file]: `${value === '0' ? 1 : 0}\n` }, ann)[0] ?? '', /^ok: /);
  }
});

test('AppArmor counts where the kernel has it and lists it', () => {
  const on = { '/sys/module/apparmor/parameters/enabled': 'Y\n' };
  assert.match(look(labels)(on)[0] ?? '', /^ok: AppArmor is on/);
  assert.match(look(labels)({ ...on, '/sys/kernel/security/lsm': 'lockdown,yama' })[0] ?? '', /^ok: neither/);
});

test('lines of subuid', () => {
  assert.equal(parseSubordinate('# x\nann:100000:65536\n1001:5:6\nbad:x:1\n:1:2\n'), [
    { user: 'ann', first: 100_000, count: 65_536 },
    { user: '1001', first: 5, count: 6 },
  ]);
});

test('a user without a range gets one that nobody has', () => {
  assert.equal(ids({}, ann), ['ok: 1 user has a range']);
  const bob: Who = { euid: 1001, owner: "b'ob" };
  assert.equal(ids({}, bob), [
    "note: /etc/subuid has no line for b'ob: containers of images with more than one user do not work | usermod --add-subuids 165536-231071 'b'\\''ob'",
    "note: /etc/subgid has no line for b'ob: containers of images with more than one user do not work | usermod --add-subgids 165536-231071 'b'\\''ob'",
  ]);
  assert.match(ids({ '/etc/subuid': '1000:1:10\n' }, ann)[0] ?? '', /gives ann 10 ids/);
});

test('two users with the same ids', () => {
  const both = { '/etc/subuid': 'ann:100000:65536\nbob:165535:10\ncleo:165545:1\nann:100000:5\n' };
  assert.equal(ids(both), ['note: /etc/subuid gives the same ids to ann and bob']);
});

test('helpers that are not there, and ranges that come from elsewhere', () => {
  const prefix = directoryWith({ '/etc/subuid': 'ann:1:65536\n', '/etc/subgid': 'ann:1:65536\n' });
  assert.match(
    ids({}, { ...ann, prefix })[0] ?? '',
    /^note: newuidmap and newgidmap are not installed.* \| apt-get install uidmap/,
  );
  assert.equal(ids({ '/etc/nsswitch.conf': 'passwd: files\nsubid: sss\n', '/etc/subuid': '' }, ann), [
    'note: the ranges of users come from sss: not looked at',
  ]);
});

test('a user without a directory for states', () => {
  const host = hostWith({}, ann);
  assert.match(
    told(states(subjectWith({ host, stateRoot: null })))[0] ?? '',
    /^fault: .*\/run\/user\/1000 .* \| loginctl enable-linger ann/,
  );
  assert.equal(told(states(subjectWith())), ['ok: /run/chos-runtime']);
});

test.after(forget);
test.run();
