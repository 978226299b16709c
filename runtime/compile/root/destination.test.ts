import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openFlags } from '../../../spec/kernel.js';
import { shownOf, slot } from '../../program/operand.js';
import type { Line } from '../../program/step.js';
import type { Launch } from '../launch/launch.js';
import { createPlaces, homeOf, openHomes, type Wanted } from './destination.js';

test('what lies in /proc or /sys is looked up from there, however it is spelt', () => {
  const rows: readonly (readonly [string, string | null])[] = [
    ['/proc', '/proc '],
    ['/sys/', '/sys '],
    ['/proc/keys', '/proc keys'],
    ['//sys//fs/./cgroup', '/sys fs/cgroup'],
    ['/x/../proc/self/attr', '/proc self/attr'],
    ['/../../sys/kernel', '/sys kernel'],
    ['/proc/../data', null],
    ['/process', null],
    ['/system/proc', null],
    ['/', null],
  ];
  for (const [path, expected] of rows) {
    const found = homeOf(path);
    assert.is(found && `${found.home} ${found.rest}`, expected, path);
  }
});

const launch = { open: openFlags('x86_64'), cells: { rootFd: slot('root_fd') } } as unknown as Launch;
const purpose = { kind: 'mask', path: '/x', because: { kind: 'rule', rule: 'test' } } as const;
const places = createPlaces(launch);

/** Instructions and the paths in them. */
function shown(lines: readonly Line[]): readonly string[] {
  return lines.flatMap(line => {
    if (line.kind !== 'step') return [];
    const paths = line.args.flatMap(a => (typeof a === 'object' && a.kind === 'data' ? [shownOf(a)] : []));
    return [[line.call ?? (line.subroutine ? line.subroutine.entry.name : line.op), ...paths].join(' ')];
  });
}
const place = (wanted: Wanted) => shown(places.open(wanted, slot('to'), purpose));

test('whatever is opened elsewhere is judged, whatever is to be made of it', () => {
  for (const make of ['nothing', 'directories', 'file', 'like-source'] as const)
    for (const more of [{}, { last: 'NOFOLLOW' }, { parent: true }] as const) {
      const lines = place({ path: '/data/x', make, ...more });
      assert.is(lines[0], 'RESOLVE "/data/x"');
      assert.ok(lines.includes('reach_kernel_without_links'), lines.join());
    }
});

test('a node is judged by the directory that holds it', () => {
  assert.ok(place({ path: '/data/x', parent: true }).includes('MOVE "/data"'));
  assert.ok(place({ path: '/x', parent: true }).includes('MOVE "/"'));
});

test('from /proc and /sys no way leads out, so nothing need be judged', () => {
  assert.equal(place({ path: '/proc' }), ['RESOLVE "/proc"']);
  assert.equal(place({ path: '/sys/fs/cgroup' }), ['RESOLVE "/sys"', 'RESOLVE "fs/cgroup"', 'close']);
});

test('a mount that nobody made is reached by no link at all', () => {
  const lines = shown(places.openMount('/data/../etc', slot('to'), purpose));
  assert.ok(lines.includes('MOVE "/etc"') && lines.includes('reach_without_links'), lines.join());
});

test('/proc and /sys are opened once for all that is covered in them, and only if something is', () => {
  const homes = openHomes(launch, ['/proc/keys', '/data', '/proc/acpi']);
  assert.equal(
    homes.open.map(({ title }) => title),
    ['open /proc'],
  );
  assert.is(homes.of('/proc/acpi')?.rest, 'acpi');
  assert.is(homes.of('/proc')?.rest, '.');
  assert.is(homes.of('/data'), null);
  assert.is(homes.of('/sys/firmware'), null);
});

test.run();
