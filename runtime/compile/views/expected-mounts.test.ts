import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { besides, expectedTable, Row } from './expected-mounts.js';

const mount = {
  id: 7,
  parent: 1,
  point: '/',
  root: '/',
  device: '8:1',
  type: 'ext4',
  attributes: 0x2_0000_0001,
  peerGroup: 0,
  master: 0,
};
const one = (path: string) => ({
  path,
  mount,
  group: 9,
  directory: { major: 8, minor: 1, inode: 2 ** 40 + 5 },
});

/** [path] of a directory to look from, [path, name] of what is looked at. */
function rowsOf(paths: readonly string[]): readonly (readonly string[])[] {
  const table = Buffer.from(expectedTable(paths.map(one)));
  const rows: string[][] = [];
  for (let at = 0; ; ) {
    const size = Number(table.readBigUInt64LE(at + Row.SIZE));
    if (size === 0) {
      assert.is(at + 8, table.length);
      return rows;
    }
    assert.is(size % 8, 0);
    const name = Number(table.readBigUInt64LE(at + Row.NAME));
    const text = (from: number) => table.toString('utf8', at + from, table.indexOf(0, at + from));
    rows.push(name === 0 ? [text(Row.PATH)] : [text(Row.PATH), text(name)]);
    at += size;
  }
}

test('neighbours are looked at from their directory, which is opened once', () => {
  assert.equal(rowsOf(['/nfs/a', '/nfs/b', '/home', '/nfs/c']), [
    ['/nfs'],
    ['/nfs/a', 'a'],
    ['/nfs/b', 'b'],
    ['/'],
    ['/home', 'home'],
    ['/nfs'],
    ['/nfs/c', 'c'],
  ]);
});

test('what is proved of the same mount at the same path need not be proved again', () => {
  const shown = [one('/home'), one('/nfs')];
  assert.equal(besides([one('/home')], shown), [one('/nfs')]);
  assert.equal(besides([], shown), shown);
  assert.equal(besides(shown, shown), []);
  for (const other of [{ mount: { ...mount, id: 8 } }, { group: 10 }, { mayGo: true }])
    assert.equal(besides([{ ...one('/home'), ...other }], [one('/home')]), [one('/home')]);
});

test('paths stay as they are written, but for the slashes at their end', () => {
  assert.equal(rowsOf(['/home//']), [['/'], ['/home', 'home']]);
  assert.equal(rowsOf(['/link/../b']), [['/link/..'], ['/link/../b', 'b']]);
  assert.equal(rowsOf(['/a/..']), [['/a'], ['/a/..', '..']]);
  assert.equal(rowsOf(['/']), [['/'], ['/.', '.']]);
  assert.equal(rowsOf(['///']), [['/'], ['/.', '.']]);
  assert.equal(rowsOf(['/größe/ö']), [['/größe'], ['/größe/ö', 'ö']]);
  assert.equal(rowsOf(['/a\n/']), [['/'], ['/a\n', 'a\n']]);
});

test('a row holds what is expected', () => {
  const table = Buffer.from(expectedTable([one('/a')]));
  const at = Number(table.readBigUInt64LE(0));
  const value = (of: number): bigint => table.readBigUInt64LE(at + of);
  assert.equal([table.readUInt32LE(at + Row.DEVICE), table.readUInt32LE(at + Row.DEVICE + 4)], [8, 1]);
  assert.equal(value(Row.INODE), 2n ** 40n + 5n);
  assert.equal([value(Row.MOUNT), value(Row.ATTRIBUTES), value(Row.GROUP)], [7n, 0x2_0000_0001n, 9n]);
  assert.is(table.readBigInt64LE(at + Row.KNOWN), -1n);
});

test('a row may leave open which directory it is, and say how much is mounted below', () => {
  const { directory: _, ...any } = one('/a');
  const below = { last: 2 ** 31 + 5, known: 3 };
  const table = Buffer.from(expectedTable([{ ...any, below }]));
  const at = Number(table.readBigUInt64LE(0));
  const value = (of: number): bigint => table.readBigInt64LE(at + of);
  assert.equal([value(Row.INODE), value(Row.LAST), value(Row.KNOWN)], [0n, 2n ** 31n + 5n, 3n]);
});

test('a path made to take long does not', () => {
  const began = performance.now();
  rowsOf([`${'/'.repeat(500_000)}home`]);
  assert.ok(performance.now() - began < 1000);
});

test.run();
