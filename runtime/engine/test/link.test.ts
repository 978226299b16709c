/** ioctl_link: the pointer inside struct chos_link is bounded as if it were an argument. A descriptor that knows no such request answers ENOTTY. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ChosIoctl } from '../../../spec/kernel.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { results } from './engine.js';

const linkOf = (path: o.Data, length: number, size = 24): o.Data =>
  o.struct('chos_link', [o.u32(size), o.u32(-1), o.u32(0), o.u32(length), o.pointer(path)]);

/** What the call answers: an errno name, if it is one of these two. */
function answer(link: o.Data, before: readonly s.Line[] = []): string {
  const result = o.slot('result');
  const refused = o.label('refused');
  return results(
    [
      ...before,
      s.sys('ioctl_link', [1, ChosIoctl.SET_LINK, link], { to: result, on: [['ENOTTY', 'EINVAL'], refused] }),
      refused,
    ],
    [result],
  );
}

const path = o.text('/ostrees/debian12');

test('a link whose text lies in the data goes to the kernel', () => {
  assert.is(answer(linkOf(path, path.size - 1)), '-25');
});

test('no text needs no place', () => {
  assert.is(answer(o.struct('chos_link', [o.u32(24), o.u32(-1), o.u32(0), o.u32(0), o.u64(0)])), '-25');
});

test('a text that leads out of the data, or a struct of another size, is not handed over', () => {
  const bad = 'chos-runtime: do: Bad address';
  assert.is(answer(linkOf(path, 0x7fff_ffff)), bad);
  assert.is(answer(linkOf(path, 4, 32)), bad);
  const link = linkOf(path, 4);
  assert.is(answer(link, [s.store('U64', link, 16, 4096)]), bad);
  assert.is(answer(link, [s.store('U32', link, 12, -1)]), bad);
});

test.run();
