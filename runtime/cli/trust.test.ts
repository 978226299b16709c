/** Whatever the spelling of a command, fast way or cold: nothing that others could have written is run or believed (docs/architecture.md, "Trust"). Needs root. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../program/encode.js';
import { characters } from '../program/operand.js';
import { exit, sys } from '../program/step.js';
import { action } from '../program/test/action.js';

const runtime = join(process.cwd(), 'build/chos-runtime');
const scratch = mkdtempSync(join(tmpdir(), 'chos-trust-'));
test.after(() => rmSync(scratch, { recursive: true }));

const USER = 1000;
const RUN = 'the program was run';
const entries = ['start', 'kill', 'delete', 'state', 'pause', 'resume'] as const;

/** A stored program that says that it was run. */
function program(): Uint8Array {
  const text = characters('text', RUN);
  const because = { kind: 'rule', rule: 'test' } as const;
  return encode({
    arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    joins: false,
    parameters: new Map(),
    entries: entries.map(entry => ({ entry, track: entry })),
    tracks: entries.map(name => ({
      name,
      failed: [],
      actions: [action({ title: 'speak', because }, [sys('write', [1, text, text.size]), exit(0)])],
    })),
  });
}

interface Place {
  readonly parent: string;
  readonly root: string;
  readonly directory: string;
}

let count = 0;
/** PARENT/root/box with all that a container has. */
function place(): Place {
  const parent = join(scratch, `parent-${count++}`);
  const root = join(parent, 'root');
  const directory = join(root, 'box');
  mkdirSync(directory, { recursive: true });
  chmodSync(parent, 0o755);
  chmodSync(root, 0o700);
  chmodSync(directory, 0o711);
  const state = `{"pid":1,"pidStart":1,"ociVersion":"1.0.2","id":"box","bundle":"/b","created":"2026-01-02T03:04:05Z"}\n`;
  for (const [name, content] of [
    ['program', program()],
    ['state.json', state],
    ['config.json', '{}'],
  ] as const)
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  return { parent, root, directory };
}

