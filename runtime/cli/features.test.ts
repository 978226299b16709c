import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mountOptions } from '../../spec/features.js';
import { validateFeatures } from '../../spec/generated/validators.js';
import { parseMountOptions } from '../admit/normal/mount-options.js';
import { featuresObject } from './features.js';

test('features follow their schema', () => {
  assert.ok(
    validateFeatures(JSON.parse(JSON.stringify(featuresObject()))),
    JSON.stringify(validateFeatures.errors),
  );
});

test('admission knows every mount option of the list', () => {
  for (const option of mountOptions) {
    const { data, withoutEffectOnBinds } = parseMountOptions([option]);
    // A word that it does not know goes to the file system, and is nothing on a bind.
    const known =
      data.length === 0 || ['sync', 'dirsync', 'lazytime', 'mand', 'iversion', 'silent'].includes(option);
    assert.ok(known, `${option} ${withoutEffectOnBinds}`);
  }
});

test('the list is sorted and without doubles', () => {
  assert.equal([...new Set(mountOptions)].sort(), [...mountOptions]);
});

test.run();
