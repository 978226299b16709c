/** Containers of one image, one after the other: what was left of those before starts them (docs/compiler-service.md, "The same start again"). Root's have hooks. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { STATE_ROOT_NAME } from '../../../spec/state-root.js';
import { forgetStarts, leftStarts } from '../../harness/left-programs.js';
import { test } from '../case.js';

/** Podman writes the mounts and variables of an image in a dozen orders: of so many starts some are like one before. */
const STARTS = 20;
const ITSELF = 'test "$HOSTNAME" = "$(hostname)" && test "$HOSTNAME" = "$(cat /etc/hostname)" && echo itself';

/** A directory of hooks.d, and where they write what they hear. */
function makeHooks(dir: string): { readonly hooks: string; readonly log: string } {
  const [hooks, log] = [join(dir, 'hooks'), join(dir, 'log')];
  mkdirSync(hooks);
  writeFileSync(log, '');
  const hook = { path: '/bin/sh', args: ['sh', '-c', `cat >>${log}; echo >>${log}`] };
  const definition = {
    version: '1.0.0',
    hook,
    when: { always: true },
    stages: ['createRuntime', 'poststop'],
  };
  writeFileSync(join(hooks, 'tell.json'), JSON.stringify(definition));
  return { hooks, log };
}

/** How many containers they have heard of twice, at the beginning and the end. */
function heardOf(log: string): number {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const ids = lines.map(line => (JSON.parse(line) as { readonly id: string }).id);
  return new Set(ids.filter((id, i) => ids.indexOf(id) < i)).size;
}

test('life/again-asks-no-compiler', {
  observe: async podman => {
    const root = join(podman.place.session ?? '/run', STATE_ROOT_NAME);
    const hooked = podman.place.session === null ? makeHooks(podman.dir) : null;
    const global = hooked === null ? [] : ['--hooks-dir', hooked.hooks];
    forgetStarts(root);
    const said: string[] = [];
    for (let i = 0; i < STARTS; i++) {
      const args = [...global, 'run', '--rm', ...podman.common, 'bb', 'sh', '-c', ITSELF];
      const { code, stdout, stderr } = await podman.call(args);
      said.push(`${code} ${stdout.trim()}${stderr}`);
    }
    return {
      said: [...new Set(said)],
      heard: hooked === null ? STARTS : heardOf(hooked.log),
      left: leftStarts(root).length,
      ours: podman.runtime === 'chos-runtime',
    };
  },
  compare: ({ said, heard }) => ({ said, heard }),
  expect: ({ said, heard, left, ours }) => {
    assert.equal(said, ['0 itself']);
    assert.is(heard, STARTS);
    assert.ok(!ours || (left > 0 && left < STARTS), `${left} of ${STARTS} were compiled`);
  },
  deadlineMs: 120_000,
});
