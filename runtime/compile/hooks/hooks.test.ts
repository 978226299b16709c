/** Hooks as a site can test them, and the words of those that fail. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../../spec/host-facts.js';
import type { Action } from '../../program/action.js';
import { shownOf } from '../../program/operand.js';
import type { Line, Step } from '../../program/step.js';
import { compileLaunch } from '../compile.js';
import { inputOf } from '../test/input.js';

const hooks = {
  prestart: [{ path: '/bin/prepare', args: ['prepare', '-v'], timeout: 3 }],
  startContainer: [{ path: '/in/side' }],
  poststop: [{ path: `/${'x'.repeat(300)}` }],
};

function tracksOf(
  config: Readonly<Record<string, unknown>>,
  facts: Partial<HostFacts> = {},
  hookFiles: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, readonly Action[]> {
  const compiled = compileLaunch({ ...inputOf({ config, facts }), hookFiles });
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.refusals));
  return new Map(compiled.program.tracks.map(({ name, actions }) => [name, actions]));
}

const recordsOf = (actions: readonly Action[] | undefined): readonly object[] =>
  (actions ?? []).map(({ operation: { because: _, ...fields } }) => fields);

/** Texts that the lines, and what they call, put into the hook's name, place and so on. */
function textsOf(lines: readonly Line[]): readonly string[] {
  return lines
    .filter((line): line is Step => line.kind === 'step')
    .flatMap(({ op, args: [value], subroutine }) => {
      if (subroutine !== null) return textsOf(subroutine.lines);
      const isText = op === 'MOVE' && typeof value === 'object' && value.kind === 'data';
      return isText ? [shownOf(value).replace(/^"|"$/g, '')] : [];
    });
}

test('kind, place in the list, path and timeout of each hook', () => {
  const run = [...tracksOf({ hooks }).values()]
    .flat()
    .filter(({ operation }) => operation.kind === 'run-hook')
    .map(({ operation: { because: _, ...fields } }) => fields);
  assert.equal(
    run.map(fields => ({ ...fields, path: undefined })),
    [
      { kind: 'run-hook', hook: 'prestart', index: 0, path: undefined, timeout: 3 },
      { kind: 'run-hook', hook: 'startContainer', index: 0, path: undefined },
    ],
  );
});

/** System calls of the lines and of what they call. */
function callsOf(lines: readonly Line[]): readonly string[] {
  return lines
    .filter((line): line is Step => line.kind === 'step')
    .flatMap(({ call, subroutine }) =>
      subroutine !== null ? callsOf(subroutine.lines) : call === null ? [] : [call],
    );
}

test('what hooks say is kept in a tmpfs, or by users, who may mount none, in memory of their own', () => {
  const linux = {
    namespaces: ['mount', 'pid', 'user'].map(type => ({ type })),
    uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
  };
  const makes = (facts: Partial<HostFacts>): boolean => {
    const actions = tracksOf({ hooks: { prestart: hooks.prestart }, linux }, facts).get('create') ?? [];
    return actions.some(({ lines }) => callsOf(lines).includes('fsopen'));
  };
  assert.ok(makes({}));
  assert.not.ok(makes({ euid: 1000, egid: 1000 }));
});

test('the process of a hook', () => {
  assert.equal(recordsOf(tracksOf({ hooks }).get('prestart0')), [
    { kind: 'become-hook', hook: 'prestart', path: '/bin/prepare' },
    { kind: 'enter-bundle', path: '/bundle' },
    { kind: 'execute-hook', hook: 'prestart', path: '/bin/prepare', args: ['prepare', '-v'] },
  ]);
  const inside = recordsOf(tracksOf({ hooks }).get('startContainer0'));
  assert.not.ok(inside.some(o => 'kind' in o && o.kind === 'enter-bundle'));
  assert.equal(inside.at(-1), {
    kind: 'execute-hook',
    hook: 'startContainer',
    path: '/in/side',
    args: ['/in/side'],
  });
});

test('a hook is named as config.json has it, as far as that fits', () => {
  const hookFiles = new Map([
    ['hooks.prestart[0]', '/d/a.json'],
    ['hooks.poststop[0]', `/${'d'.repeat(300)}`],
  ]);
  const texts = [...tracksOf({ hooks }, {}, hookFiles).values()]
    .flat()
    .filter(({ operation }) => operation.kind === 'run-hook' || operation.kind === 'describe-to-hooks')
    .flatMap(({ lines }) => textsOf(lines));
  assert.ok(texts.includes('prestart hook #0 /bin/prepare'));
  assert.ok(texts.includes('took longer than 3 s and was killed'));
  assert.ok(texts.some(t => /^ \(config\.json:1:\d+ hooks\.prestart\[0\], as in \/d\/a\.json\)$/.test(t)));
  assert.ok(texts.every(t => t.length < 300));
});

test('what a hook that is not executed says stands behind its name: the errno, no more', () => {
  const [become, enter, execute] = tracksOf({ hooks }).get('prestart0') ?? [];
  for (const action of [become, execute])
    assert.equal(
      action?.words.map(w => typeof w),
      ['object'],
    );
  assert.is(enter?.words[0], '/bundle: ');
});

test.run();
