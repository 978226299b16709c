/** Programs of `create` and `run` that are left in the state root: which starts they serve, and which they do not. */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGAIN_COUNT, AGAIN_DIRECTORY, AGAIN_IMAGE_LIMIT, AGAIN_TEXT_LIMIT } from '../../../spec/reuse.js';
import { left, newRoot, type Start, start } from './starting.js';

const isRoot = process.geteuid?.() === 0;

test('the first start asks, the others do not', () => {
  const root = newRoot();
  const bundle = join(root, 'bundle');
  assert.is(start(root, 'first'), `first ${bundle} box\n`);
  const [name = ''] = left(root);
  assert.match(name, /^[0-9a-f]{16}$/);
  assert.is(statSync(join(root, AGAIN_DIRECTORY)).mode & 0o7777, 0o700);
  assert.is(statSync(join(root, AGAIN_DIRECTORY, name)).mode & 0o7777, 0o600);
  assert.is(start(root, 'second', { id: 'other' }), `first ${bundle} other\n`);
  assert.is(
    start(root, 'third', { global: ['--debug'] }),
    `first ${bundle} box\nchos-runtime: warning: the program of an earlier start is tried\n`,
  );
  assert.is(
    start(root, 'fourth', { global: ['--log-level', 'error', '--log=/dev/null'] }),
    `first ${bundle} box\n`,
  );
  const pid = ['--bundle', bundle, '--pid-file'];
  assert.match(start(root, 'with', { options: [...pid, '/one'] }), /^with /);
  assert.match(start(root, 'else', { options: [...pid, '/two'] }), /^with /);
  assert.is(left(root).length, 2);
});

