import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADER_SIZE, SECTIONS } from '../../../spec/image.js';
import { ArgMode, instructions, STEP_SIZE } from '../../../spec/instructions.js';
import { systemCalls } from '../../../spec/syscalls.js';
import { broken, has, stepCount, stepOf, stepsAt, valid, verdict, verdicts } from './sound-image.js';

test('what the assembler makes is valid', () => {
  assert.equal(verdicts([valid]), ['valid']);
});

test('a header must be one, for this machine, of the size of the file', () => {
  assert.is(
    verdict(i => i.writeUInt32LE(1, 0)),
    'not a launch program',
  );
  assert.is(
    verdict(i => i.writeUInt16LE(77, 4)),
    'made by another version of chos-runtime',
  );
  assert.is(
    verdict(i => i.writeUInt8(9, 6)),
    'made for another architecture',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(i.length + 8, 8)),
    'its size is wrong',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xffffff00, 16)),
    'a section is outside the file',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xffffffff, 20)),
    'a section is outside the file',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0, 12)),
    'the slots are outside the data',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xfff0, 12)),
    'the slots are outside the data',
  );
  assert.is(
    verdict(i => i.writeUInt32LE(0xffffffff, 20 + 8 * SECTIONS.indexOf('zero'))),
    'too much data',
  );
  assert.equal(verdicts([valid.subarray(0, HEADER_SIZE - 1), Buffer.alloc(0), valid.subarray(0, 4000)]), [
    'not a launch program',
    'not a launch program',
    'its size is wrong',
  ]);
});

test('instructions, variants, system calls, actions and slots must exist', () => {
  const call = stepOf('SYSCALL');
  const at = ` (step ${call})`;
  assert.is(
    broken(call, r => r.writeUInt8(0, 0)),
    `unknown instruction${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt8(200, 0)),
    `unknown instruction${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt8(2, 1)),
    `unknown variant of the instruction${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(999, 2)),
    `no such action${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(9999, 4)),
    `no such result slot${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(9999, 6)),
    `no such error list${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(1, 6)),
    `no such error list${at}`,
  );
  assert.is(
    broken(call, r => r.writeUInt16LE(Object.keys(systemCalls).length, 14)),
    `unknown system call${at}`,
  );
  const load = stepOf('LOAD');
  assert.is(
    broken(load, r => r.writeUInt8(3, 1)),
    `unknown variant of the instruction (step ${load})`,
  );
  assert.is(
    broken(load, r => r.writeUInt8(0xff, 1)),
    `unknown variant of the instruction (step ${load})`,
  );
  const move = stepOf('MOVE');
  assert.is(
    broken(move, r => r.writeBigInt64LE(9999n, 16)),
    `no such slot (step ${move})`,
  );
  assert.is(
    broken(move, r => r.writeBigInt64LE(-1n, 16)),
    `no such slot (step ${move})`,
  );
});

test('two results need two slots', () => {
  const scan = stepOf('SCAN');
  const slots = valid.readUInt32LE(12);
  assert.is(
    broken(scan, r => r.writeUInt16LE(slots - 1, 4)),
    `no such result slot (step ${scan})`,
  );
  assert.is(
    broken(stepOf('LOAD'), r => r.writeUInt16LE(slots - 1, 4)),
    'valid',
  );
});

test('targets stay in their track, and tracks do not fall through', () => {
  const branch = stepOf('BRANCH');
  const track = stepOf('TRACK');
  const child = stepCount - 1;
  const outside = 'a target outside the track';
  assert.is(valid[stepsAt + child * STEP_SIZE], instructions.HANDOVER.op);
  assert.is(
    broken(branch, r => r.writeUInt32LE(child, 8)),
    `${outside} (step ${branch})`,
  );
  assert.is(
    broken(branch, r => r.writeUInt32LE(0xffffffff, 8)),
    `${outside} (step ${branch})`,
  );
  assert.is(
    broken(stepOf('SYSCALL'), r => r.writeUInt32LE(child, 8)),
    `${outside} (step ${stepOf('SYSCALL')})`,
  );
  assert.is(
    broken(track, r => r.writeUInt32LE(0, 8)),
    `${outside} (step ${track})`,
  );
  assert.is(
    broken(track, r => r.writeUInt16LE(2, 14)),
    `no such track (step ${track})`,
  );
  assert.is(
    broken(child, r => r.writeUInt8(instructions.CALL.op, 0)),
    `a target outside the track (step ${child})`,
  );
  assert.is(
    broken(child, r => {
      r.writeUInt8(instructions.CALL.op, 0);
      r.writeUInt32LE(child, 8);
    }),
    `a track does not end (step ${child})`,
  );
});

test('every argument is held to its kind in the table of instructions', () => {
  const said = { number: 'an address in place of a number', address: 'a number in place of an address' };
  const { IMM, DATA, REF } = ArgMode;
  for (const [name, { args, op }] of Object.entries(instructions)) {
    if (name === 'SYSCALL' || !has(op)) continue;
    const step = stepOf(name as keyof typeof instructions);
    const withMode = (i: number, mode: number) =>
      broken(step, r => {
        r.writeUInt16LE((r.readUInt16LE(12) & ~(3 << (2 * i))) | (mode << (2 * i)), 12);
        r.writeBigInt64LE(1n, 16 + 8 * i);
      });
    const kinds = Object.values<string>(args).map(text => text.split(' ')[0]);
    kinds.forEach((kind, i) => {
      const about = `${name}, argument ${i}`;
      if (kind === 'number' || kind === 'number|address')
        assert.is(withMode(i, DATA), `${said.number} (step ${step})`, about);
      else if (kind === 'value')
        assert.is(withMode(i, REF), `a reference in place of a value (step ${step})`, about);
      else assert.is(withMode(i, IMM), `${said.address} (step ${step})`, about);
    });
    for (let i = kinds.length; i < 6; i++)
      assert.is(withMode(i, DATA), `an argument too many (step ${step})`, `${name}, argument ${i}`);
  }
});

test('addresses and numbers are not mixed up, and addresses are inside', () => {
  const write = stepOf('SYSCALL', 2);
  const at = ` (step ${write})`;
  const modes = (record: Buffer, value: number) => record.writeUInt16LE(value, 12);
  assert.is(
    broken(write, r => modes(r, 0)),
    `a number in place of an address${at}`,
  );
  assert.is(
    broken(write, r => modes(r, 0b101010)),
    `an address in place of a number${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(1n << 40n, 24)),
    `an address outside the data${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(-8n, 24)),
    `an address outside the data${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(9999n, 32)),
    `a system call argument that does not fit in the data${at}`,
  );
  assert.is(
    broken(write, r => r.writeBigInt64LE(-1n, 32)),
    `a negative length${at}`,
  );
  const load = stepOf('LOAD');
  assert.is(
    broken(load, r => r.writeBigInt64LE(1n << 62n, 24)),
    `an access outside the data (step ${load})`,
  );
  assert.is(
    broken(load, r => r.writeBigInt64LE(-(1n << 62n), 24)),
    `an access outside the data (step ${load})`,
  );
  const fail = stepOf('FAIL');
  assert.is(
    broken(fail, r => r.writeUInt16LE(0b10 << 10, 12)),
    `an argument too many (step ${fail})`,
  );
});

test.run();
