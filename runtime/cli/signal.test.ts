import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSignal } from './signal.js';

test('numbers and names as Podman, containerd, CRI-O and people write them', () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ['15', 15],
    ['9', 9],
    ['64', 64],
    ['KILL', 9],
    ['SIGTERM', 15],
    ['sigusr1', 10],
    ['RTMIN', 34],
    ['SIGRTMIN+2', 36],
    ['RTMAX-1', 63],
    // kill(2): only whether it could be sent.
    ['0', 0],
    ['65', null],
    ['-9', null],
    ['', null],
    ['SIG', null],
    ['RTMIN-1', null],
    ['RTMAX+1', null],
    ['RTMIN+31', null],
    ['constructor', null],
  ];
  for (const [text, number] of cases) assert.is(parseSignal(text), number, text);
});

test.run();
