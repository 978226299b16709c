import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressText, isLoopback, isOurHost, parseAddress } from './address.js';

test('numbers with a port, and localhost', () => {
  assert.equal(parseAddress('127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
  assert.equal(parseAddress('localhost:0'), { host: '127.0.0.1', port: 0 });
  assert.equal(parseAddress('[::1]:9870'), { host: '::1', port: 9870 });
  assert.is(addressText({ host: '::1', port: 1 }), '[::1]:1');
  for (const text of [
    '',
    '9870',
    ':9870',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:80',
    '[127.0.0.1]:80',
    'node7:80',
    '127.1:80',
  ])
    assert.is(parseAddress(text), null, text);
});

test('what other machines do not reach', () => {
  assert.equal(['127.0.0.1', '127.9.9.9', '::1'].map(isLoopback), [true, true, true]);
  assert.equal(['0.0.0.0', '::', '10.0.0.1', '::ffff:127.0.0.1'].map(isLoopback), [
    false,
    false,
    false,
    false,
  ]);
});

test('a name that a stranger can have lead here is not ours', () => {
  const is = (header: string | undefined) => isOurHost(header, ['Node7.example.org']);
  for (const header of [
    '127.0.0.1',
    '127.0.0.1:9870',
    '10.1.2.3:80',
    '[::1]:80',
    'localhost:80',
    'LOCALHOST',
    'node7.example.org:80',
  ])
    assert.ok(is(header), header);
  for (const header of [
    undefined,
    '',
    'evil.example',
    '127.0.0.1.evil.example:80',
    'localhost.evil.example',
    '[evil]',
    'evil:80:80',
    '127.0.0.1:80@evil',
  ])
    assert.not.ok(is(header), header);
});

test.run();
