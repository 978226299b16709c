import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MountAttr } from '../../spec/kernel.js';
import { optionWords } from '../../spec/mount-option-words.js';
import { mountOf, parseMountFacts } from './mount-facts.js';
import { cpuCount } from './prepare-input.js';

const text = [
  '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard',
  '30 27 0:25 /a\\040b /mnt/with\\040space ro,nosuid,nodev,noatime shared:5 master:3 - tmpfs t rw',
  '31 27 0:26 / /strict rw,nodiratime master:4 propagate_from:2 - xfs /dev/sda rw',
  'nonsense',
].join('\n');

test('fields, escapes, attributes and peer groups', () => {
  const [root, spaced, strict, ...rest] = parseMountFacts(text);
  assert.equal(rest, []);
  assert.equal(root, {
    id: 27,
    parent: 1,
    point: '/',
    root: '/',
    device: '254:0',
    type: 'ext4',
    attributes: 0,
    peerGroup: 1,
    master: 0,
  });
  assert.is(spaced?.point, '/mnt/with space');
  assert.is(spaced?.root, '/a b');
  assert.is(spaced?.attributes, MountAttr.RDONLY | MountAttr.NOSUID | MountAttr.NODEV | MountAttr.NOATIME);
  assert.equal([spaced?.peerGroup, spaced?.master], [5, 3]);
  assert.is(strict?.attributes, MountAttr.NODIRATIME | MountAttr.STRICTATIME);
  assert.equal([strict?.peerGroup, strict?.master], [0, 4]);
});

test('options in words', () => {
  assert.equal(
    parseMountFacts(text).map(({ attributes }) => optionWords(attributes)),
    ['rw,relatime', 'ro,nosuid,nodev,noatime', 'rw,nodiratime,strictatime'],
  );
});

test('the mount of a path is the deepest, of several at one place the last', () => {
  const mounts = parseMountFacts(
    ['1 0 0:1 / / rw - a a', '2 1 0:2 / /home rw - a a', '3 2 0:3 / /home rw - a a', '4 1 0:4 / /ho rw - a a']
      .map(line => line.replace(' - a a', ' - a a rw'))
      .join('\n'),
  );
  assert.is(mountOf('/home/user', mounts)?.id, 3);
  assert.is(mountOf('/homes', mounts)?.id, 1);
  assert.is(mountOf('/ho', mounts)?.id, 4);
});

test('CPUs are counted by the last that may be', () => {
  assert.equal(['0', '0-3', '0-3,8-11\n', ''].map(cpuCount), [1, 4, 12, 1]);
});

test.run();
