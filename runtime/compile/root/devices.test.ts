import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { slot } from '../../program/operand.js';
import { titleOf } from '../../report/operations/words.js';
import { createLaunch } from '../launch/launch.js';
import { inputOf } from '../test/input.js';
import { givenDev, plannedDevices } from './devices.js';
import { encodeDevice, linkDevices } from './make-device.js';
import { seeDevices } from './see-devices.js';

const launchOf = (mounts: readonly object[], devices: readonly object[] = []) =>
  createLaunch(inputOf({ config: { mounts, linux: { devices } } }));
const titles = (mounts: readonly object[], devices: readonly object[] = []): readonly string[] =>
  plannedDevices(launchOf(mounts, devices)).map(({ does }) => titleOf(does));

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
  const links = (terminals: boolean): string =>
    JSON.stringify(linkDevices(slot('dev'), terminals).lines.map(l => JSON.stringify(l)));
  assert.match(links(true), 'pts/ptmx');
  assert.not.match(links(false), 'pts/ptmx');
});

test.run();
