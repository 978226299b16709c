import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { admit } from './admit.js';
import { HOOK_LIMIT, LIST_LIMIT, NET_DEVICE_LIMIT, TOTAL_LIMIT } from './check-size.js';

function refusals(linux: object, more: object = {}): readonly string[] {
  const text = JSON.stringify({
    ociVersion: '1.2.0',
    process: { args: ['sh'], cwd: '/' },
    root: { path: 'rootfs' },
    linux: { namespaces: [{ type: 'mount' }, { type: 'network' }], ...linux },
    ...more,
  });
  const result = admit({ file: 'config.json', text });
  return result.kind === 'refused' ? result.diagnostics.map(d => oneLine(d).replace(/^.*?: /, '')) : [];
}

const paths = (count: number) => Array.from({ length: count }, (_, index) => `/proc/${index}`);
const hooks = (count: number) => Array.from({ length: count }, () => ({ path: '/bin/true' }));

test('lists that nothing could carry out are refused with the limit', () => {
  assert.equal(refusals({ maskedPaths: paths(70_000) }), [
    `linux.maskedPaths has 70000 entries; there may be at most ${LIST_LIMIT}`,
  ]);
  assert.equal(refusals({}, { hooks: { poststop: hooks(70_000) } }), [
    `hooks.poststop has 70000 entries; there may be at most ${HOOK_LIMIT}`,
  ]);
  const sysctl = Object.fromEntries(paths(LIST_LIMIT + 1).map(path => [`net${path}`, '1']));
  assert.equal(refusals({ sysctl }), [
    `linux.sysctl has ${LIST_LIMIT + 1} entries; there may be at most ${LIST_LIMIT}`,
  ]);
  const netDevices = Object.fromEntries(paths(NET_DEVICE_LIMIT + 1).map((_, index) => [`e${index}`, {}]));
  assert.equal(refusals({ netDevices }), [
    `linux.netDevices has ${NET_DEVICE_LIMIT + 1} entries; there may be at most ${NET_DEVICE_LIMIT}`,
  ]);
  const mounts = [{ destination: '/a', type: 'tmpfs', source: 'a', options: paths(LIST_LIMIT + 1) }];
  assert.equal(refusals({}, { mounts }), [
    `mounts[0].options has ${LIST_LIMIT + 1} entries; there may be at most ${LIST_LIMIT}`,
  ]);
  const limits = {
    throttleReadBpsDevice: paths(LIST_LIMIT + 1).map((_, minor) => ({ major: 8, minor, rate: 1 })),
  };
  assert.is(refusals({ resources: { blockIO: limits } }).length, 1);
});

test('the limit itself is taken', () => {
  assert.equal(refusals({ maskedPaths: paths(LIST_LIMIT), readonlyPaths: paths(LIST_LIMIT) }), []);
  assert.equal(refusals({}, { hooks: { prestart: hooks(HOOK_LIMIT) } }), []);
});

test('all of them together have one, too', () => {
  const devices = [{ type: 'c', path: '/dev/a', major: 1, minor: 3 }];
  assert.equal(refusals({ devices, maskedPaths: paths(LIST_LIMIT), readonlyPaths: paths(LIST_LIMIT) }), [
    `linux.readonlyPaths has ${LIST_LIMIT} entries; with those before there may be at most ${TOTAL_LIMIT}`,
  ]);
  const two = { prestart: hooks(1), poststop: hooks(HOOK_LIMIT) };
  assert.equal(refusals({}, { hooks: two }), [
    `hooks.poststop has ${HOOK_LIMIT} entries; with those before there may be at most ${HOOK_LIMIT}`,
  ]);
});

test.run();
