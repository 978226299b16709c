import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explainText } from './explain-text.js';

test('control characters of config.json do not reach the terminal', () => {
  const action = {
    title: 'set hostname to a\u001b[2J\u0007b',
    because: { kind: 'config', file: '/b/config.json', line: 3, path: 'hostname\u009b31m' },
    listing: [{ number: 1, text: 'sethostname("\u001b]0;")' }],
  };
  const text = explainText({
    tracks: [{ name: 'init', actions: [action], afterFailure: [] }],
    subroutines: [],
    counts: { actions: 1, steps: 1, mounts: 0, bytes: 1 },
  } as unknown as Parameters<typeof explainText>[0]);
  assert.not.match(text.replaceAll('\n', ''), /\p{Cc}/u);
  assert.match(text, 'set hostname to a\\u{1b}[2J\\u{7}b');
});

test.run();