test('another question asks', () => {
  const root = newRoot();
  const bundle = join(root, 'bundle');
  const questions: readonly Start[] = [
    {},
    { command: 'create' },
    { config: '{ }' },
    { options: ['--bundle', bundle, '--detach'] },
    { options: ['--bundle', bundle, '--no-pivot'] },
    { options: ['--bundle', bundle, '--no-new-keyring'] },
    { options: ['--bundle', bundle, '--preserve-fds', '1'] },
    { options: ['--bundle', bundle, '--console-socket', '/x'] },
    { global: ['--systemd-cgroup'] },
    { global: ['--cgroup-manager', 'systemd'] },
    { global: ['--cgroup-manager=disabled'] },
    { environment: { XDG_RUNTIME_DIR: '/run/x' } },
    { environment: { XDG_RUNTIME_DIR: '/run/y' } },
    { environment: { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/x' } },
    { environment: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' } },
    { options: [], cwd: bundle },
    { options: ['--bundle', 'bundle'], cwd: root },
    { bundle: join(root, 'bundle-2'), options: ['--bundle', 'bundle-2'], cwd: root },
  ];
  for (const [i, question] of questions.entries())
    assert.match(start(root, `no. ${i}`, question), `no. ${i} `);
  for (const [i, question] of questions.entries()) {
    const { bundle: at = bundle } = question;
    assert.is(start(root, 'again', question), `no. ${i} ${at} box\n`, JSON.stringify(question));
  }
  const none = { options: ['--bundle', bundle, '--detach=false'], global: ['--systemd-cgroup=false'] };
  assert.is(start(root, 'again', none), `no. 0 ${bundle} box\n`, 'none of them');
  assert.match(start(root, 'with a hash', { config: '{  }', environment: { HOME: '/x' } }), 'with a hash');
  assert.match(
    start(root, 'again', { config: '{  }', environment: { HOME: '/y' } }),
    'with a hash',
    'any other variable',
  );
});

test('what has more to it is compiled each time', () => {
  const root = newRoot();
  const bundle = join(root, 'bundle');
  const cases: readonly Start[] = [
    { options: ['--bundle', bundle, '--tree', 'x'] },
    { options: ['--bundle', bundle, '--config', join(bundle, 'config.json')] },
    { options: ['--bundle', `${bundle}/`] },
    { options: ['--bundle', `${root}//bundle`] },
    { options: ['--bundle', `${root}/./bundle`] },
    { options: ['--bundle', `${root}/../${root.split('/').at(-1) ?? ''}/bundle`] },
    { options: ['--bundle', './bundle'] },
    { options: ['--bundle', '.'], cwd: bundle },
    { bundle: join(root, '\u00e9') },
    { options: ['--bundle', bundle, '--pid-file', ''] },
    { options: ['--bundle', bundle, '--pid-file', '/\u00e9'] },
    { options: ['--bundle', bundle, '--preserve-fds', 'x'] },
    { options: ['--bundle', bundle, '--detach=maybe'] },
    { global: ['--cgroup-manager', '\u00e9'] },
    { global: ['--log-level=nonsense'] },
    { environment: { LISTEN_FDS: '1' } },
    { environment: { NOTIFY_SOCKET: '/x' } },
    { config: 'x'.repeat(AGAIN_TEXT_LIMIT) },
    { config: '"\\u0036b86b273ff34"' },
    { config: '"\\u0061", "6b86b273ff34"' },
    { config: '"\\u002D"' },
    { config: '"\\u002e"' },
    { config: '"\\u003A"' },
    ...[
      '(6b86b273ff34)',
      '6b86b273ff34x',
      'a\\n6b86b273ff34',
      '06b86b273ff34',
      'q+6b86b273ff34',
      '6b86b273ff34G',
    ].map(text => ({
      config: `["6b86b273ff34", "${text}"]`,
    })),
    { config: '["2026-11-30T05:38:32", "(2026-11-30T05:38:32)"]' },
    { config: `["${names.uuid[0]}", "r${names.uuid[0]}"]` },
    { config: `["${names.uuid[0]}", "${names.uuid[0].slice(-12)}"]` },
    { config: '["2026-11-30T05:38:32", "2026-11-30T05:38:32.5"]' },
    {
      config:
        '["6b86b273ff34", "2026-6b86b273ff34", "r0d5c0a4e-3a1c-4f0b-9a54-6b86b273ff34", "0d5c0a4e-3a1c-4f0b-9a54-6b86b273ff34"]',
    },
    { global: ['--root', `${root}/`] },
    { environment: { XDG_RUNTIME_DIR: '/run/6b86b273ff34' } },
    { environment: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x/6b86b273ff34' } },
    { global: ['--cgroup-manager='] },
    { config: 'a\u0001b' },
    { config: 'a\u0002b' },
    { looks: null },
    { warning: 'told' },
    { ballast: AGAIN_IMAGE_LIMIT },
  ];
  for (const asked of cases)
    for (const time of ['first', 'second'])
      assert.match(start(root, time, asked), new RegExp(`^${time} `), JSON.stringify(asked).slice(0, 200));
  assert.is(left(root).length, 0);
});

const names = {
  id: [
    '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b',
    'd4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35',
  ],
  short: ['6b86b273ff34', 'd4735e3a265e'],
  uuid: ['0d5c0a4e-3a1c-4f0b-9a54-5b0f2f6c9e11', '9e107d9d-372b-4b6d-8bd8-2c0c9f0a7b3d'],
  time: ['2026-11-30T05:38:32.123456789', '1999-01-02T23:59:60.000000001'],
  second: ['2026-11-30T05:38:32', '2030-01-01T00:00:00'],
} as const;

test('a program serves for other names', () => {
  for (const [kind, [one, other]] of Object.entries(names)) {
    const root = newRoot();
    const bundle = join(root, 'bundle');
    const shown = (name: string) => `<${name}> "${name}/x" -${name}`;
    const config = (name: string) => `{"a": "${name}", "b": "/x/${name}/y_${name}.z"}`;
    assert.is(start(root, shown(one), { config: config(one) }), `${shown(one)} ${bundle} box\n`, kind);
    assert.is(start(root, 'none', { config: config(other) }), `${shown(other)} ${bundle} box\n`, kind);
    assert.is(start(root, 'none', { config: config(one) }), `${shown(one)} ${bundle} box\n`, kind);
    assert.is(left(root).length, 1);
    // The place of the bundle has names, too.
    const at = (name: string) => join(root, name.replaceAll(':', '-'), name.replaceAll(':', '-'));
    if (kind === 'time' || kind === 'second') continue;
    assert.is(
      start(root, shown(one), { config: config(one), bundle: at(one) }),
      `${shown(one)} ${at(one)} box\n`,
    );
    assert.is(
      start(root, 'none', { config: config(other), bundle: at(other) }),
      `${shown(other)} ${at(other)} box\n`,
    );
    assert.match(start(root, 'mixed', { config: config(other), bundle: at(one) }), /^mixed/);
    const here = { options: [], config: config(one) };
    assert.is(start(root, 'here', { ...here, bundle: at(one), cwd: at(one) }), `here ${at(one)} box\n`);
    assert.is(
      start(root, 'none', { options: [], config: config(other), bundle: at(other), cwd: at(other) }),
      `here ${at(other)} box\n`,
    );
  }
});

test('which names are the same counts, and how long they are', () => {
  const root = newRoot();
  const [[one, two], [short, other]] = [names.id, names.short];
  const config = (...all: readonly string[]) => JSON.stringify(all);
  assert.match(start(root, `of two ${one} ${two}`, { config: config(one, two) }), `of two ${one} ${two}`);
  assert.match(start(root, 'x', { config: config(two, one) }), `of two ${two} ${one}`);
  assert.match(start(root, 'of one', { config: config(one, one) }), 'of one');
  assert.match(start(root, 'x', { config: config(two, two) }), 'of one');
  assert.match(start(root, 'short', { config: config(short, one) }), 'short', 'another kind');
  assert.match(
    start(root, 'x', { config: config(other, one) }),
    'short',
    'that it begins the other one is nothing',
  );
  const time = '2026-11-30T05:38:32.1234567';
  for (let digits = 1; digits <= 7; digits++) {
    const given = time.slice(0, 20 + digits);
    assert.match(start(root, `${digits} digits`, { config: config(given) }), `${digits} digits`);
    assert.match(start(root, 'x', { config: config(given.replace('05:38', '06:39')) }), `${digits} digits`);
  }
});

test('what could be a number, or a part of something else, is no name', () => {
  const root = newRoot();
  const pairs: readonly (readonly [string, string])[] = [
    ['137438953472', '137438953473'],
    ['1234567890e1', '1234567890e2'],
    ['0x1a2b3c4d5e6f', '0x1a2b3c4d5e6e'],
    ['"\\u00e9abcdef01"', '"\\u00e9abcdef02"'],
    ['"\\u003e20261130"', '"\\u003e20261201"'],
    ['"\\u0026deadbeef"', '"\\u0026cafebabe"'],
    ['"\\b1234567890b"', '"\\b1234567890c"'],
    ['"\\f1234567890a"', '"\\f1234567890c"'],
    ['%4deadbeef012', '%4deadbeef013'],
    ["b'1a2b3c4d5e6f", "b'1a2b3c4d5e6e"],
    ['g1a2b3c4d5e6f', 'g1a2b3c4d5e6e'],
    ['A1a2b3c4d5e6f', 'A1a2b3c4d5e6e'],
    ['1a2b3c4d5e6fg', '1a2b3c4d5e6eg'],
    ['1a2b3c4d5e6fA', '1a2b3c4d5e6eA'],
    ['1A2B3C4D5E6F', '1A2B3C4D5E6E'],
    ['1a2b3c4d5e6', '1a2b3c4d5e7'],
    ['1a2b3c4d5e6f7', '1a2b3c4d5e6f8'],
    [names.id[0].slice(1), names.id[1].slice(1)],
    [`0${names.id[0]}`, `0${names.id[1]}`],
    ['0d5c0a4e-3a1c-4f0b-9a54-5b0f2f6c9e1', '0d5c0a4e-3a1c-4f0b-9a54-5b0f2f6c9e2'],
    ['0d5c0a4e-3a1c-4f0b9a54-5b0f2f6c9e11', '0d5c0a4f-3a1c-4f0b9a54-5b0f2f6c9e11'],
    ['2026-11-30 05:38:32', '2026-11-30 05:38:33'],
    ['2026-11-30T05:38', '2026-11-30T05:39'],
    ['2026-11-30T05:38:32a', '2026-11-30T05:38:33a'],
    ['2026-11-30T05:38:32.123a', '2026-11-30T05:38:32.124a'],
    ['abcdefabcdef', 'abcdefabcdea'],
    ['2026-11-30T05:38:32.1234567890', '2026-11-30T05:38:32.1234567891'],
    ['12026-11-30T05:38:32', '12026-11-30T05:38:33'],
  ];
  for (const [one, other] of pairs) {
    assert.match(start(root, 'one', { config: one }), /^one /, one);
    assert.match(start(root, 'other', { config: other }), /^other /, other);
    assert.match(start(root, 'x', { config: one }), /^one /, one);
  }
});

test('what holds a part of a name, or has digits around one, is not left', () => {
  const [id, uuid] = [names.id[0], names.uuid[0]];
  for (const shown of [
    id.slice(0, 12),
    id.slice(20, 28),
    id.slice(1),
    `a${id}`,
    `${id}0`,
    `${id}${id}`,
    uuid.split('-')[0] ?? '',
    uuid.slice(8, 16),
    `${id.slice(0, 5)}…`,
  ]) {
    const root = newRoot();
    const config = JSON.stringify([id, uuid]);
    for (const time of ['first', 'second'])
      assert.match(start(root, `${time} <${shown}>`, { config }), new RegExp(`^${time} `), shown);
    assert.not(readdirSync(root).includes(AGAIN_DIRECTORY), shown);
  }
  const root = newRoot();
  const many = Array.from({ length: 33 }, (_, i) => id.replace(/^../, (i + 16).toString(16)));
  assert.match(start(root, 'many', { config: JSON.stringify(many) }), /^many/);
  assert.is(left(root).length, 0, 'too many');
  assert.match(start(root, 'most', { config: JSON.stringify(many.slice(1)) }), /^most/);
  assert.is(left(root).length, 1);
  assert.match(start(root, `${id} `.repeat(400), { config: `"${id}"` }), id);
  assert.is(left(root).length, 2, 'in many places');
});

test('a mark of cut texts counts where there are names alone', () => {
  const root = newRoot();
  assert.match(start(root, 'first 01234…'), /^first /);
  assert.match(start(root, 'second'), /^first 01234… /);
});

test('a file that others could have written, or that is damaged, is none', () => {
  const spoil: Readonly<Record<string, (file: string, directory: string) => void>> = {
    'of others': file => chmodSync(file, 0o622),
    'in a directory of others': (_, directory) => chmodSync(directory, 0o722),
    truncated: file => truncateSync(file, statSync(file).size - 1),
    'cut off': file => truncateSync(file, 64),
    empty: file => truncateSync(file, 0),
    longer: file => writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(8)])),
    'of another version': file => flip(file, 0),
    'of another question': file => flip(file, 40),
    'with a damaged image': file => flip(file, statSync(file).size - 1, true),
    ...(isRoot ? { "another user's": (file: string) => chownSync(file, 1, 1) } : {}),
  };
  for (const [how, change] of Object.entries(spoil)) {
    const root = newRoot();
    const directory = join(root, AGAIN_DIRECTORY);
    start(root, 'first');
    change(join(directory, left(root)[0] ?? ''), directory);
    assert.match(start(root, 'second'), /^second /, how);
    chmodSync(directory, 0o700);
    assert.match(
      start(root, 'third'),
      how === 'in a directory of others' ? /^first / : /^second /,
      `${how}: replaced`,
    );
  }
});

/** One byte of a file; `all`: from the middle of it on. */
function flip(file: string, at: number, all = false): void {
  const bytes = readFileSync(file);
  if (all) bytes.fill(0xff, bytes.length - 512);
  else bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test('where nothing can be left each start asks', () => {
  const root = newRoot();
  writeFileSync(join(root, AGAIN_DIRECTORY), '');
  for (const time of ['first', 'second']) assert.match(start(root, time), new RegExp(`^${time} `));
  const other = newRoot();
  mkdirSync(join(other, 'elsewhere'));
  symlinkSync('elsewhere', join(other, AGAIN_DIRECTORY));
  for (const time of ['first', 'second']) assert.match(start(other, time), new RegExp(`^${time} `));
  assert.equal(readdirSync(join(other, 'elsewhere')), [], 'nor behind a link');
});

test('the one that was used least recently goes', () => {
  const root = newRoot();
  const directory = join(root, AGAIN_DIRECTORY);
  start(root, 'first');
  const first = join(directory, left(root)[0] ?? '');
  for (let i = 1; i < AGAIN_COUNT; i++) {
    const name = join(directory, i.toString(16).padStart(16, '0'));
    copyFileSync(first, name);
    utimesSync(name, 1000 + i, 1000 + i);
  }
  utimesSync(first, 1, 1);
  assert.match(start(root, 'x'), /^first /);
  assert.is(left(root).length, AGAIN_COUNT);
  assert.match(start(root, 'second', { config: '[]' }), /^second /);
  assert.is(left(root).length, AGAIN_COUNT);
  assert.not(left(root).includes('1'.padStart(16, '0')), 'not the one that has been used since');
  assert.match(start(root, 'x'), /^first /);
});

test.run();