function call(root: string, args: readonly string[], cwd = '/') {
  const { status, stdout, stderr } = spawnSync(runtime, ['--root', root, ...args], { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Spellings that the front door understands, and others, for the argument reader in TypeScript. */
const commands: readonly (readonly string[])[] = [
  ['state', 'box'],
  ['kill', 'box', 'KILL'],
  ['delete', '--force', 'box'],
  ['delete', '--force=1', 'box'],
  ['kill', '-a=1', 'box'],
  ['kill', '--all=True', 'box', '9'],
  ['start', 'box'],
  ['pause', 'box'],
];
/** These read state.json and config.json only. */
const readers: readonly (readonly string[])[] = [
  ['exec', 'box', 'true'],
  ['ps', 'box'],
  ['explain', 'box'],
];

function refused(at: Place, given: readonly (readonly string[])[], what: RegExp, root = at.root): void {
  for (const args of given)
    for (const [shown, cwd] of [
      [root, '/'],
      [relative(dirname(at.parent), root), dirname(at.parent)],
    ] as const) {
      // One spelling that the front door takes goes the cold way with a relative root; the others do so anyway.
      if (shown !== root && args[0] !== 'delete') continue;
      const { status, stdout, stderr } = call(shown, args, cwd);
      const about = `--root ${shown} ${args.join(' ')}: ${stderr}`;
      assert.is(stdout, '', about);
      assert.ok(status === 1 || (args[0] === 'exec' && status === 255), about);
      assert.match(stderr, what, about);
      assert.is(stderr.trim().split('\n').length, 1, about);
    }
}

const all = [...commands, ...readers, ['list']];

test('a program of ours is run, however the command is written', () => {
  for (const args of commands) {
    const { root, parent } = place();
    assert.is(call(root, args).stdout || call(root, args).stderr, RUN, args.join(' '));
    if (args[0] !== 'state') assert.is(call('root', args, parent).stdout, RUN, args.join(' '));
  }
});

for (const [name, spoil] of [
  ['of another owner', at => chownSync(at.root, USER, USER)],
  ['that everybody can write', at => chmodSync(at.root, 0o777)],
  ['that a group can write', at => chmodSync(at.root, 0o770)],
  ['that everybody can write to, although it is sticky', at => chmodSync(at.root, 0o1777)],
  ['in a directory of another owner', at => chownSync(at.parent, USER, USER)],
  ['in a directory that everybody can write', at => chmodSync(at.parent, 0o777)],
] as const satisfies readonly (readonly [string, (at: Place) => void])[]) {
  test(`a state root ${name}`, () => {
    const at = place();
    spoil(at);
    refused(at, all, /^chos-runtime: refuses the state root \//);
  });
}

test('a state root behind a link of another owner', () => {
  const at = place();
  const link = join(at.parent, 'link');
  symlinkSync('root', link);
  lchownSync(link, USER, USER);
  refused(at, all, /^chos-runtime: refuses the state root \/.*link has owner 1000|link: owner 1000/, link);
  lchownSync(link, 0, 0);
  assert.is(call(link, ['state', 'box']).stdout, RUN, 'one of ours is good');
  assert.is(call(`${link}/../root//.`, ['state', 'box']).stdout, RUN);
});

test('a sticky directory on the way, as /tmp', () => {
  const at = place();
  chmodSync(at.parent, 0o1777);
  assert.is(call(at.root, ['state', 'box']).stdout, RUN);
  assert.is(call(at.root, ['delete', '--force=1', 'box']).stdout, RUN);
});

test('a state directory that the caller may not read', () => {
  const { root } = place();
  const { status, stderr } = spawnSync(runtime, ['--root', root, 'kill', 'box'], {
    uid: USER,
    gid: USER,
    encoding: 'utf8',
  });
  assert.equal(
    [status, stderr],
    [1, `chos-runtime: open the state directory ${root}/box: Permission denied\n`],
  );
});

for (const [name, spoil] of [
  ['of another owner', at => chownSync(at.directory, USER, USER)],
  ['that everybody can write', at => chmodSync(at.directory, 0o777)],
] as const satisfies readonly (readonly [string, (at: Place) => void])[]) {
  test(`a state directory ${name}`, () => {
    const at = place();
    spoil(at);
    refused(at, [...commands, ...readers], /^chos-runtime: refuses the state directory \//);
    assert.is(call(at.root, ['list', '-q']).stdout, '', 'list leaves it out');
  });
}

test('a state directory that is a link', () => {
  const at = place();
  renameSync(at.directory, join(at.root, 'real'));
  symlinkSync('real', at.directory);
  refused(
    at,
    [...commands, ...readers],
    /^chos-runtime: refuses the state directory .*: it is not a directory/,
  );
});

function becomeLink(path: string): void {
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
}

for (const [name, spoil] of [
  ['of another owner', path => chownSync(path, USER, USER)],
  ['that everybody can write', path => chmodSync(path, 0o666)],
] as const satisfies readonly (readonly [string, (path: string) => void])[]) {
  test(`a stored program ${name}`, () => {
    const at = place();
    spoil(join(at.directory, 'program'));
    refused(
      at,
      commands.filter(([command]) => command !== 'state'),
      /^chos-runtime: refuses the stored program of \//,
    );
  });

  test(`a config.json ${name}`, () => {
    const at = place();
    spoil(join(at.directory, 'config.json'));
    refused(at, [['explain', 'box']], /^chos-runtime: refuses the file .*config\.json/);
  });

  test(`a state.json ${name}`, () => {
    const at = place();
    spoil(join(at.directory, 'state.json'));
    refused(at, readers, /^chos-runtime: refuses the file .*state\.json/);
  });
}

test('a stored program that is a link is not run', () => {
  for (const args of commands) {
    const at = place();
    becomeLink(join(at.directory, 'program'));
    const { stdout, stderr } = call(at.root, args);
    assert.is((stdout + stderr).includes(RUN), false, args.join(' '));
  }
});

test('a state.json that is a link is not read', () => {
  const at = place();
  becomeLink(join(at.directory, 'state.json'));
  refused(at, readers.slice(0, 2), /it is not a state of this runtime/);
});

test('a config.json that is a link is not read', () => {
  const at = place();
  becomeLink(join(at.directory, 'config.json'));
  refused(
    at,
    [['explain', 'box']],
    /^chos-runtime: refuses the file .*config\.json: it is not a regular file/,
  );
});

test.run();
