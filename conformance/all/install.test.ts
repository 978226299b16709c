import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const directory = mkdtempSync(join(tmpdir(), 'chos-install-'));
const prefix = join(directory, 'prefix');
const make = (target: string): string =>
  execFileSync('make', ['-s', target, `PREFIX=${prefix}`], { encoding: 'utf8', stdio: 'pipe' });

/** When what runs in place was made: other tests use it meanwhile. */
const made = (): readonly number[] =>
  ['chos-runtime', 'chos-runtime.cjs', 'chos-runtime-code.cjs', 'chos-runtime-more.cjs'].map(
    file => statSync(join('build', file)).mtimeMs,
  );

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory).flatMap(name => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Of what is executed or loaded by others: the files that are written under their own names where they are installed once more. */
function writtenInPlace(): readonly string[] {
  const trace = join(directory, 'trace');
  const trail = ['-f', '-y', '--seccomp-bpf', '-qq', '-e', 'trace=openat,openat2,open,creat', '-o', trace];
  execFileSync('strace', [...trail, 'make', '-s', 'install', `PREFIX=${prefix}`], { stdio: 'pipe' });
  const written = readFileSync(trace, 'utf8')
    .split('\n')
    .filter(line => /O_WRONLY|O_RDWR|O_TRUNC|creat\(/.test(line))
    .map(line => {
      // install(1) of several files names them below an open directory.
      const [, below = '', path = ''] = /\((?:\w+<([^>]*)>, )?"([^"]*)"/.exec(line) ?? [];
      return resolve(below, path);
    })
    .filter(path => path.startsWith(prefix) && !/\/(share|systemd)\//.test(path));
  assert.ok(written.length > 0);
  return written.filter(path => existsSync(path));
}

test('what is installed works from its place, and make uninstall takes all of it away', () => {
  const before = made();
  make('install');
  assert.equal(made(), before, 'built anew');
  const command = join(prefix, 'bin/chos-runtime');
  assert.match(execFileSync(command, ['--version'], { encoding: 'utf8' }), /^chos-runtime version/);
  assert.ok(JSON.parse(execFileSync(command, ['features'], { encoding: 'utf8' })));
  assert.match(execFileSync(join(prefix, 'bin/chos'), ['--version'], { encoding: 'utf8' }), /^chos version/);
  for (const file of [
    'share/man/man8/chos-runtime-tree.8',
    'share/man/man1/chos.1',
    'share/man/man5/chos.d.5',
    'share/man/man5/chos-recipes.d.5',
    'share/man/man8/pam_chos.8',
    'lib/chos-runtime/chos-login',
    'share/bash-completion/completions/chos',
    'share/bash-completion/completions/chos-runtime',
    'share/zsh/site-functions/_chos',
    'share/zsh/site-functions/_chos-runtime',
    'share/fish/vendor_completions.d/chos.fish',
    'share/fish/vendor_completions.d/chos-runtime.fish',
    'share/chos-runtime/explain.schema.json',
    'share/chos-runtime/doctor.schema.json',
    'share/chos-runtime/who.schema.json',
    'share/chos-runtime/tree-list.schema.json',
  ])
    assert.ok(existsSync(join(prefix, file)), file);
  if (existsSync('/usr/include/security/pam_modules.h'))
    assert.ok(filesBelow(join(prefix, 'lib')).some(file => file.endsWith('/security/pam_chos.so')));
  const unit = readFileSync(join(prefix, 'lib/systemd/system/chos-prepare.service'), 'utf8');
  assert.match(unit, `ExecStart=${command} tree prepare --all\n`);
  assert.not.match(unit, /@[A-Z]+@/);
  const dashboard = readFileSync(join(prefix, 'lib/systemd/system/chos-dashboard.service'), 'utf8');
  assert.match(dashboard, `ExecStart=${command} dashboard\n`);
  const files = readFileSync(join(prefix, 'lib/systemd/system/chos-files.service'), 'utf8');
  assert.match(files, `${command} tree files || exit 1;`);
  if (existsSync('/usr/bin/systemd-analyze')) {
    const units = readdirSync(join(prefix, 'lib/systemd/system')).map(unit =>
      join(prefix, 'lib/systemd/system', unit),
    );
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], {
      encoding: 'utf8',
    });
    assert.equal([status, stderr.split('\n').filter(line => line.includes(prefix))], [0, []]);
  }
  for (const place of ['system', 'user'])
    for (const kind of ['socket', 'service']) {
      const text = readFileSync(join(prefix, `lib/systemd/${place}/chos-runtime.${kind}`), 'utf8');
      assert.match(text, kind === 'socket' ? 'chos-runtime/compiler.sock\n' : `ExecStart=${command} serve\n`);
    }
  assert.equal(writtenInPlace(), []);
  make('uninstall');
  assert.equal(filesBelow(prefix), []);
});

test.after(() => rmSync(directory, { recursive: true }));
test.run();
