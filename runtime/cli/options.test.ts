/** Every option does something, is refused, or is in the table as ignored: spec/commands.ts, spec/effects/options.ts, docs/options.md. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands, type Option } from '../../spec/commands.js';
import { namedOptions, optionProofs } from '../../spec/effects/options.js';
import type { Proof } from '../../spec/effects/proof.js';
import { registryProofs } from '../../spec/effects/registry.js';
import { readArguments } from './arguments.js';
import { defaultConfig } from './default-config.js';
import { givenValues } from './launch-values.js';
import { ownRequest } from './own-request.js';

const named = namedOptions();
const isIgnored = ({ kind }: Option): boolean => kind === 'ignored' || kind === 'ignored-text';

/** A command line with the option, as spelt by its long name. */
function lineWith(command: string | null, { long, kind }: Option): readonly string[] {
  const given = kind === 'flag' || kind === 'ignored' ? [`--${long}`] : [`--${long}`, '1'];
  return command === null ? [...given, 'state', 'ID'] : [command, ...given, 'ID'];
}

test('an option is refused, ignored with a word about it, or has a test that fails when it is ignored', () => {
  for (const { name, option } of named) {
    const answers = [option.refused === true, isIgnored(option), optionProofs.has(name)].filter(Boolean);
    assert.is(answers.length, 1, `${name}: spec/effects/options.ts has to name its test`);
  }
});

test('what is named exists', () => {
  const known = new Set(named.map(({ name }) => name));
  assert.equal(
    [...optionProofs.keys()].filter(name => !known.has(name)),
    [],
  );
  const proofs: readonly Proof[] = [...optionProofs.values(), ...Object.values(registryProofs)];
  for (const proof of proofs) {
    const text = readFileSync(proof.file, 'utf8');
    const name = proof.test.replace(/[.*+?^${}()|[\]\\]/g, letter =>
      letter === '*' ? '\\$\\{\\w+\\}' : `\\${letter}`,
    );
    // `same` is the test of the shell scripts of the virtual machine.
    assert.match(
      text,
      new RegExp(`(\\(\\s*|same )(['"\`])${name}\\2`),
      `${proof.file} has no test ${proof.test}`,
    );
  }
});

test('ignored options leave no trace, refused ones are refused', () => {
  for (const { name, command, option } of named) {
    const read = readArguments(lineWith(command, option));
    if (option.refused) assert.is(read.kind === 'fault' && read.fault.kind, 'option-later', name);
    if (!isIgnored(option)) continue;
    assert.ok(read.kind === 'command', name);
    for (const { flags, texts, numbers, lists } of read.kind === 'command'
      ? [read.line.global, read.line.options]
      : [])
      assert.is(flags.size + texts.size + numbers.size + lists.size, 0, name);
  }
});

test('commands that are not carried out are refused whatever their options', () => {
  for (const { name, support, options } of commands) {
    if (support !== 'later') continue;
    for (const option of options) {
      const read = readArguments(lineWith(name, option));
      assert.is(read.kind === 'fault' && read.fault.kind, 'command-later', `${name} --${option.long}`);
    }
  }
});

test('an option with a parameter gives it a value', () => {
  for (const { name, command, option } of named) {
    if (option.parameter === undefined || command === null) continue;
    const argv = lineWith(command, option);
    const read = readArguments(argv);
    if (read.kind !== 'command') throw new Error(`${name}: ${JSON.stringify(read)}`);
    const request = ownRequest(argv);
    const values = givenValues({ request, line: read.line, root: '/r' });
    assert.is(String(values[option.parameter]), '1', name);
  }
});

const base = mkdtempSync(join(tmpdir(), 'chos-options-'));
const bundle = join(base, 'bundle');
const config = { ...defaultConfig(), process: { ...defaultConfig().process, terminal: false } };
mkdirSync(join(bundle, 'rootfs'), { recursive: true });
writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
writeFileSync(join(base, 'other.json'), JSON.stringify({ ...config, hostname: 'other' }));

function chos(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    'build/chos-runtime',
    ['--root', join(base, 'root'), ...args],
    {
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

function good(...args: readonly string[]): string {
  const { status, stdout, stderr } = chos(...args);
  assert.is(status, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** What `create` and `run` do is what `explain` shows: one function reads the options of all (runtime/cli/launch.ts). */
test('what is planned goes by the options', () => {
  const plain = good('explain', '--bundle', bundle);
  assert.match(chos('explain', '--bundle', join(base, 'nosuch')).stderr, /nosuch/);
  for (const given of [
    ['--no-pivot'],
    ['--no-new-keyring'],
    ['--config', join(base, 'other.json')],
    ['--steps'],
    ['--format', 'json'],
  ])
    assert.is.not(good('explain', bundle, ...given), plain, given.join(' '));
  const image = (name: string, ...args: readonly string[]): Buffer => {
    const file = join(base, name);
    good('compile', '-o', file, ...args);
    assert.ok(existsSync(file), name);
    return readFileSync(file);
  };
  const compiled = image('plain', '--bundle', bundle);
  for (const given of [['--no-pivot'], ['--no-new-keyring'], ['--config', join(base, 'other.json')]])
    assert.ok(!compiled.equals(image(`with${given[0]}`, bundle, ...given)), `compile ${given.join(' ')}`);
  for (const command of ['create', 'run', 'explain', 'compile']) {
    const operands = { explain: [bundle], compile: [bundle, '-o', join(base, 'x')] }[command] ?? [
      '-b',
      bundle,
      'box',
    ];
    const { stderr } = chos(command, '--tree', 'nosuch-tree', ...operands);
    assert.match(stderr, /nosuch-tree/, command);
  }
});

test('cgroup drivers differ in what is planned', () => {
  const scope = good('--systemd-cgroup', 'explain', bundle);
  assert.match(scope, /let systemd start chos-runtime-ID.scope in system.slice/);
  assert.is(good('--cgroup-manager', 'systemd', 'explain', bundle), scope);
  assert.is(
    good('--systemd-cgroup', '--cgroup-manager', 'cgroupfs', 'explain', bundle),
    good('explain', bundle),
  );
  assert.is.not(good('--cgroup-manager', 'disabled', 'explain', bundle), good('explain', bundle));
});

test.after(() => rmSync(base, { recursive: true, force: true }));

test.run();
