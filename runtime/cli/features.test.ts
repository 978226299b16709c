import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mountOptions } from '../../spec/features.js';
import { validateFeatures } from '../../spec/generated/validators.js';
import { parseMountOptions } from '../compile/mount-options.js';
import { featuresObject } from './features.js';

test('features follow their schema', () => {
  assert.ok(
    validateFeatures(JSON.parse(JSON.stringify(featuresObject()))),
    JSON.stringify(validateFeatures.errors),
  );
});

test('the compiler knows every mount option of the list', () => {
  for (const option of mountOptions) assert.equal(parseMountOptions([option], 'tmpfs').foreign, [], option);
});

test('the list is sorted and without doubles', () => {
  assert.equal([...new Set(mountOptions)].sort(), [...mountOptions]);
});

test.run();
