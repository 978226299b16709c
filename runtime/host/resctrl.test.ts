import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { probeResctrl } from './resctrl.js';

const table = [
  '25 1 0:22 / /sys rw,nosuid - sysfs sysfs rw',
  '30 25 0:40 / /sys/fs/resctrl\\040here rw,relatime shared:9 - resctrl resctrl rw,cdp',
].join('\n');

function probe(closId: string | null, files: Readonly<Record<string, string>>) {
  return probeResctrl(closId, {
    exists: path => path in files,
    read: path => (path === '/proc/self/mountinfo' ? table : (files[path] ?? null)),
  });
}

const mount = '/sys/fs/resctrl here';

test('the mount is found by the type of its file system', () => {
  assert.equal(probe(null, {}), { mount, group: null });
  assert.is(
    probeResctrl(null, { exists: () => true, read: () => '30 25 0:40 / /resctrl rw - tmpfs resctrl rw' }),
    null,
  );
});

test('a group that is there, with its lines', () => {
  const files = { [`${mount}/one`]: '', [`${mount}/one/schemata`]: 'L3:0=f\n' };
  assert.equal(probe('one', files), { mount, group: { schemata: 'L3:0=f\n' } });
  assert.equal(probe('two', files), { mount, group: null });
});

test('the default group is the root', () => {
  assert.equal(probe('/', { [mount]: '', [`${mount}/schemata`]: 'MB:0=100\n' })?.group, {
    schemata: 'MB:0=100\n',
  });
});

test.run();
