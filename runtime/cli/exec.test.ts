/** What the program of an exec depends on: not on its arguments, which are values beside the image. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answer } from '../entry/dispatch.js';
import { processInfo } from '../host/process-info.js';
import { defaultConfig } from './default-config.js';
import { CONTAINERS } from './known.js';
import { ownRequest } from './own-request.js';

const root = mkdtempSync(join(tmpdir(), 'chos-exec-'));
const config = { ...defaultConfig(), process: { ...defaultConfig().process, terminal: false } };

/** Of this process, as far as anybody can tell. */
function write(id: string): void {
  const directory = join(root, id);
  mkdirSync(directory, { mode: 0o700 });
  const alive = { pid: process.pid, pidStart: Number(processInfo(process.pid)?.start) };
  const state = { ...alive, id, bundle: '/b', created: '2026-01-02T03:04:05Z' };
  for (const [name, value] of Object.entries({ 'state.json': state, 'config.json': config }))
    writeFileSync(join(directory, name), JSON.stringify(value), { mode: 0o600 });
}

write('box');

async function execute(words: readonly string[], text?: string) {
  const request = ownRequest(['--root', root, 'exec', ...words]);
  const answered = await answer(
    text === undefined ? request : { ...request, input: { kind: 'bytes', bytes: Buffer.from(text) } },
  );
  if (answered.kind === 'program') return answered;
  throw new Error(answered.kind === 'report' ? answered.message : answered.kind);
}

/** By a file of that name. */
const withFile = (name: string, text: string): ReturnType<typeof execute> =>
  execute(['--process', name, 'box'], text);

const fileOf = (args: readonly string[], indent?: number): string =>
  JSON.stringify({ args, cwd: '/tmp', env: ['PATH=/bin'], user: { uid: 5, gid: 6 } }, null, indent);

test('one program serves any arguments', async () => {
  const first = await execute(['box', 'true']);
  assert.equal([first.values.ARGS, first.values.ARG0], [['true'], 'true']);
  for (const args of [['echo', 'a b', ''], ['é', '\u{1f600}'], ['true']]) {
    const next = await execute(['box', ...args]);
    assert.is(next.image, first.image, args.join());
    assert.equal([next.values.ARGS, next.values.ARG0], [args, args[0]]);
  }
});

test('nor does it depend on how Podman calls the file, and on what else has the same line', async () => {
  const first = await withFile('/tmp/exec-process-1', fileOf(['true']));
  const next = await withFile('/tmp/exec-process-2', fileOf(['/bin/sh', '-c', 'exit 3']));
  assert.is(next.image, first.image);
  assert.equal([next.values.ARGS, next.values.ARG0], [['/bin/sh', '-c', 'exit 3'], '/bin/sh']);
  const blank = await withFile('/tmp/exec-process-2', ` ${fileOf(['true'])}`);
  assert.is(blank.image, first.image);
  assert.is.not((await execute(['--cwd=/tmp', '--user=5:6', 'box', 'true'])).image, first.image);
});

test('the words of a failure tell the line, which arguments may move', async () => {
  const one = await withFile('/tmp/p', fileOf(['true'], 2));
  const two = await withFile('/tmp/p', fileOf(['true', 'a'], 2));
  const placesIn = (image: Uint8Array): readonly string[] => {
    const found = Buffer.from(image)
      .toString('latin1')
      .match(/--process:\d+ process\.(cwd|user)/g);
    return [...new Set(found)].sort();
  };
  assert.equal(placesIn(one.image), ['--process:5 process.cwd', '--process:9 process.user']);
  assert.equal(placesIn(two.image), ['--process:10 process.user', '--process:6 process.cwd']);
  assert.is((await withFile('/tmp/p', fileOf(['true'], 2))).image, one.image);
  assert.equal(placesIn((await withFile('/tmp/p', `\n${fileOf(['true'])}`)).image), [
    '--process:2 process.cwd',
    '--process:2 process.user',
  ]);
});

test('a newline behind all, as Go’s encoder writes it, is none between', async () => {
  const first = await withFile('/tmp/p', `${fileOf(['true'])}\n`);
  assert.is((await withFile('/tmp/p', `${fileOf(['true', 'more'])}\n`)).image, first.image);
  assert.is((await withFile('/tmp/p', fileOf(['true', 'more']))).image, first.image);
  assert.is((await withFile('/tmp/p', `${fileOf(['true', '{\n}'])} \r\n\n`)).image, first.image);
});

test('an argument that is longer than the kernel takes is refused with its place', async () => {
  const words = await withFile('/tmp/big.json', fileOf(['true', 'a'.repeat(132_000 * 16)])).then(
    () => 'none',
    error => String(error),
  );
  assert.match(words, /in one argument, and the kernel takes \d+ at most \(--process:1 process\.args\[1\]\)/);
  const long = 'a'.repeat(70_000);
  assert.equal((await withFile('/tmp/p', fileOf(['true', long]))).values.ARGS, ['true', long]);
});

test('what else a process has makes another program', async () => {
  const { image } = await execute(['box', 'true']);
  for (const option of ['--env=A=1', '--cwd=/tmp', '--user=1', '--cap=CAP_CHOWN', '--detach'])
    assert.is.not((await execute([option, 'box', 'true'])).image, image, option);
  assert.is((await execute(['box', 'true'])).image, image);
});

test('what health checks execute is known, in each of many containers, however many are made meanwhile', async () => {
  const ids = Array.from({ length: CONTAINERS }, (_, i) => `of-${i}`);
  const imagesOf = async (): Promise<readonly Uint8Array[]> => {
    const images: Uint8Array[] = [];
    for (const id of ids) images.push((await execute([id, 'true'])).image);
    return images;
  };
  for (const id of ids) write(id);
  const first = await imagesOf();
  for (let i = 0; i < 20; i++) {
    writeFileSync(join(root, 'made.json'), JSON.stringify({ ...config, hostname: `h${i}` }));
    const words = ['create', '--bundle', root, '--config', join(root, 'made.json'), 'new'];
    assert.is((await answer(ownRequest(['--root', root, ...words]))).kind, 'program');
  }
  const again = await imagesOf();
  assert.equal(
    again.map((image, i) => image === first[i]),
    ids.map(() => true),
  );
});

test('no argument is made of two, and none of nothing', async () => {
  const failed = async (args: readonly string[]): Promise<string> =>
    withFile('/tmp/p', fileOf(args)).then(
      () => 'none',
      error => String(error),
    );
  assert.match(await failed(['a\0b']), /args\[0\]/);
  assert.match(await failed(['a', 'b\0c']), /args\[1\]/);
  assert.match(await failed([]), /args/);
});

test.after(() => rmSync(root, { recursive: true }));
test.run();
