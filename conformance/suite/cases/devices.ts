import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { test } from '../case.js';

const defaults = { null: '1:3', zero: '1:5', full: '1:7', random: '1:8', urandom: '1:9', tty: '5:0' };
const names = Object.keys(defaults).map(name => `stat /dev/${name}`);
const links = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
};

test('devices/default-nodes', {
  probes: names,
  inside: ({ at, caller }) => {
    // Those of the host are bound where mknod(2) is not allowed: their owner has no id there.
    const owner = caller === 'root' ? 0 : 65_534;
    for (const [name, rdev] of Object.entries(defaults)) {
      const found = at(`stat /dev/${name}`);
      assert.equal([found.type, found.rdev, found.mode, found.uid], ['character', rdev, 0o666, owner], name);
    }
  },
});

test('devices/default-links', {
  probes: Object.keys(links).map(name => `readlink /dev/${name}`),
  inside: ({ at }) => {
    for (const [name, target] of Object.entries(links)) assert.is(at(`readlink /dev/${name}`).target, target);
  },
});

test('devices/default-nodes-can-be-opened', {
  probes: ['open /dev/null rw', 'open /dev/zero', 'open /dev/urandom', 'poke /dev/full'],
  inside: ({ at }) => {
    assert.is(at('open /dev/null rw').error, '');
    assert.is(at('open /dev/zero').error, '');
    assert.is(at('open /dev/urandom').error, '');
    assert.is(at('poke /dev/full').error, 'ENOSPC');
  },
});

test('devices/nothing-else-in-dev', {
  probes: ['ls /dev'],
  inside: ({ at }) => {
    const expected = [
      'core',
      'console',
      ...Object.keys(defaults),
      ...Object.keys(links),
      'mqueue',
      'ptmx',
      'pts',
      'shm',
    ];
    assert.equal(
      at('ls /dev').names?.filter(name => !expected.includes(name)),
      [],
    );
  },
});

test('devices/character-node', {
  config: c => {
    c.linux.devices = [
      { path: '/dev/made', type: 'c', major: 1, minor: 5, fileMode: 0o640, uid: 1000, gid: 2000 },
    ];
  },
  probes: ['stat /dev/made'],
  inside: ({ at }) => {
    const found = at('stat /dev/made');
    assert.equal(
      [found.type, found.rdev, found.mode, found.uid, found.gid],
      ['character', '1:5', 0o640, 1000, 2000],
    );
  },
});

test('devices/unbuffered-is-a-character-node', {
  config: c => {
    c.linux.devices = [{ path: '/dev/made', type: 'u', major: 1, minor: 5, fileMode: 0o600 }];
  },
  probes: ['stat /dev/made'],
  inside: ({ at }) =>
    assert.equal([at('stat /dev/made').type, at('stat /dev/made').rdev], ['character', '1:5']),
});

test('devices/block-node', {
  config: c => {
    c.linux.devices = [{ path: '/dev/disk', type: 'b', major: 7, minor: 200, fileMode: 0o600 }];
  },
  probes: ['stat /dev/disk', 'open /dev/disk'],
  inside: ({ at }) => {
    assert.equal([at('stat /dev/disk').type, at('stat /dev/disk').rdev], ['block', '7:200']);
    assert.is(at('open /dev/disk').error, 'EPERM', 'no rule allows it');
  },
});

test('devices/fifo', {
  config: c => {
    c.linux.devices = [{ path: '/dev/pipe', type: 'p', fileMode: 0o622 }];
  },
  probes: ['stat /dev/pipe'],
  inside: ({ at }) => assert.equal([at('stat /dev/pipe').type, at('stat /dev/pipe').mode], ['fifo', 0o622]),
});

test('devices/in-a-directory-to-be-made', {
  config: c => {
    c.linux.devices = [{ path: '/dev/dri/by-name/card', type: 'c', major: 1, minor: 3, fileMode: 0o666 }];
  },
  probes: ['stat /dev/dri/by-name/card'],
  inside: ({ at }) => assert.is(at('stat /dev/dri/by-name/card').rdev, '1:3'),
});

test('devices/mode-not-cut-by-umask', {
  config: c => {
    c.process.user.umask = 0o77;
    c.linux.devices = [{ path: '/dev/made', type: 'c', major: 1, minor: 5, fileMode: 0o666 }];
  },
  probes: ['stat /dev/made'],
  inside: ({ at }) => assert.is(at('stat /dev/made').mode, 0o666),
});

test('devices/unknown-type-is-refused', {
  config: c => {
    c.linux.devices = [{ path: '/dev/made', type: 'x', major: 1, minor: 5 }];
  },
  refused: /device|type|\/dev\/made/i,
});

for (const [name, fileMode] of [
  ['of-its-own-kind', 0o20640],
  ['of-another-kind', 0o60640],
  ['of-a-regular-file', 0o100640],
] as const) {
  test(`devices/file-mode-with-the-type-${name}`, {
    config: c => {
      c.linux.devices = [{ type: 'c', path: '/dev/typed', major: 1, minor: 3, fileMode, uid: 0, gid: 0 }];
    },
    probes: ['stat /dev/typed'],
    inside: ({ at }) => {
      const { type, mode } = at('stat /dev/typed');
      assert.equal([type, mode], ['character', 0o640]);
    },
  });
}

test('devices/none-is-made-in-a-dev-that-is-bound', {
  config: c => {
    c.mounts = [
      ...c.mounts.filter(m => !m.destination.startsWith('/dev')),
      { destination: '/dev', type: 'bind', source: '/dev', options: ['rbind', 'rslave'] },
    ];
    c.linux.devices = [
      { path: '/dev/chos-suite-none', type: 'c', major: 1, minor: 5 },
      { path: '/dev/zero', type: 'c', major: 1, minor: 5 },
    ];
  },
  drive: async t => {
    const finished = await t.run();
    assert.is(finished.code, 0, finished.stderr);
    assert.not.ok(existsSync('/dev/chos-suite-none'));
    if (!t.runtime.name.startsWith('chos')) return;
    const warnings = finished.stderr.split('\n').filter(line => line.includes('warning'));
    assert.is(warnings.length, 1, finished.stderr);
    assert.match(
      warnings[0] ?? '',
      /device \/dev\/chos-suite-none \(c 1:5\) is not made: it is not in the \/dev that config\.json binds \(config\.json:\d+ linux\.devices\[0\]\)/,
    );
  },
});
