import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isListed, parseValid, parseVersion, probeKernelLink } from './kernel-link.js';

const proc = mkdtempSync(join(tmpdir(), 'chos-kernel-link-'));
process.on('exit', () => rmSync(proc, { recursive: true, force: true }));

test('the version is the word behind "version"; what is no version is none', () => {
  assert.equal(parseVersion('version 0.1.0\nlink-abi 1\nfork followed\n'), {
    version: '0.1.0',
    enough: true,
  });
  assert.is(parseVersion('version 1.0.0-rc1\n')?.enough, true);
  assert.is(parseVersion('version 0.0.9\n')?.enough, false);
  assert.is(parseVersion('0.13.2\n'), null);
});

test('the list has one path a line', () => {
  assert.equal([...parseValid('/os/a\n/os/b c\n')], ['/os/a', '/os/b c']);
});

test('no module, an old one, one that says all', () => {
  const parameter = join(proc, 'skeleton');
  const probe = () => probeKernelLink(join(proc, 'chos'), parameter);
  assert.equal(probe(), { kind: 'absent' });
  mkdirSync(join(proc, 'chos'));
  writeFileSync(join(proc, 'chos/version'), 'version 0.0.1\n');
  assert.equal(probe(), { kind: 'too-old', version: '0.0.1' });
  writeFileSync(join(proc, 'chos/version'), 'version 0.1.0\n');
  assert.equal(probe(), { kind: 'present', version: '0.1.0', skeleton: '/chos', valid: null });
  writeFileSync(parameter, '/srv/chos\n');
  writeFileSync(join(proc, 'chos/valid'), '/os/a\n');
  assert.equal(probe(), {
    kind: 'present',
    version: '0.1.0',
    skeleton: '/srv/chos',
    valid: new Set(['/os/a']),
  });
});

test('who may not read the list asks by a write that cannot be granted', () => {
  const asked: string[][] = [];
  const refused = (code: string) => (file: string, text: string) => {
    asked.push([file, text]);
    throw Object.assign(new Error(code), { code });
  };
  const answers = ['EPERM', 'ENXIO', 'ENOENT', 'EIO', 'EACCES'].map(code =>
    isListed('/os/a', refused(code), () => 7),
  );
  assert.equal(answers, [true, true, false, null, null]);
  assert.equal(asked[0], ['/proc/chos/setchos', '/os/a']);
  asked.length = 0;
  assert.is(
    isListed('/os/a', refused('EPERM'), () => 1),
    null,
  );
  assert.equal(asked, []);
});

test.run();
