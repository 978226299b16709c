/** In which order rights are given up, and what comes last. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Track } from '../../program/action.js';
import type { Step } from '../../program/step.js';
import { compileLaunch } from '../compile.js';
import { type InputChanges, inputOf } from '../test/input.js';

function trackOf(name: string, changes: InputChanges): Track {
  const compiled = compileLaunch(inputOf(changes));
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return compiled.program.tracks.find(t => t.name === name) as Track;
}

function stepsOf(name: string, changes: InputChanges): readonly Step[] {
  return trackOf(name, changes).actions.flatMap(a => a.lines.filter((l): l is Step => l.kind === 'step'));
}

const callsOf = (name: string, changes: InputChanges): readonly string[] =>
  stepsOf(name, changes).flatMap(({ call }) => call ?? []);

const configOf = (noNewPrivileges: boolean) => ({
  process: {
    args: ['true'],
    noNewPrivileges,
    user: { uid: 1000, gid: 1000 },
    rlimits: [
      { type: 'RLIMIT_NOFILE', soft: 8, hard: 8 },
      { type: 'RLIMIT_NICE', soft: 30, hard: 30 },
    ],
    scheduler: { policy: 'SCHED_OTHER', nice: -5 },
  },
  hooks: { startContainer: [{ path: '/bin/hook' }, { path: '/bin/other', env: ['A=1'] }] },
  linux: { seccomp: { defaultAction: 'SCMP_ACT_ALLOW' } },
});

for (const noNewPrivileges of [true, false]) {
  const how = noNewPrivileges ? 'with' : 'without';
  const config = configOf(noNewPrivileges);

  test(`${how} no_new_privs, limits and filter are the last calls before execve`, () => {
    const calls = callsOf('init', { config });
    assert.equal(calls.slice(-4), ['write', 'prlimit64', 'seccomp', 'execve']);
    const titles = trackOf('init', { config }).actions.map(({ title }) => title);
    const at = (part: string) => titles.findIndex(title => title.startsWith(part));
    assert.ok(at('become 1000:1000') < at('find the executable'), 'with the rights of the user');
    assert.ok(at('find the executable') < at('wait at the start gate'), 'by create');
  });

  test(`${how} no_new_privs, hooks inside begin under the same`, () => {
    for (const hook of ['startContainer0', 'startContainer1'])
      assert.equal(callsOf(hook, { config }).slice(-3), ['prlimit64', 'seccomp', 'execve']);
  });
}

test('a hook inside without an environment has that of the process', () => {
  const environment = (name: string) => stepsOf(name, { config: configOf(true) }).at(-1)?.args[2];
  const command = stepsOf('init', { config: configOf(true) }).find(s => s.call === 'execve')?.args[2];
  assert.equal(environment('startContainer0'), command);
  assert.not.equal(environment('startContainer1'), command);
});

test('hooks outside are not confined', () => {
  const config = { hooks: { prestart: [{ path: '/bin/hook' }] }, linux: configOf(true).linux };
  assert.not.ok(callsOf('prestart0', { config }).includes('seccomp'));
});

test('what scheduling may need is in force before it, every other limit is only made possible', () => {
  const calls = stepsOf('init', { config: configOf(true) }).filter(
    ({ call }) => call === 'prlimit64' || call === 'sched_setattr' || call === 'execve',
  );
  const [NOFILE, NICE] = [7, 13];
  assert.equal(
    calls.map(s => (s.call === 'prlimit64' ? s.args[1] : s.call)),
    [NOFILE, NOFILE, NICE, 'sched_setattr', NOFILE, 'execve'],
  );
});

test('nothing leads to the host when the image’s paths are looked up', () => {
  const titles = trackOf('init', { config: configOf(true) }).actions.map(({ title }) => title);
  const at = (part: string) => titles.findIndex(title => title.startsWith(part));
  const closed = at('close descriptors that lead to the host');
  assert.ok(closed > 0);
  for (const later of [
    'look up the home',
    'change directory to',
    'find the executable',
    'run startContainer hook',
  ])
    assert.ok(at(later) > closed, later);
});

test.run();
