/** Who may look into a process with descriptors of the host (CVE-2016-9962): when it can be seen by processes of a container that have rights over it, nobody. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../spec/host-facts.js';
import { Prctl } from '../../spec/kernel.js';
import { admitProcess } from '../admit/admit.js';
import type { Program, Track } from '../program/action.js';
import { compileExec, compileLaunch } from './compile.js';
import { inputOf } from './test/input.js';

type Input = ReturnType<typeof inputOf>;

const all = [{ first: 0, count: 1 }];
const callers = {
  root: {},
  'root of a user namespace': { userNamespace: { uids: all, gids: all, setgroups: false } },
  user: { euid: 1000, egid: 1000 },
} as const satisfies Readonly<Record<string, Partial<HostFacts>>>;

const withScore = (facts: Partial<HostFacts>): Input =>
  inputOf({ config: { process: { oomScoreAdj: 300 } }, facts });

function execOf({ spec, facts }: Input): Program {
  const process = admitProcess({ file: 'process.json', text: JSON.stringify(spec.written.process) });
  if (process.kind === 'refused') throw new Error(JSON.stringify(process.diagnostics));
  const result = compileExec({
    config: spec,
    process: process.spec,
    facts,
    state: {
      id: 'box',
      pid: 7,
      pidStart: '9',
      bundle: '/bundle',
      annotations: {},
      chos: { cgroupManager: 'cgroupfs', cgroups: [], backEnd: 'private', link: null, shared: false },
    },
    options: {
      console: false,
      pidfdSocket: false,
      detach: true,
      ignorePaused: false,
      environmentEntries: [],
      cgroups: [],
    },
  });
  return programOf(result);
}

function programOf(result: ReturnType<typeof compileExec>): Program {
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.refusals));
  return result.program;
}

const named = ({ tracks }: Program, name: string): Track => {
  const found = tracks.find(track => track.name === name);
  if (found === undefined) throw new Error(`no track ${name}`);
  return found;
};

/** The operations in which a track is dumpable for a while, or begins to be. */
const dumpable = ({ actions }: Track): readonly string[] =>
  actions
    .filter(({ lines }) =>
      lines.some(
        line =>
          line.kind === 'step' &&
          line.call === 'prctl' &&
          line.args[0] === Prctl.SET_DUMPABLE &&
          line.args[1] === 1,
      ),
    )
    .map(({ operation }) => operation.kind);

const kinds = ({ actions }: Track): readonly string[] => actions.map(({ operation }) => operation.kind);

test('a process that exec starts is never dumpable before execve', () => {
  for (const [caller, facts] of Object.entries(callers))
    assert.equal(dumpable(named(execOf(withScore(facts)), 'process')), [], caller);
});

test('the command is, for the score of a user, as long as it is in no namespace of the container', () => {
  const exec = named(execOf(withScore(callers.user)), 'exec');
  assert.equal(dumpable(exec), ['set-oom-score']);
  const order = kinds(exec);
  assert.ok(order.indexOf('set-oom-score') < order.indexOf('enter-pid-namespace'), order.join());
  assert.not.ok(kinds(named(execOf(withScore(callers.user)), 'process')).includes('set-oom-score'));
});

test('the score is set once, whoever asks', () => {
  for (const [caller, facts] of Object.entries(callers)) {
    const program = execOf(withScore(facts));
    const scores = program.tracks.flatMap(kinds).filter(kind => kind === 'set-oom-score');
    assert.is(scores.length, 1, caller);
  }
});

test('who becomes root of a user namespace is not dumpable, whatever fs.suid_dumpable says', () => {
  const linux = {
    namespaces: ['mount', 'pid', 'user'].map(type => ({ type })),
    uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
  };
  const input = inputOf({ config: { linux } });
  for (const track of [named(programOf(compileLaunch(input)), 'init'), named(execOf(input), 'process')]) {
    const found = track.actions.find(({ operation }) => operation.kind === 'become-mapped-root');
    const calls = found?.lines.map(line =>
      line.kind === 'step' ? [line.call, ...line.args.slice(0, 2)] : [],
    );
    assert.equal(calls?.at(-1), ['prctl', Prctl.SET_DUMPABLE, 0], track.name);
  }
});

test('who becomes the user of the process is not dumpable either', () => {
  const input = inputOf({ config: { process: { user: { uid: 1000, gid: 1000 } } } });
  for (const track of [named(programOf(compileLaunch(input)), 'init'), named(execOf(input), 'process')]) {
    const found = track.actions.find(({ operation }) => operation.kind === 'become-user');
    const calls = found?.lines.map(line =>
      line.kind === 'step' ? [line.call, ...line.args.slice(0, 2)] : [],
    );
    assert.equal(calls?.at(-1), ['prctl', Prctl.SET_DUMPABLE, 0], track.name);
  }
});

test('init of a user namespace of the caller is not dumpable for its score', () => {
  const program = programOf(compileLaunch(withScore(callers['root of a user namespace'])));
  for (const track of program.tracks)
    assert.equal(
      dumpable(track).filter(kind => kind !== 'open-to-caller'),
      [],
      track.name,
    );
});

const notified = {
  defaultAction: 'SCMP_ACT_ALLOW',
  listenerPath: '/run/agent.sock',
  syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
} as const;

test('who waits for a caller that is not root of the host is open to it, and holds nothing of the host any more', () => {
  const config = { linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }], seccomp: notified } } as const;
  for (const [caller, facts] of Object.entries(callers)) {
    const input = inputOf({ config, facts });
    for (const track of [named(programOf(compileLaunch(input)), 'init'), named(execOf(input), 'process')]) {
      const expected = caller === 'root' ? [] : ['open-to-caller'];
      assert.equal(dumpable(track), expected, `${caller} ${track.name}`);
      const order = kinds(track);
      const holds = ['close-host-descriptors', 'find-executable'].map(kind => order.indexOf(kind));
      if (caller !== 'root') assert.ok(Math.max(...holds) < order.indexOf('open-to-caller'), order.join());
      assert.ok(order.indexOf('close-host-descriptors') >= 0, order.join());
    }
  }
});

test.run();
