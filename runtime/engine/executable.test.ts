import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ATTACHMENT_MAGIC } from '../../spec/image.js';
import { attach } from './executable.js';

const record = Buffer.concat([Buffer.from(ATTACHMENT_MAGIC, 'latin1'), Buffer.alloc(16)]);
const image = Buffer.from('the image');

test('the image stands at the next page and the record says where', () => {
  const engine = Buffer.concat([Buffer.alloc(5000, 7), record, Buffer.alloc(10, 9)]);
  const attached = attach(engine, image);
  assert.is(attached.kind, 'executable');
  if (attached.kind !== 'executable') return;
  const bytes = Buffer.from(attached.bytes);
  assert.is(bytes.readBigUInt64LE(5016), 8192n);
  assert.is(bytes.readBigUInt64LE(5024), BigInt(image.length));
  assert.is(bytes.toString('latin1', 8192), 'the image');
  assert.ok(bytes.subarray(0, 5000).equals(engine.subarray(0, 5000)));
  assert.is(engine.readBigUInt64LE(5016), 0n);
});

test('an engine without exactly one empty record is refused', () => {
  assert.equal(attach(Buffer.alloc(64), image), { kind: 'fault', fault: 'no-place' });
  assert.equal(attach(record.subarray(0, 20), image), { kind: 'fault', fault: 'no-place' });
  assert.equal(attach(Buffer.concat([record, record]), image), { kind: 'fault', fault: 'ambiguous' });
  const first = attach(record, image);
  assert.is(first.kind, 'executable');
  if (first.kind === 'executable')
    assert.equal(attach(first.bytes, image), { kind: 'fault', fault: 'taken' });
});

test.run();
