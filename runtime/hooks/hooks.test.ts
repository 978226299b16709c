import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { oneLine } from '../report/diagnostic.js';
import { triedText } from '../report/tried-hook-text.js';
import { parseDefinition } from './definition.js';
import { faultsOf, readDirectories } from './directories.js';
import { match, type Subject } from './match.js';
import { checkProgram } from './program.js';
import { tryHook } from './try-hook.js';

const good = {
  version: '1.0.0',
  hook: { path: '/bin/true', timeout: 5 },
  when: { always: true },
  stages: ['poststop'],
};

async function inDirectory(run: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'hooks-test-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const faults = (value: unknown): readonly string[] => {
  const read = parseDefinition('a.json', typeof value === 'string' ? value : JSON.stringify(value));
  return read.kind === 'refused' ? read.diagnostics.map(oneLine) : [];
};

test('a good file', () => assert.equal(faults(good), []));

/** Each has one line, with a place. */
const wrong: readonly (readonly [what: string, value: unknown, words: RegExp])[] = [
  ['broken JSON', '{"version": "1.0.0",}', /^a\.json:1:21: nothing follows the last ","/],
  ['another version', { ...good, version: '0.1.0' }, /:12: version must be "1\.0\.0", not "0\.1\.0"/],
  ['timeout 0', { ...good, hook: { path: '/x', timeout: 0 } }, /hook\.timeout must be a whole number from 1/],
  ['timeout -1', { ...good, hook: { path: '/x', timeout: -1 } }, /hook\.timeout .*, not -1/],
  ['unknown stage', { ...good, stages: ['createruntime'] }, /stages\[0\] .*did you mean "createRuntime"/],
  ['no stage', { ...good, stages: [] }, /stages must not be empty/],
  ['the same stage twice', { ...good, stages: ['poststop', 'poststop'] }, /stages\[1\] .*stages\[0\]/],
  ['relative path', { ...good, hook: { path: 'x' } }, /hook\.path must be an absolute path, not "x"/],
  ['bad variable', { ...good, hook: { path: '/x', env: ['=a'] } }, /hook\.env\[0\] must be NAME=VALUE/],
  ['pattern', { ...good, when: { commands: ['(a'] } }, /when\.commands\[0\] .*\(RE2\): missing closing \)/],
  ['lookahead', { ...good, when: { commands: ['(?=a)'] } }, /\(RE2\): .*Perl syntax/],
  ['pattern of a key', { ...good, when: { annotations: { '[': 'a' } } }, /annotations\["\["\] is no regular/],
  ['no condition', { ...good, when: {} }, /when holds for no container: it has no condition/],
  [
    'always false',
    { ...good, when: { always: false, commands: ['a'] } },
    /when\.always holds for no container/,
  ],
  [
    'hasBindMounts false',
    { ...good, when: { always: true, hasBindMounts: false } },
    /hasBindMounts holds for no/,
  ],
  [
    'misspelt',
    { ...good, when: { alway: true, always: true } },
    /when\.alway is not a property that a file of/,
  ],
];
for (const [what, value, words] of wrong)
  test(`wrong: ${what}`, () => {
    const lines = faults(value);
    assert.is(lines.length, 1, lines.join('\n'));
    assert.match(lines[0] ?? '', words);
  });

