import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { nearest } from './nearest.js';

const words = ['network', 'mount', 'ipc', 'uts', 'user'];

test('the nearest word is found in spite of one or two wrong letters, and of case', () => {
  assert.is(nearest('net', ['net', 'bet']), 'net');
  assert.is(nearest('netwrok', words), 'network');
  assert.is(nearest('MOUNT', words), 'mount');
  assert.is(nearest('mounts', words), 'mount');
  assert.is(nearest('usr', words), 'user');
  assert.is(nearest('gup', ['mpi', 'gpu']), 'gpu');
  assert.is(nearest('opt', ['tpo']), undefined);
});

test('a word that is like none is not explained', () => {
  assert.is(nearest('something', words), undefined);
  assert.is(nearest('cgroupns', words), undefined);
  assert.is(nearest('x', []), undefined);
  assert.is(nearest('', ['c1']), undefined);
  assert.is(nearest('..', ['c1']), undefined);
  assert.is(nearest('pwd', ['p1']), undefined);
  assert.is(nearest('c2', ['c1']), 'c1');
});

test.run();
