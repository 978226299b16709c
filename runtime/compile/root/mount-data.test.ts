import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MountFlag } from '../../../spec/kernel.js';
import { parseMountOptions } from '../../admit/normal/mount-options.js';
import { normalMount } from '../../admit/normal/mounts.js';
import { createLaunch } from '../launch/launch.js';
import { type InputChanges, inputOf } from '../test/input.js';
import { dataOf, needsMountCall, wholeData } from './mount-data.js';

test('which call takes it', () => {
  const text = (length: number) => 'x'.repeat(length);
  assert.is(needsMountCall(text(255), [[text(255), text(255)]]), false);
  assert.is(needsMountCall(text(256), []), true);
  assert.is(needsMountCall('é'.repeat(128), []), true);
  assert.is(needsMountCall('', [[text(256), null]]), true);
  assert.is(needsMountCall('', [['lowerdir', text(256)]]), true);
  for (const flag of ['silent', 'iversion']) assert.is(needsMountCall('', [[flag, null]]), true, flag);
  for (const flag of ['sync', 'dirsync', 'lazytime', 'mand', 'other'])
    assert.is(needsMountCall('', [[flag, null]]), false, flag);
  assert.is(needsMountCall('', [['silent', '1']]), false);
});

test('flags and data of mount(2)', () => {
  const row = (...options: string[]) => wholeData(parseMountOptions(options).data);
  assert.equal(row('ro', 'nosuid', 'size=1m', 'huge', 'mode=700'), {
    flags: 0,
    data: 'size=1m,huge,mode=700',
  });
  assert.equal(row('sync', 'dirsync', 'lazytime', 'mand', 'iversion', 'silent'), {
    flags:
      MountFlag.SYNCHRONOUS |
      MountFlag.DIRSYNC |
      MountFlag.LAZYTIME |
      MountFlag.MANDLOCK |
      MountFlag.I_VERSION |
      MountFlag.SILENT,
    data: '',
  });
  assert.equal(row('sync', 'async', 'lazytime', 'nolazytime').flags, 0);
});

test('labels: in quotes for mount(2) if they have commas, never for fsconfig(2)', () => {
  const label = 'system_u:object_r:container_file_t:s0:c1,c2';
  const of = (type: string, options: string[], mountLabel?: string) => {
    const changes: InputChanges = mountLabel === undefined ? {} : { config: { linux: { mountLabel } } };
    return dataOf(
      createLaunch(inputOf(changes)),
      type,
      normalMount({ destination: '/x', type, options }).data,
    );
  };
  assert.equal(of('tmpfs', ['size=1m'], label), [
    ['size', '1m'],
    ['context', label],
  ]);
  assert.equal(of('proc', [], label), []);
  assert.equal(of('tmpfs', ['context=other'], label), [['context', 'other']]);
  const quoted = of('tmpfs', [`context="${label}"`, 'size="1m"']);
  assert.equal(quoted, [
    ['context', label],
    ['size', '"1m"'],
  ]);
  assert.is(wholeData(quoted).data, `context="${label}",size="1m"`);
  assert.is(wholeData(of('tmpfs', ['context=a:b'])).data, 'context=a:b');
});

test.run();
