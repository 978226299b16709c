import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Pieces } from './pieces.js';

const text = 'what is asked';
const textOf = ({ bytes }: Pieces): string => Buffer.from(bytes).toString();

for (const known of [1, 2, 4, text.length])
  test(`byte by byte, none is kept but the first; the size is known after ${known}`, () => {
    const pieces = new Pieces();
    for (const [i, letter] of [...text].entries()) {
      const piece = Buffer.from(letter);
      pieces.add(piece);
      if (i > 0) piece.fill('x');
      if (i + 1 === known) pieces.expect(text.length);
    }
    assert.is(pieces.length, text.length);
    assert.is(textOf(pieces), text);
  });

test('a first piece that is all is not copied', () => {
  const pieces = new Pieces();
  const piece = Buffer.from(text);
  pieces.add(piece);
  pieces.expect(text.length);
  assert.is(pieces.bytes, piece);
});

test('what comes beyond its end is not a part of it', () => {
  for (const cut of [4, 8, text.length]) {
    const pieces = new Pieces();
    pieces.add(Buffer.from(text.slice(0, cut)));
    pieces.expect(6);
    pieces.add(Buffer.from(text.slice(cut)));
    assert.is(textOf(pieces), text.slice(0, 6));
    assert.is(pieces.length, text.length);
  }
});

test.run();
