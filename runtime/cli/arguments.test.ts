import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../spec/commands.js';
import { failureText } from '../report/failure-text.js';
import { type CommandLine, readArguments } from './arguments.js';

const lineOf = (...args: string[]): CommandLine => {
  const read = readArguments(args);
  if (read.kind !== 'command') throw new Error(JSON.stringify(read));
  return read.line;
};
const faultOf = (...args: string[]): string => {
  const read = readArguments(args);
  return read.kind === 'fault' ? failureText({ kind: 'usage', fault: read.fault }) : read.kind;
};

test('Podman through conmon', () => {
  const line = lineOf(
    ...['--log-format=json', '--log', '/run/oci-log', '--cgroup-manager', 'disabled'],
    ...[
      'create',
      '--bundle',
      '/b',
      '--pid-file',
      '/p',
      '--preserve-fds',
      '2',
      '--console-socket',
      '/s',
      'abc',
    ],
  );
  assert.is(line.command.name, 'create');
  assert.equal(
    [...line.global.texts],
    [
      ['log-format', 'json'],
      ['log', '/run/oci-log'],
      ['cgroup-manager', 'disabled'],
    ],
  );
  assert.equal(
    [...line.options.texts],
    [
      ['bundle', '/b'],
      ['pid-file', '/p'],
      ['console-socket', '/s'],
    ],
  );
  assert.is(line.options.numbers.get('preserve-fds'), 2);
  assert.equal(line.operands, ['abc']);
});

test('containerd and CRI-O', () => {
  const create = lineOf(
    '--root',
    '/r',
    '--log',
    '/l',
    '--log-format',
    'json',
    'create',
    '--no-pivot',
    '-no-subreaper',
    'id',
  );
  assert.equal([...create.options.flags], ['no-pivot']);
  const kill = lineOf('--root=/r', '--systemd-cgroup', 'kill', '-a', 'id', '9');
  assert.ok(kill.options.flags.has('all'));
  assert.equal(kill.operands, ['id', '9']);
  assert.is(lineOf('ps', '--format', 'json', 'id').options.texts.get('format'), 'json');
});

test('Slurm puts options behind the id and values of --rootless in one word', () => {
  const line = lineOf(
    '--rootless=true',
    '--root=/run/user/0/',
    'create',
    'node1.alice.42.0.-1',
    '-b',
    '/spool',
  );
  assert.is(line.options.texts.get('bundle'), '/spool');
  assert.equal(line.operands, ['node1.alice.42.0.-1']);
  assert.is(line.global.texts.size, 1);
  assert.ok(lineOf('delete', 'id', '--force').options.flags.has('force'));
});

test('everything behind the id of exec, kill and ps is data', () => {
  assert.equal(lineOf('exec', '-t', 'id', 'sh', '-c', '--', 'x').operands, ['id', 'sh', '-c', '--', 'x']);
  assert.equal(lineOf('ps', 'id', '-ef').operands, ['id', '-ef']);
  assert.is(faultOf('kill', 'id', 'KILL', '-a').includes('unexpected argument'), true);
});

test('short options may stand together and have their value attached', () => {
  const line = lineOf('exec', '-dt', '-eA=1', '-e', 'B=2', '-u=7:8', 'id', 'sh');
  assert.equal([...line.options.flags].sort(), ['detach', 'tty']);
  assert.equal(line.options.lists.get('env'), ['A=1', 'B=2']);
  assert.is(line.options.texts.get('user'), '7:8');
});

test('booleans take values', () => {
  assert.not.ok(lineOf('exec', '--tty=false', 'id', 'sh').options.flags.has('tty'));
  assert.not.ok(lineOf('exec', '-t=no', 'id', 'sh').options.flags.has('tty'));
  assert.ok(lineOf('exec', '--tty=true', 'id', 'sh').options.flags.has('tty'));
  assert.ok(lineOf('--debug=1', 'state', 'id').global.flags.has('debug'));
  assert.is(faultOf('exec', '--tty=maybe', 'id'), 'option `--tty` takes true or false, not `maybe`');
});

test('an option that changes what is started and is not carried out is refused, one that changes nothing is not', () => {
  assert.ok(lineOf('kill', '-r', 'id').options.flags.has('regex'));
  assert.is(lineOf('delete', '--regex=false', 'id').options.flags.size, 0);
  assert.is(lineOf('--criu', '/c', '--rootless', 'auto', 'create', '--detach', 'id').options.flags.size, 0);
});

