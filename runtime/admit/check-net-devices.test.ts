import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinuxNetDevice } from '../../spec/generated/config.js';
import { checkNetDevices } from './check-net-devices.js';
import { formatPath } from './diagnostic.js';

function findings(devices: Readonly<Record<string, LinuxNetDevice>>): string {
  const found: string[] = [];
  checkNetDevices(
    devices,
    (path, what) =>
      void found.push(
        `${formatPath(path.slice(2))} ${what.kind === 'key' ? `key ${what.what.kind}` : what.kind}`,
      ),
  );
  return found.join();
}

test('names that the kernel takes', () => {
  assert.is(findings({ eth0: {}, 'veth.1-é': { name: 'a23456789012345' } }), '');
  assert.is(findings({ eth0: { name: 'eth%d' }, eth1: { name: 'eth%d' } }), '');
});

test('and those that it does not', () => {
  assert.is(findings({ a234567890123456: {} }), 'a234567890123456 key too-long');
  assert.is(findings({ 'a/b': {} }), '["a/b"] key wrong-form');
  assert.is(findings({ 'a/b': { name: 'c/d' } }), '["a/b"] key wrong-form,["a/b"].name wrong-form');
  assert.is(findings({ '': { name: 'a' } }), '[""] key empty');
  for (const name of ['a b', 'a/b', 'a:b', '..', 'a%s', '%d%d', '%'])
    assert.is(findings({ eth0: { name } }), 'eth0.name wrong-form', name);
  assert.is(findings({ 'eth%d': { name: 'a' } }), '["eth%d"] key wrong-form');
});

test('two with one name', () => {
  assert.is(findings({ eth0: { name: 'a' }, a: {} }), 'a duplicate');
});

test.run();
