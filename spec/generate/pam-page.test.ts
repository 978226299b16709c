import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pamOptions } from '../pam-chos.js';
import { pamPage } from './pam-page.js';

const names = (words: readonly string[]) => [...new Set(words)].sort();

test('the page tells of the options that the module reads, and of no others', () => {
  const source = readFileSync('runtime/pam/options.c', 'utf8');
  const read = [...source.matchAll(/(?:strcmp\(argv\[i\]|value_of\(argument), "(\w+)"/g)].map(
    ([, name = '']) => name,
  );
  assert.equal(names(read), names(pamOptions.map(([option]) => option.replace(/=.*/, ''))));
});

test('manual page', () => {
  const page = pamPage('1.2.3');
  assert.match(page, '.TH "PAM_CHOS" "8" "" "chos\\-runtime 1.2.3" "System administration"\n');
  assert.match(page, '.TP\n\\fBdefer\\fR\nenters with pam_setcred');
  assert.match(page, 'session  required  pam_chos.so minimum_uid=1000\n');
});

test.run();