test('usage faults say what, where and what to do', () => {
  const cases: readonly (readonly [string[], string])[] = [
    [[], 'no command given; see `chos-runtime --help`'],
    [['crate'], 'unknown command `crate`; did you mean `create`?'],
    [['create'], '`create` lacks its ID; see `chos-runtime create --help`'],
    [['state', 'a', 'b'], 'unexpected argument `b` of `state`; see `chos-runtime state --help`'],
    [['create', '--bundel', 'x'], 'unknown option `--bundel` of `create`; did you mean `--bundle`?'],
    [['create', '--root', '/x', 'y'], 'unknown option `--root` of `create`; it goes before `create`'],
    [['--what=1', 'create'], 'unknown option `--what`; see `chos-runtime --help`'],
    [['create', 'x', '-b'], 'option `-b` of `create` requires an argument; see `chos-runtime create --help`'],
    [
      ['create', '--preserve-fds=-1', 'x'],
      'option `--preserve-fds` takes a number from 0 to 1048576, not `-1`',
    ],
    [['state', '-\u001b[2J'], 'unknown option `-\\u{1b}[2J` of `state`; see `chos-runtime state --help`'],
  ];
  for (const [args, words] of cases) assert.is(faultOf(...args), words);
});

test("Podman's probes find what is supported", () => {
  assert.is(readArguments(['checkpoint', '--help']).kind, 'help');
  assert.match(faultOf('restore', '--lsm-mount-context'), /requires an argument/);
});

test('an option of another action is refused', () => {
  for (const [given, option] of [
    ['tree list --drain', '--drain'],
    ['tree prepare one --force', '--force'],
    ['tree release -a', '--all'],
    ['tree load --format json', '--format'],
    ['skeleton create --force', '--force'],
  ] as const) {
    const action = given.split(' ').slice(0, 2).join(' ');
    assert.match(
      faultOf(...given.split(' ')),
      `\`${action}\` has no option \`${option}\`; it goes with`,
      given,
    );
  }
  assert.is(lineOf('tree', 'release', 'one', '--force').options.flags.has('force'), true);
  assert.is(lineOf('tree', 'show', 'one', '--format=json').options.texts.get('format'), 'json');
});

test('each action takes its own operands, and no others', () => {
  for (const [given, words] of [
    [
      'tree prepare one two',
      'unexpected argument `two` of `tree prepare`; see `chos-runtime tree prepare --help`',
    ],
    ['tree remove one two', 'unexpected argument `two` of `tree remove`'],
    ['tree list one', 'unexpected argument `one` of `tree list`'],
    ['tree load x', 'unexpected argument `x` of `tree load`'],
    ['tree import a b --name x', 'unexpected argument `b` of `tree import`'],
    ['tree update a b c', 'unexpected argument `c` of `tree update`'],
    ['skeleton create /a /b', 'unexpected argument `/b` of `skeleton create`'],
    ['hooks list /a', 'unexpected argument `/a` of `hooks list`'],
    ['hooks install a b', 'unexpected argument `b` of `hooks install`'],
    ['tree show', '`tree show` lacks its NAME; see `chos-runtime tree show --help`'],
    ['tree update one', '`tree update` lacks its SOURCE'],
    ['hooks run', '`hooks run` lacks its HOOK'],
    ['tree', '`tree` lacks its'],
  ] as const)
    assert.ok(faultOf(...given.split(' ')).startsWith(words), `${given}: ${faultOf(...given.split(' '))}`);
  for (const given of [
    'tree prepare --all',
    'tree files',
    'tree rollback a 3',
    'tree gc',
    'skeleton check /a',
  ])
    assert.is(lineOf(...given.split(' ')).operands.length, given.replace(/ --all/, '').split(' ').length - 1);
  // Whatever else has actions says it of each.
  for (const { name, actions = [], operands = {} } of commands)
    assert.equal(Object.keys(operands), [...actions], name);
});

test('help and version', () => {
  assert.is(readArguments(['--version']).kind, 'version');
  assert.is(readArguments(['-v']).kind, 'version');
  assert.is(readArguments(['-V']).kind, 'version');
  assert.equal(readArguments(['--help']), { kind: 'help', command: null });
  assert.is(readArguments(['create', '--help']).kind, 'help');
  const ofTree = { kind: 'help', command: commands.find(({ name }) => name === 'tree') };
  assert.equal(readArguments(['tree', '--help']), ofTree);
  assert.equal(readArguments(['tree', 'nonsense', '-h']), ofTree);
  for (const given of ['tree drain --help', 'tree -h drain one', 'help tree drain'])
    assert.equal(readArguments(given.split(' ')), { ...ofTree, action: 'drain' }, given);
  assert.is(readArguments(['exec', 'id', 'ls', '--help']).kind, 'command');
});

test('-- ends the options', () => {
  assert.equal(lineOf('state', '--', '-x').operands, ['-x']);
});

test.run();