const subject: Subject = {
  annotations: { 'org.chos.job': 'a\nb', other: 'x'.repeat(64 * 1024) },
  command: '/usr/bin/python3',
  bindMount: null,
};
const answers: readonly (readonly [
  what: string,
  when: object,
  runs: boolean,
  why: RegExp,
  of?: Partial<Subject>,
])[] = [
  ['always', { always: true }, true, /^always$/],
  [
    'annotation',
    { annotations: { '^org\\.chos\\.job$': 'b' } },
    true,
    /annotation "org\.chos\.job": "a\\nb"/,
  ],
  ['value of another key', { annotations: { '^org': '^x' } }, false, /no annotation fits "\^org": "\^x"/],
  ['long value', { annotations: { other: 'x$' } }, true, /…"$/],
  ['command', { commands: ['nope', 'python'] }, true, /fits "python"/],
  ['other command', { commands: ['^python'] }, false, /fits none of "\^python"/],
  ['no process', { always: true, commands: ['a'] }, true, /^always$/, { command: null }],
  ['binds', { hasBindMounts: true }, true, /bind mount at \/d/, { bindMount: '/d' }],
  ['no binds', { always: true, hasBindMounts: true }, false, /^no bind mount$/],
  ['all must hold', { always: true, commands: ['^sh$'] }, false, /none of/],
];
for (const [what, when, runs, why, of] of answers)
  test(`match: ${what}`, () => {
    const read = parseDefinition('a.json', JSON.stringify({ ...good, when }));
    if (read.kind !== 'read') throw new Error(JSON.stringify(read.diagnostics));
    const answer = match(read.definition, { ...subject, ...of });
    assert.is(answer.runs, runs, answer.why);
    assert.match(answer.why, why);
  });

test('the later directory counts, the same hook twice is told, order is that of the names', () =>
  inDirectory(directory => {
    for (const name of ['one', 'two']) mkdirSync(join(directory, name));
    for (const path of ['one/b.json', 'two/b.json', 'two/a.json', 'one/.c.json', 'one/d.txt'])
      writeFileSync(join(directory, path), JSON.stringify(good));
    const { files, unreadable } = readDirectories([join(directory, 'one'), join(directory, 'two')], true);
    assert.equal(unreadable, []);
    assert.equal(
      files.map(file => [file.file.slice(directory.length + 1), file.replacedBy !== null]),
      [
        ['two/a.json', false],
        ['one/b.json', true],
        ['two/b.json', false],
      ],
    );
    const lines = files.flatMap(file => faultsOf(file, files).map(oneLine));
    assert.is(lines.length, 1, lines.join('\n'));
    assert.match(lines[0] ?? '', /two\/b\.json:1:\d+: hook\.path .*two\/a\.json/);
  }));

test('what is no regular file, or too large, is told and not waited for', () =>
  inDirectory(directory => {
    spawnSync('mkfifo', [join(directory, 'a.json')]);
    symlinkSync('/dev/zero', join(directory, 'b.json'));
    symlinkSync('c.json', join(directory, 'c.json'));
    mkdirSync(join(directory, 'd.json'));
    writeFileSync(join(directory, 'e.json'), '');
    truncateSync(join(directory, 'e.json'), 3e9);
    assert.equal(
      readDirectories([directory], true).files.map(({ read }) => ('code' in read ? read.code : read.kind)),
      ['not-a-file', 'not-a-file', 'ELOOP', 'EISDIR', 'EFBIG'],
    );
  }));

test('a directory that is named must be there', () => {
  assert.equal(readDirectories(['/nonexistent'], false).unreadable, []);
  assert.equal(readDirectories(['/nonexistent'], true).unreadable, [
    { directory: '/nonexistent', code: 'ENOENT' },
  ]);
});

const missing = { code: 'ENOENT', interpreter: true };
/** What a program holds, and what execve(2) says of it. */
const programs: readonly (readonly [what: string, content: string | Buffer, fault: object | null])[] = [
  ['a script', '#!/bin/sh\n', null],
  ['a script with an argument', '#! /bin/sh -e\n', null],
  ['a script of a program that is not there', '#!/nowhere/sh\n', missing],
  ['a script of a program that cannot be executed', '#!/etc/passwd\n', { code: 'EACCES' }],
  ['a script of nothing', '#! \n', { code: 'ENOEXEC' }],
  ['text', 'hello\n', { code: 'ENOEXEC' }],
  ['nothing', '', { code: 'ENOEXEC' }],
  ['this program', readFileSync(process.execPath), null],
  ['one of another machine', ofOther(18, [0, 1]), { code: 'ENOEXEC' }],
  ['one whose dynamic linker is not there', withoutLinker(), missing],
];

/** The beginning of this program, changed. */
function ofOther(at: number, bytes: readonly number[]): Buffer {
  const head = readFileSync(process.execPath).subarray(0, 4096);
  head.set(bytes, at);
  return head;
}

function withoutLinker(): Buffer {
  const head = ofOther(0, []);
  head.set(Buffer.from('/nowhere'), head.indexOf('/lib'));
  return head;
}

for (const [what, content, fault] of programs)
  test(`a program that is ${what}`, () =>
    inDirectory(directory => {
      const program = join(directory, 'hook');
      writeFileSync(program, content, { mode: 0o755 });
      assert.equal(
        checkProgram(program),
        fault === null ? null : { kind: 'not-executable', program, ...fault },
      );
      // The kernel says the same.
      if (fault === null) return;
      const script =
        'import errno, os, sys\ntry: os.execv(sys.argv[1], ["x"])\nexcept OSError as e: print(errno.errorcode[e.errno])';
      const { stdout } = spawnSync('python3', ['-c', script, program], { encoding: 'utf8' });
      assert.is(stdout.trim(), 'code' in fault ? fault.code : null);
    }));

test('programs that are missing, not executable, or can be changed by others', () =>
  inDirectory(directory => {
    const program = join(directory, 'hook');
    assert.equal(checkProgram(program), { kind: 'not-executable', program, code: 'ENOENT' });
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o644 });
    assert.equal(checkProgram(program), { kind: 'not-executable', program, code: 'EACCES' });
    chmodSync(program, 0o775);
    assert.is(checkProgram(program), null, 'the group of root');
    chmodSync(program, 0o757);
    assert.equal(checkProgram(program), { kind: 'foreign-program', program, uid: 0, mode: 0o757 });
    chmodSync(program, 0o755);
    chmodSync(directory, 0o777);
    assert.equal(checkProgram(program), { kind: 'foreign-program', program: directory, uid: 0, mode: 0o777 });
    chmodSync(directory, 0o1777);
    assert.is(checkProgram(program), null, 'nobody can replace what is there');
    chownSync(program, 1000, 0);
    assert.equal(checkProgram(program), { kind: 'foreign-program', program, uid: 1000, mode: 0o755 });
    assert.equal(checkProgram(directory), { kind: 'not-executable', program: directory, code: 'EACCES' });
  }));

