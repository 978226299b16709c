import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chosForms, chosUsage } from '../chos-command.js';
import { chosPage } from './chos-page.js';
import { escapeRoff } from './man.js';

test('every form is on the page and in --help', () => {
  const page = chosPage('1.2.3');
  for (const { usage, about } of chosForms) {
    assert.ok(page.includes(escapeRoff(usage)), usage);
    assert.ok(chosUsage.includes(`chos ${usage}`), usage);
    assert.ok(chosUsage.includes(`${about}\n`), about);
  }
});

test.run();
