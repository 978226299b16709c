/** What is believed of a record of root's, and that one that cannot be read is not none. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jsonOf, type Parsed, parseRecord } from '../../spec/records/record.js';
import { bootId } from '../host/boot-id.js';
import { readRootRecord } from './own-record.js';
import { readSkeleton } from './skeleton-record.js';

const scratch = mkdtempSync(join(tmpdir(), 'chos-record-'));
test.after(() => rmSync(scratch, { recursive: true }));

const parse = (text: string): Parsed<{ readonly boot: string }> =>
  parseRecord(jsonOf(text), members => ({ boot: members.text('boot') }));
const whole = JSON.stringify({ boot: bootId() });
const place = join(scratch, '%2Fchos.json');
const read = () => readRootRecord(place, parse);
const because = (why: string) => ({ kind: 'broken', why });

/** What stands there, for one look. */
function standing(make: () => void): ReturnType<typeof read> {
  make();
  try {
    return read();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

test('one that is there, and none', () => {
  assert.equal(read(), { kind: 'absent' });
  assert.equal(
    standing(() => writeFileSync(place, whole)),
    { kind: 'record', record: { boot: bootId() } },
  );
});

test('what is no record of root of this boot says so', () => {
  const other = because('is no regular file');
  assert.equal(
    standing(() => mkdirSync(place)),
    other,
  );
  assert.equal(
    standing(() => execFileSync('mkfifo', [place])),
    other,
  );
  assert.equal(
    standing(() => symlinkSync(place, place)),
    other,
  );
  assert.equal(
    standing(() => symlinkSync('/etc/hostname', place)),
    other,
  );
  assert.equal(
    standing(() => writeFileSync(place, '{"boot":')),
    because('is damaged'),
  );
  assert.equal(
    standing(() => writeFileSync(place, '')),
    because('is damaged'),
  );
  assert.equal(
    standing(() => writeFileSync(place, '{"boot":"b-1"}')),
    because('is of another boot'),
  );
  const alone = because("is not root's alone");
  assert.equal(
    standing(() => {
      writeFileSync(place, whole);
      chmodSync(place, 0o666);
    }),
    alone,
  );
  if (process.getuid?.() === 0)
    assert.equal(
      standing(() => {
        writeFileSync(place, whole);
        chownSync(place, 4711, 4711);
      }),
      alone,
    );
  assert.equal(
    standing(() => {
      writeFileSync(place, whole);
      truncateSync(place, 2 ** 33);
    }),
    because('is longer than any is'),
  );
});

test('a socket in its place is none', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(place, resolve));
  assert.equal(read(), because('is no regular file'));
  await new Promise(resolve => server.close(resolve));
});

test('one that cannot be read is not none', () => {
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  assert.throws(() => readRootRecord(join(file, 'record'), parse), /ENOTDIR/);
  assert.throws(() => readSkeleton('/chos', file), /ENOTDIR/);
  assert.throws(() => readRootRecord(join(scratch, 'x'.repeat(300)), parse), /ENAMETOOLONG/);
});

test('a skeleton: none, one that is being removed, one that is damaged', () => {
  assert.equal(readSkeleton('/chos', scratch), { kind: 'absent' });
  symlinkSync('/nonexistent', join(scratch, '%2Fchos.closing'));
  assert.equal(readSkeleton('/chos', scratch), { kind: 'closing' });
  writeFileSync(place, '{}');
  assert.equal(readSkeleton('/chos', scratch), because('is damaged'));
  rmSync(place);
  symlinkSync(place, place);
  assert.equal(readSkeleton('/chos', scratch), because('is no regular file'));
});

test.run();
