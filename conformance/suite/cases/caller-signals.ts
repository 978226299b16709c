/** What a caller has left ignored or blocked changes nothing. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Driver, test } from '../case.js';
import { createArgs, hangConfig, hookNotes, noted, notes, oursAlone, untilNoted } from '../hook-notes.js';

/** What systemd (SIGPIPE) and some callers (SIGCHLD) leave ignored or blocked. */
const signalsOf = (t: Driver, how: 'ignored' | 'blocked', number: number) => ({
  through: [t.programs.outside, 'signals', how, String(number)],
});

for (const [how, number] of [
  ['ignored', 17],
  ['blocked', 17],
  ['ignored', 13],
  ['blocked', 15],
] as const) {
  test(`caller-signals/${number}-${how}-in-a-whole-life`, {
    config: (c, bundle) => {
      const masks = (place: string, name: string) => `grep Sig[IB] /proc/self/status > ${place}/${name}`;
      hookNotes(c, bundle, {
        createRuntime: masks(notes(bundle), 'createRuntime'),
        startContainer: masks('/notes', 'startContainer'),
        poststart: masks(notes(bundle), 'poststart'),
      });
    },
    files: ({ rootfs }) => symlinkSync('busybox', join(rootfs, 'bin/grep')),
    drive: async t => {
      const signals = signalsOf(t, how, number);
      await t.create([], signals);
      assert.is((await t.call('start', [t.id], signals)).code, 0);
      const executed = await t.exec([t.id, '/bin/busybox', 'sh', '-c', 'exit 7'], signals);
      assert.is(executed.code, 7, executed.stderr);
      assert.is((await t.call('delete', ['--force', t.id], signals)).code, 0);
      assert.is.not(noted(t, 'poststop'), '');
      const bit = 1n << BigInt(number - 1);
      for (const kind of ['createRuntime', 'startContainer', 'poststart'] as const)
        for (const [, mask] of noted(t, kind).matchAll(/Sig(?:Ign|Blk):\s*([0-9a-f]+)/g))
          assert.not.ok(BigInt(`0x${mask}`) & bit, `${kind} begins with the signal ${how}`);
    },
  });
  test(`caller-signals/${number}-${how}-in-a-run`, {
    config: c => {
      c.process.args = ['/bin/busybox', 'sh', '-c', 'exit 7'];
    },
    drive: async t => {
      const finished = await t.run([], signalsOf(t, how, number));
      assert.is(finished.code, 7, finished.stderr);
    },
  });
}

test('caller-signals/ignored-hangup-does-not-interrupt', {
  skip: oursAlone,
  config: hangConfig('createRuntime'),
  drive: async t => {
    const running = t.begin('create', createArgs(t), signalsOf(t, 'ignored', 1));
    const child = Number(await untilNoted(t, 'hangs'));
    running.kill('SIGHUP');
    process.kill(child, 'SIGKILL');
    const finished = await running.done;
    assert.is(finished.code, 0, finished.stderr);
  },
});