const tried = async (script: string, timeout = 60): Promise<string> => {
  const hook = { path: '/bin/sh', args: ['sh', '-c', script], timeout };
  const state = { id: 'a', annotations: { long: 'x'.repeat(1 << 20) } };
  const result = await tryHook({ hook, input: JSON.stringify(state), cwd: '/', environment: { A: 'b' } });
  return triedText('poststart', hook.path, result);
};

test('run: state, streams, environment, exit code', async () => {
  assert.match(
    await tried('wc -c; echo "$A" >&2; exit 3'),
    /stdout: \d{7}\nstderr: b\n.* ended with exit code 3, after/,
  );
});
test('run: a state that is not read', async () => {
  assert.match(await tried('exit 0'), /exit code 0/);
});
test('run: closed streams, and a signal', async () => {
  assert.match(await tried('exec >&- 2>&-; kill -9 $$'), /killed by signal 9 \(SIGKILL\)/);
});
test('run: over its timeout, with what it has started', async () => {
  assert.match(await tried('sleep 100 & sleep 100', 1), /took longer than 1 s and was killed/);
});
test('run: what is left running is not waited for', async () => {
  assert.match(await tried('sleep 2 & echo done'), /stdout: done\n.*exit code 0, after \d{1,3}\.\d ms/);
});
test('run: a flood is cut to its end', async () => {
  const text = await tried('head -c 1048576 /dev/zero | tr "\\0" x; echo; echo last');
  assert.ok(text.length < 70_000, `${text.length}`);
  assert.match(text, /stdout: last\n.*exit code 0/);
});
test('run: a program that the kernel does not know is not given to a shell', () =>
  inDirectory(async directory => {
    const path = join(directory, 'hook');
    writeFileSync(path, 'exit 0\n', { mode: 0o755 });
    const result = await tryHook({ hook: { path }, input: '', cwd: '/', environment: {} });
    assert.match(triedText('poststart', path, result), /hook was not executed: Exec format error/);
  }));
test('run: a program that is not there has the words of a launch', async () => {
  const result = await tryHook({ hook: { path: '/nonexistent' }, input: '', cwd: '/', environment: {} });
  assert.match(
    triedText('poststart', '/nonexistent', result),
    /poststart hook \/nonexistent was not executed: No such file or directory/,
  );
});

test.run();
