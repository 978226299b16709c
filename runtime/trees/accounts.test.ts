import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MERGED } from './accounts.js';

const passwd = (tree: string, host: string): readonly string[] =>
  MERGED['/etc/passwd']?.(tree, host).split('\n') ?? [];

test('the system is the tree’s, users are the host’s, and what clashes with nothing comes along', () => {
  const tree =
    'root:x:0:0:r:/root:/bin/bash\ndaemon:x:2:2::/:/bin/false\nimage:x:1000:1000::/home/image:/bin/sh\nnobody:x:65534:65534::/:/x\n';
  const host =
    'root:x:0:0:h:/root:/bin/zsh\nbin:x:2:2::/:/x\ndaemon:x:1:1::/:/x\nslurm:x:400:400::/:/x\nnobody:x:65534:65534:h:/:/x\nann:x:1000:1000::/home/ann:/bin/bash\n';
  assert.equal(passwd(tree, host), [
    'root:x:0:0:r:/root:/bin/bash',
    'daemon:x:2:2::/:/bin/false',
    'nobody:x:65534:65534::/:/x',
    'slurm:x:400:400::/:/x',
    'ann:x:1000:1000::/home/ann:/bin/bash',
    '',
  ]);
});

test('a user of the host whose name is one of the tree’s system is himself', () => {
  const tree = 'root:x:0:0::/:/x\nann:x:300:300::/:/x\n';
  assert.equal(passwd(tree, 'ann:x:1001:1001::/home/ann:/bin/sh\n'), [
    'root:x:0:0::/:/x',
    'ann:x:1001:1001::/home/ann:/bin/sh',
    '',
  ]);
});

test('without a file of the tree, or of the host; lines that are none', () => {
  assert.equal(passwd('', 'root:x:0:0::/:/x\nann:x:1001:1::/:/x'), [
    'root:x:0:0::/:/x',
    'ann:x:1001:1::/:/x',
    '',
  ]);
  assert.equal(passwd('root:x:0:0::/:/x\n', ''), ['root:x:0:0::/:/x', '']);
  const odd =
    '+::::::\n# x:x:1:1:::\nshort:x:1\n:x:5:5:::\na:x:-1:1:::\nb:x:1e3:1:::\n-c:x:7:7:::\nd:x:99999999999:1:::\n';
  assert.equal(passwd(odd, odd), ['']);
});

test('a byte of a letter that would be a space by itself is none', () => {
  const user = 'p\xc3\xa0ul:x:1003:1003::/home/p:/bin/sh';
  assert.equal(passwd('', `${user}\n`), [user, '']);
  assert.is(MERGED['/etc/group']?.('', 'g\xc3\xa0:x:1500:p\xc3\xa0ul\n'), 'g\xc3\xa0:x:1500:p\xc3\xa0ul\n');
  for (const space of [' ', '\t', '\v', '\f', '\r'])
    assert.equal(passwd(`${space}a:x:1:1::/:/x\nb${space}:x:2:2::/:/x\n`, ''), ['']);
});

test('groups keep their members', () => {
  const tree = 'root:x:0:\nvideo:x:39:\nown:x:2000:\n';
  const host = 'root:x:0:\nvideo:x:44:ann\nphysics:x:1500:ann,bob\n';
  assert.is(MERGED['/etc/group']?.(tree, host), 'root:x:0:\nvideo:x:39:\nphysics:x:1500:ann,bob\n');
});

test.run();
