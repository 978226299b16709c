import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { differingLine } from './resctrl.js';

const there = '    L3:0=007f0;1=0001f\n    MB:0= 20;1= 70\n';

test('lines are compared by what they mean', () => {
  assert.is(differingLine(['L3:0=7F0;1=1f', 'MB:1=70'], there), null);
  assert.is(differingLine([], there), null);
});

test('the first line that differs', () => {
  for (const line of ['L3:0=7f1', 'MB:0=2', 'L2:0=f', 'L3:2=7f0'])
    assert.is(differingLine(['MB:0=20', line], there), line);
});

test.run();
