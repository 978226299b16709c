/** What the front door prints is whole, or the command has failed. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from './engine.js';

const door = join(process.cwd(), 'build/engine-test/chos-runtime');

test('output to a full disk is a failure', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(door, ['list', '--answer', 'message', '', '0'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  assert.equal([status, stderr], [1, 'chos-runtime: write to standard output: No space left on device\n']);
});

/** The line on stderr and the record in a log of each format. */
function said(message: string): { line: string; json: string; text: string } {
  const log = join(scratch, 'long-log');
  const call = (format: string) => {
    rmSync(log, { force: true });
    const args = ['--log', log, '--log-format', format, 'x', '--answer', 'message', message];
    const { stderr } = spawnSync(door, args, { encoding: 'utf8' });
    return { line: stderr, record: readFileSync(log, 'utf8') };
  };
  const json = call('json');
  return { line: json.line, json: JSON.parse(json.record).msg, text: call('text').record };
}

test('a message that is too long for a line ends in dots, behind a whole character', () => {
  const prefix = 'chos-runtime: ';
  for (const [letter, about] of [
    ['x', 'letters of one byte'],
    ['ä', 'of two'],
    ['"', 'escaped in the log'],
    ['\\', 'that too'],
  ] as const) {
    const { line, json, text } = said(letter.repeat(10_000));
    const kept = Math.floor((8191 - prefix.length - 3) / Buffer.byteLength(letter));
    assert.is(line, `${prefix}${letter.repeat(kept)}...\n`, about);
    assert.is(json, `${letter.repeat(kept)}...`, about);
    assert.ok(text.endsWith('..."\n'), about);
  }
});

test('a message that just fits stays whole', () => {
  const message = '"'.repeat(8191 - 'chos-runtime: '.length);
  const { line, json } = said(message);
  assert.is(line, `chos-runtime: ${message}\n`);
  assert.is(json, message);
});

test.run();
