import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openPayload, type PayloadItem } from './payload.js';

/** Unpacks a payload as the machine does, and hands over the directory. */
function unpacked(items: (dir: string) => readonly PayloadItem[], look: (dir: string) => void): void {
  const dir = mkdtempSync(join(tmpdir(), 'chos-payload-'));
  try {
    mkdirSync(join(dir, 'to'));
    mkdirSync(join(dir, 'from'));
    const descriptor = openPayload(items(join(dir, 'from')));
    // Read from its beginning, wherever the writer left the position.
    const archive = [
      '--extract',
      '--ignore-zeros',
      '--file',
      `/proc/self/fd/3`,
      '--directory',
      join(dir, 'to'),
    ];
    execFileSync('tar', archive, { stdio: ['ignore', 'inherit', 'inherit', descriptor] });
    closeSync(descriptor);
    look(join(dir, 'to'));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('a directory is merged at its place, with its symlinks as they are', () => {
  unpacked(
    from => {
      mkdirSync(join(from, 'bin'));
      writeFileSync(join(from, 'bin/program'), 'text', { mode: 0o755 });
      symlinkSync('./program', join(from, 'bin/link'));
      return [{ from, to: '/usr/local' }];
    },
    to => {
      assert.is(readFileSync(join(to, 'usr/local/bin/link'), 'utf8'), 'text');
      assert.equal(readdirSync(join(to, 'usr/local/bin')).sort(), ['link', 'program']);
    },
  );
});

test('a file gets the name that is asked for, whatever is in the names', () => {
  unpacked(
    from => {
      writeFileSync(join(from, 'a.b*c'), 'one');
      writeFileSync(join(from, 'aXb*c'), 'two');
      return [
        { from: join(from, 'a.b*c'), to: '/lab/x&y' },
        { from: join(from, 'aXb*c'), to: '/lab/other' },
      ];
    },
    to => {
      assert.is(readFileSync(join(to, 'lab/x&y'), 'utf8'), 'one');
      assert.is(readFileSync(join(to, 'lab/other'), 'utf8'), 'two');
    },
  );
});

test('texts, empty and longer than a block', () => {
  const long = 'x'.repeat(1000);
  unpacked(
    () => [
      { text: '', to: '/lab/empty' },
      { text: long, to: '/lab/long', executable: true },
    ],
    to => {
      assert.is(readFileSync(join(to, 'lab/empty'), 'utf8'), '');
      assert.is(readFileSync(join(to, 'lab/long'), 'utf8'), long);
    },
  );
});

test('nothing is left in the temporary directory, also if an item is not there', () => {
  const own = mkdtempSync(join(tmpdir(), 'chos-payload-'));
  const { TMPDIR } = process.env;
  process.env.TMPDIR = own;
  try {
    assert.throws(() => openPayload([{ from: '/nonexistent', to: '/x' }]), /nonexistent/);
    closeSync(openPayload([{ text: 'x', to: '/x' }]));
    assert.equal(readdirSync(own), []);
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(own, { recursive: true });
  }
});

test.run();
