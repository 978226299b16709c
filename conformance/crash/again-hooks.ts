/** Starts with hooks that are used again (spec/reuse.ts): the hooks run, and their failures are told, as when nothing is left; whatever of the host a compilation asks about them counts. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mountLines } from '../harness/host-check.js';
import { forgetStarts } from '../harness/left-programs.js';
import { bundleOf, idOf, type Json, nothing, type Place, same, start } from './again.js';
import { check, onTmpfs, residue } from './lab.js';

const CONTAINERS = '/etc/containers';
const DEFINITION = join(CONTAINERS, 'oci/hooks.d/a.json');

interface Hook {
  readonly dir: string;
  readonly program: string;
  /** What it has been told, and with which arguments. */
  readonly heard: string;
  readonly fails: string;
}

/** Of one stage before the container's process begins, one inside of its namespaces, one of the container, one after its end. */
const STAGES = ['createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

function makeHook({ lab }: Place): Hook {
  const dir = join(lab.dir, 'again-hooks');
  mkdirSync(dir, { mode: 0o755 });
  const hook: Hook = {
    dir,
    program: join(dir, 'program'),
    heard: join(dir, 'heard'),
    fails: join(dir, 'fails'),
  };
  writeFileSync(
    hook.program,
    `#!/bin/sh\n{ echo "$@"; env | sort; sed 's/"pid":[0-9]*//'; } >>${hook.heard}\nif [ -e ${hook.fails} ]; then echo no luck >&2; exit 3; fi\n`,
  );
  chmodSync(hook.program, 0o755);
  return hook;
}

function put(config: Json, { program }: Hook, seed: string): void {
  const name = idOf(seed);
  config.hooks = Object.fromEntries(
    STAGES.map(stage => [
      stage,
      stage === 'startContainer'
        ? [{ path: '/bin/true', args: ['true', name], timeout: 5 }]
        : [{ path: program, args: ['program', stage, name], env: [`ID=${name.slice(0, 12)}`], timeout: 10 }],
    ]),
  );
}

type HookChange = readonly [name: string, change: () => unknown, undo: () => unknown, used: boolean];

const changesOf = ({ dir, program, fails }: Hook): readonly HookChange[] => [
  ['nothing', nothing, nothing, true],
  ['one fails', () => writeFileSync(fails, ''), () => rmSync(fails), true],
  [
    'its program is gone',
    () => renameSync(program, `${program}-away`),
    () => renameSync(`${program}-away`, program),
    true,
  ],
  ['anybody may write its program', () => chmodSync(program, 0o757), () => chmodSync(program, 0o755), false],
  ['anybody may write its directory', () => chmodSync(dir, 0o777), () => chmodSync(dir, 0o755), false],
  [
    'a file of hooks.d defines it',
    () => define({ hook: { path: program, args: ['program', 'createRuntime', idOf('one')] } }),
    () => rmSync(DEFINITION),
    false,
  ],
  [
    'it fails, and so a file of hooks.d is named',
    () => {
      writeFileSync(fails, '');
      define({ hook: { path: program, args: ['program', 'createRuntime', idOf('one')] } });
    },
    () => {
      rmSync(fails);
      rmSync(DEFINITION);
    },
    false,
  ],
];

function define(definition: Json): void {
  writeFileSync(
    DEFINITION,
    JSON.stringify({ version: '1.0.0', when: { always: true }, stages: ['createRuntime'], ...definition }),
  );
}

/** What the hooks of a start are told is a part of what it does. */
const told = (hook: Hook): string => {
  const text = existsSync(hook.heard) ? readFileSync(hook.heard, 'utf8') : '';
  rmSync(hook.heard, { force: true });
  return text;
};

/** As `same`, and the hooks hear the same. */
function sameHeard(outer: Place, hook: Hook, name: string, dir: string, used: boolean): readonly string[] {
  const heard: string[] = [];
  told(hook);
  const complaints = same(outer, name, ['--bundle', dir], used, () => heard.push(told(hook)));
  const [first, second] = heard;
  return [...complaints, ...(first === second ? [] : [`${name}: hooks hear ${first}, compiled ${second}`])];
}

function afterChanges(place: Place, hook: Hook): void {
  const dir = bundleOf(place, 'one', config => put(config, hook, 'one'));
  for (const [name, change, undo, used] of changesOf(hook)) {
    forgetStarts(place.lab.root);
    start(place, ['--bundle', dir]);
    change();
    const complaints = sameHeard(place, hook, name, dir, used);
    undo();
    check(`again, hooks: ${name}`, [...complaints, ...residue(place.lab, place.id)]);
  }
}

function forOthers(place: Place, hook: Hook): void {
  const of = (seed: string): string => bundleOf(place, seed, config => put(config, hook, seed));
  forgetStarts(place.lab.root);
  start(place, ['--bundle', of('one')]);
  check('again, hooks: other names', [
    ...sameHeard(place, hook, 'other names', of('two'), true),
    ...residue(place.lab, place.id),
  ]);
  // It stays: a definition of one container's arguments says nothing of another's.
  define({ hook: { path: hook.program, args: ['program', 'createRuntime', idOf('one')] } });
  writeFileSync(hook.fails, '');
  start(place, ['--bundle', of('one')]);
  check('again, hooks: other names, a file of hooks.d with the first', [
    ...sameHeard(place, hook, 'other names', of('two'), false),
    ...residue(place.lab, place.id),
  ]);
  // Nor the other way round, even where its letters are hidden.
  const [hidden = '', plain = ''] = ['one', 'two'].map(idOf);
  const letters = [...hidden].map(letter => `\\u00${letter.charCodeAt(0).toString(16)}`).join('');
  for (const [how, name, text] of [
    ['the second', plain, plain],
    ['the first, escaped', hidden, letters],
  ] as const) {
    define({ hook: { path: hook.program, args: ['program', 'createRuntime', name] } });
    writeFileSync(DEFINITION, readFileSync(DEFINITION, 'utf8').replace(name, text));
    forgetStarts(place.lab.root);
    start(place, ['--bundle', of('one')]);
    check(`again, hooks: other names, a file of hooks.d with ${how}`, [
      ...sameHeard(place, hook, how, of('two'), false),
      ...residue(place.lab, place.id),
    ]);
  }
  rmSync(DEFINITION);
  rmSync(hook.fails);
}

export function againHooks(outer: Place): void {
  onTmpfs(CONTAINERS, () => {
    mkdirSync(dirname(DEFINITION), { recursive: true });
    const place: Place = { ...outer, lab: { ...outer.lab, mounts: mountLines() } };
    const hook = makeHook(place);
    afterChanges(place, hook);
    forOthers(place, hook);
    rmSync(hook.dir, { recursive: true });
  });
}
