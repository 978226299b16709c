import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Validator, validateConfig, validateFeatures, validateState } from '../generated/validators.js';

/** Keyword and place of every violation. */
function violations(validate: Validator, value: unknown): readonly string[] {
  return validate(value) ? [] : (validate.errors ?? []).map(one => `${one.keyword} ${one.instancePath}`);
}

test('a state is validated', () => {
  const state = { ociVersion: '1.3.0', id: 'a', status: 'created', pid: 7, bundle: '/b', extra: 1 };
  assert.equal(violations(validateState, state), []);
  assert.equal(violations(validateState, { ...state, status: 'gone' }), ['enum /status']);
  assert.equal(violations(validateState, { ...state, pid: -1 }), ['wholeNumber /pid']);
  assert.equal(violations(validateState, { ...state, id: '' }), ['minLength /id']);
  assert.equal(violations(validateState, {}), ['required ', 'required ', 'required ', 'required ']);
});

test('features are validated', () => {
  const features = { ociVersionMin: '1.0.0', ociVersionMax: '1.3.0', linux: { cgroup: { v1: true } } };
  assert.equal(violations(validateFeatures, features), []);
  assert.equal(violations(validateFeatures, { ...features, hooks: [1] }), ['type /hooks/0']);
  assert.equal(violations(validateFeatures, { ...features, linux: { cgroup: { v1: 1 } } }), [
    'type /linux/cgroup/v1',
  ]);
});

test('whole numbers of 64 bits are numbers or bigints, exact at both ends', () => {
  const withLimit = (limit: unknown) =>
    violations(validateConfig, {
      ociVersion: '1.0.0',
      root: { path: 'r' },
      process: { args: ['x'], cwd: '/', rlimits: [{ type: 'RLIMIT_CPU', soft: 0, hard: limit }] },
    }).length;
  for (const good of [0, 1, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n])
    assert.is(withLimit(good), 0, String(good));
  // A number of 2^53 and more, instead of a bigint, has lost digits.
  for (const bad of [-1, -1n, 2n ** 64n, 2 ** 53, 1.5, Number.NaN, '1', null])
    assert.is(withLimit(bad), 1, String(bad));
});

test('a hostile number of violations is cut', () => {
  const mounts = Array.from({ length: 100_000 }, () => 1);
  assert.ok(violations(validateConfig, { mounts }).length <= 110);
});

test('and what comes after the last that is told is not looked at', () => {
  let seen = 0;
  const list = Array.from({ length: 1000 }, () => 1);
  const counted = new Proxy(list, {
    get(target, name, self) {
      if (/^\d+$/.test(String(name))) seen++;
      return Reflect.get(target, name, self);
    },
  });
  assert.not.ok(validateConfig({ ociVersion: '1.0.2', mounts: counted }));
  assert.ok(seen >= 95 && seen <= 101, String(seen));
});

test.run();
