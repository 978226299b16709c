import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Environment, MountFact } from '../../spec/environment.js';
import type { Request } from '../engine/wire.js';
import { answer } from '../entry/dispatch.js';
import { defaultConfig } from './default-config.js';
import { forgetKnown, Known } from './known.js';
import { sizeOf } from './known-image.js';
import { ownRequest } from './own-request.js';

test('it keeps what it is told to, and of that the latest', () => {
  const known = new Known<readonly [Readonly<Record<string, unknown>>], { readonly value: number }>(
    2,
    ({ value }) => value > 0,
  );
  let made = 0;
  const find = (input: Readonly<Record<string, unknown>>, value: number): number =>
    known.find([input], 0, () => {
      made++;
      return { value };
    }).value;
  assert.is(find({ a: new Map([['x', 1]]) }, 1), 1);
  assert.is(find({ a: new Map([['x', 1]]) }, 2), 1, 'equal, though another object');
  assert.is(find({ a: new Map([['x', 2]]) }, 2), 2);
  assert.is(find({ a: new Map([['x', 1]]) }, 3), 1, 'is the latest now');
  assert.is(made, 2);
  assert.is(find({ b: 1 }, 4), 4);
  assert.is(find({ a: new Map([['x', 1]]) }, 5), 1);
  assert.is(find({ a: new Map([['x', 2]]) }, 6), 6, 'had to go');
  assert.is(find({ b: '1' }, 7), 7);
  assert.is(find({ c: 1 }, 0), 0);
  assert.is(find({ c: 1 }, 8), 8, 'was not kept');
  assert.is(find({ d: undefined }, 9), 9);
  assert.is(find({}, 10), 10);
  assert.is(find({}, 11), 10);
  forgetKnown();
  assert.is(find({}, 12), 12, 'was forgotten');
});

test('of large ones it keeps fewer', () => {
  const known = new Known<readonly [string], { readonly of: string }>(64, () => true);
  let made = 0;
  const find = (name: string, size: number): void => {
    known.find([name], size, () => ({ of: `${made++}` }));
  };
  const names = Array.from({ length: 17 }, (_, i) => `${i}`);
  for (const name of names) find(name, 64 * 1024);
  for (const name of names.slice(1)) find(name, 64 * 1024);
  assert.is(made, 17, 'sixteen of the largest');
  find('0', 64 * 1024);
  assert.is(made, 18, 'one more was not');
  for (let i = 0; i < 64; i++) find(`small ${i}`, 16 * 1024);
  for (let i = 0; i < 64; i++) find(`small ${i}`, 16 * 1024);
  assert.is(made, 18 + 64, 'all of usual size');
  find('small 64', 0);
  find('small 0', 16 * 1024);
  assert.is(made, 18 + 64 + 2, 'as many as it may, and no more');
});

const bundle = mkdtempSync(join(tmpdir(), 'chos-known-'));
const state = mkdtempSync(join(tmpdir(), 'chos-known-'));
const file = join(bundle, 'config.json');
mkdirSync(join(bundle, 'rootfs'));
const { mounts = [], ...plain } = defaultConfig();
const write = (change: object = {}): void => {
  const config = { ...plain, mounts, process: { ...plain.process, terminal: false }, ...change };
  writeFileSync(file, JSON.stringify(config));
};

const requestOf = (id: string, ...options: readonly string[]): Request =>
  ownRequest(['--root', state, 'create', ...options, '--bundle', bundle, id], { environment: ['A=b'] });

async function imageOf(request: Request): Promise<Uint8Array> {
  const answered = await answer(request);
  assert.is(answered.kind, 'program', JSON.stringify(answered));
  return answered.kind === 'program' ? answered.image : new Uint8Array();
}

test('a bundle that is started again is compiled once; the id and the paths are values beside the image', async () => {
  write();
  const image = await imageOf(requestOf('one'));
  assert.is(await imageOf(requestOf('two', '--pid-file', '/run/pid')), image);
});

test('whatever the program is made of makes another one', async () => {
  write();
  const first = await imageOf(requestOf('one'));
  const differs = async (what: string, request: Request): Promise<void> => {
    assert.not.equal(Buffer.from(await imageOf(request)), Buffer.from(first), what);
    write();
  };
  write({ hostname: 'b' });
  await differs('one letter', requestOf('one'));
  write({ mounts: [...mounts].reverse() });
  await differs('the order of mounts', requestOf('one'));
  await differs('an option', requestOf('one', '--no-pivot'));
  await differs('variables for the container', withEnvironment('LISTEN_FDS=1'));
  const lesser = withStatus(text => text.replace(/^Cap(Bnd|Prm):\t.*$/gm, 'Cap$1:\t00000000a80425fb'));
  assert.is.not(await imageOf(lesser), first, 'who asks: it comes to the same, but was compiled');
  await differs('where the caller is', withTexts({ cgroup: '0::/elsewhere\n' }));
  write();
  assert.is(await imageOf(requestOf('one')), first, 'the first is still known');
});

const withEnvironment = (...environment: readonly string[]): Request => {
  const request = requestOf('one', '--preserve-fds', '1');
  return {
    ...request,
    environment: [...request.environment, ...environment],
    caller: { ...request.caller, handed: 1 },
  };
};

const withTexts = (texts: Partial<Request['caller']['texts']>): Request => {
  const request = requestOf('one');
  return { ...request, caller: { ...request.caller, texts: { ...request.caller.texts, ...texts } } };
};

const withStatus = (change: (text: string) => string): Request =>
  withTexts({ status: change(requestOf('one').caller.texts.status) });

test('with an image its input is kept, so nothing is of a large file', async () => {
  write({ annotations: { 'org.example.large': 'a'.repeat(64 * 1024) } });
  const image = await imageOf(requestOf('one'));
  const again = await imageOf(requestOf('one'));
  assert.equal([Buffer.compare(again, image), again === image], [0, false]);
});

test('nor of hundreds of mounts, which are part of the input', () => {
  const mounts = (count: number): readonly MountFact[] =>
    Array.from({ length: count }, () => ({}) as MountFact);
  const environment = {
    sources: { mounts: mounts(50) },
    pin: { mounts: mounts(100) },
    link: { skeleton: { mounts: mounts(200) }, pin: { mounts: mounts(10) } },
  } as unknown as Environment;
  assert.is(sizeOf(new Uint8Array(5), environment), 5 + 360 * 200);
  assert.is(sizeOf(new Uint8Array(5), { ...environment, pin: null, link: undefined } as never), 5 + 50 * 200);
  assert.is(sizeOf(new Uint8Array(5), null), 5);
});

test('a refusal is said anew, with the lines as they are then', async () => {
  const lineOf = async (): Promise<string> => {
    const answered = await answer(requestOf('one'));
    return answered.kind === 'report' ? answered.message : answered.kind;
  };
  write({ ociVersion: '9.0.0' });
  const first = await lineOf();
  assert.match(first, 'config.json:1:');
  writeFileSync(file, `\n${readFileSync(file, 'utf8')}`);
  assert.is(await lineOf(), first.replace('config.json:1:', 'config.json:2:'));
});

test.after(() => {
  rmSync(bundle, { recursive: true });
  rmSync(state, { recursive: true });
});

test.run();
