import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createLaunch, type Launch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { createPlaces } from './destination.js';
import { deviceActions, encodeDevice, givenDev, seeDevices } from './devices.js';

const launchOf = (mounts: readonly object[], devices: readonly object[] = []) =>
  createLaunch(inputOf({ config: { mounts, linux: { devices } } }));
const devicesOf = (launch: Launch) => deviceActions(launch, createPlaces(launch));
const titles = (mounts: readonly object[], devices: readonly object[] = []): readonly string[] =>
  devicesOf(launchOf(mounts, devices)).actions.map(a => a.title);

test('device numbers as mknod(2) takes them: 12 bits major, 20 bits minor', () => {
  assert.is(encodeDevice(1, 3), 0x103);
  assert.is(encodeDevice(136, 255), 0x88ff);
  assert.is(encodeDevice(136, 256), 0x0010_8800);
  assert.is(encodeDevice(0xfff, 0xfffff), 0xffff_ffff);
  assert.is(encodeDevice(0, 0), 0);
});

test('the default devices, but for those that config.json gives itself', () => {
  const made = titles([], [{ path: '/dev//null', type: 'c', major: 1, minor: 3, fileMode: 0o600 }]);
  for (const name of ['zero', 'full', 'random', 'urandom', 'tty'])
    assert.ok(
      made.some(t => t.startsWith(`make device /dev/${name} `)),
      name,
    );
  assert.is(made.filter(t => t.startsWith('make device /dev/null ')).length, 1);
});

test('a /dev that is bound is taken as it is; the last mount on it counts, and what changes one is none', () => {
  const bound = { destination: '/dev/', type: 'bind', source: '/host/dev', options: ['rbind'] };
  const fresh = { destination: '/dev', type: 'tmpfs', source: 'tmpfs' };
  const changed = { destination: '/dev', source: '/dev', options: ['bind', 'remount', 'ro'] };
  const given = (...mounts: readonly object[]) => givenDev(launchOf(mounts))?.hostPath;
  assert.is(given(bound), '/host/dev');
  assert.is(given(fresh), undefined);
  assert.is(given(bound, fresh), undefined);
  assert.is(given(fresh, bound), '/host/dev');
  assert.is(given(fresh, changed), undefined);
  assert.is(given(bound, changed), '/host/dev');
  assert.is(given(), undefined);
  assert.is(
    titles([bound]).some(t => t.startsWith('make ')),
    false,
  );
});

test('in a /dev that is bound, what is asked for must be there; other places are not concerned', () => {
  const bound = { destination: '/dev', type: 'bind', source: '/host/dev', options: ['rbind'] };
  const devices = ['/dev/one', '/dev/a/two', '/opt/three'].map(path => ({
    path,
    type: 'c',
    major: 1,
    minor: 3,
  }));
  assert.equal(
    seeDevices(launchOf([bound], devices)).map(a => a.title),
    ['see device /dev/one (c 1:3) in /host/dev', 'see device /dev/a/two (c 1:3) in /host/dev'],
  );
  assert.equal(
    titles([bound], devices).filter(t => t.startsWith('make ')),
    ['make device /opt/three (c 1:3)'],
  );
  assert.is(seeDevices(launchOf([], devices)).length, 0);
});

test('ptmx is a link only where there is a devpts', () => {
  const links = (mounts: readonly object[]): string =>
    JSON.stringify(
      devicesOf(launchOf(mounts))
        .actions.at(-1)
        ?.lines.map(l => JSON.stringify(l)),
    );
  const pts = { destination: '/dev/pts', type: 'devpts', source: 'devpts' };
  assert.match(links([pts]), 'pts/ptmx');
  assert.not.match(links([]), 'pts/ptmx');
});

test.run();
