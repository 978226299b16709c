import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { probeUserNamespace } from './user-namespace.js';

const process = (namespace: string | null, files: Record<string, string>) => ({
  link: () => namespace,
  read: (path: string) => files[path] ?? null,
});

test('that of the host is none, however it is mapped', () => {
  assert.is(probeUserNamespace(process('user:[4026531837]', {})), null);
  assert.is(probeUserNamespace(process(null, {})), null, 'a kernel without user namespaces');
});

test('one that maps every id to itself is not that of the host', () => {
  const whole = '         0          0 4294967295\n';
  const files = {
    '/proc/self/uid_map': whole,
    '/proc/self/gid_map': whole,
    '/proc/self/setgroups': 'allow\n',
  };
  const every = [{ first: 0, count: 4294967295 }];
  assert.equal(probeUserNamespace(process('user:[4026532001]', files)), {
    uids: every,
    gids: every,
    setgroups: true,
  });
});

test('ranges, and a denied setgroups', () => {
  const files = {
    '/proc/self/uid_map': '         0       1000          1\n         1     200000      65536\n',
    '/proc/self/gid_map': '         0       1000          1\n',
    '/proc/self/setgroups': 'deny\n',
  };
  assert.equal(probeUserNamespace(process('user:[4026532001]', files)), {
    uids: [
      { first: 0, count: 1 },
      { first: 1, count: 65536 },
    ],
    gids: [{ first: 0, count: 1 }],
    setgroups: false,
  });
});

test.run();
