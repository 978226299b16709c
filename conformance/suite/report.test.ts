import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonLines, parseMountinfo } from './report.js';

test('mountinfo with optional fields', () => {
  const text = '36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue\n';
  assert.equal(parseMountinfo(text), [
    {
      root: '/mnt1',
      at: '/mnt2',
      options: ['rw', 'noatime'],
      propagation: ['shared:1', 'master:2'],
      type: 'ext3',
      source: '/dev/root',
      superOptions: ['rw', 'errors=continue'],
    },
  ]);
});

test('mountinfo without optional fields', () => {
  const [line] = parseMountinfo('1 0 0:1 / / rw - tmpfs tmpfs rw');
  assert.equal(line?.propagation, []);
  assert.is(line?.type, 'tmpfs');
});

test('objects among other lines, ended as a terminal ends them', () => {
  assert.equal(jsonLines('ready\r\n{"a":1}\r\nhangup\n{"b":2}\n{broken\n'), [{ a: 1 }, { b: 2 }]);
});

test.run();
