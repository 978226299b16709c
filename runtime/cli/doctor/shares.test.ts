import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { automounts, parseAutomounts, propagation, shares } from './shares.js';
import type { Subject } from './subject.js';
import { answers, forget, hostWith, MOUNTS, registryOf, subjectWith, told } from './test/made-up.js';

const site = registryOf({
  'site.json': {
    shares: [
      { path: '/home' },
      { path: '/scratch' },
      { path: '/data', readonly: true },
      { path: '/extra', optional: true },
    ],
  },
});
const look = (given: Partial<Subject>) => told(shares(subjectWith({ ...site, ...given })));

test('a share that does not answer is told by its server, with the way to let it go', () => {
  const given = answers({ '/home': 'silent', '/scratch': 'answered', '/data': 'answered' });
  assert.equal(look({ answers: given }), [
    'fault: /home (nfs4 filer1:/home on /home) did not answer within 3000 ms: whoever goes there waits for its server | umount -f -l /home',
  ]);
});

test('the root is never to be unmounted, an automounter is to be started anew', () => {
  const given = answers({ '/data': 'silent' });
  assert.match(
    look({ answers: given })[0] ?? '',
    /^fault: \/data \(ext4 \/dev\/sda1 on \/\) did not answer [^|]*$/,
  );
  const mountinfo = `${MOUNTS}\n32 20 0:42 / /data rw shared:3 - autofs auto.data rw,fd=5,pgrp=1`;
  assert.match(look({ answers: given, mountinfo })[0] ?? '', /\| systemctl restart autofs$/);
});

test('slow, stale, left out, not asked', () => {
  assert.match(look({ answers: answers({ '/home': 'answered' }, 1500) })[0] ?? '', /^note: .*took 1500 ms/);
  assert.match(
    look({ answers: answers({ '/scratch': 'failed' }) })[0] ?? '',
    /^fault: .*: [Ss]tale.* \| umount -f -l \/scratch/,
  );
  assert.match(look({ answers: answers({ '/home': 'unasked' }) })[0] ?? '', /^note: \/home was not asked/);
  const missing = new Map([['/extra', { kind: 'failed', code: 'ENOENT' } as const]]);
  assert.match(look({ answers: missing })[0] ?? '', /^note: \/extra is not there, and left out/);
});

test('what is no share, but gone to, is told as well', () => {
  const lines = look({ answers: answers({ '/home/ann': 'silent' }) });
  assert.match(lines[0] ?? '', /^fault: \/home\/ann \(nfs4 filer1:\/home on \/home\)/);
  assert.equal(look({ answers: answers({ '/home': 'answered', '/ostrees/a': 'failed' }) }), [
    'ok: 4 shares answer',
  ]);
});

const spread = (given: Partial<Subject>) => told(propagation(subjectWith({ ...site, ...given })));

test('what is mounted below a share that is not shared shows up nowhere', () => {
  assert.equal(spread({}), [
    'note: /scratch is not shared: what is mounted below it later shows up in no tree | mount --make-shared /scratch',
  ]);
  assert.equal(spread({ answers: answers({ '/scratch': 'silent' }) }), [
    'ok: what is mounted below shares later shows up in trees',
  ]);
});

test('a root that is not shared, and another mount namespace than that of process 1', () => {
  const mountinfo = MOUNTS.replaceAll(/ shared:\d+/g, '');
  const lines = spread({ mountinfo, atHome: false });
  assert.match(lines[0] ?? '', /not the mount namespace of process 1/);
  assert.match(lines[1] ?? '', /\| mount --make-rshared \/$/);
  assert.is(lines.length, 4);
});

const autofs = (point: string, options: string): string =>
  `40 20 0:50 / ${point} rw,relatime shared:9 - autofs systemd-1 rw,${options}`;

test('lines of autofs', () => {
  const text = [
    autofs('/net\\040a', 'fd=42,pgrp=7,timeout=0,indirect'),
    autofs('/b', 'fd=-1,pgrp=0'),
    MOUNTS,
  ].join('\n');
  assert.equal(parseAutomounts(text), [
    { point: '/net a', group: 7, abandoned: false },
    { point: '/b', group: null, abandoned: true },
  ]);
});

test('an automounter that has ended', () => {
  const processes = { '/proc/1/stat': '', '/proc/7/stat': '' };
  const look = (text: string, host = hostWith(processes)) =>
    told(automounts(subjectWith({ ...site, host, mountinfo: `${MOUNTS}\n${text}` })));
  assert.equal(look(autofs('/net', 'fd=42,pgrp=7')), ['ok: 1 point of autofs']);
  for (const options of ['fd=42,pgrp=8', 'fd=-1,pgrp=7'])
    assert.match(look(autofs('/net', options))[0] ?? '', /^fault: .* \/net: .* \| systemctl restart autofs/);
  assert.match(
    look(autofs('/data/proj', 'fd=42,pgrp=7'))[0] ?? '',
    /^note: \/data\/proj is below a share that is read-only/,
  );
  assert.equal(look(''), ['ok: nothing is mounted on demand']);
  assert.match(look(autofs('/net', 'fd=42,pgrp=8'), hostWith())[0] ?? '', /^ok/, 'hidepid');
});

test.after(forget);
test.run();
