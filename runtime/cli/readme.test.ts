/** The first container of README.md, as it stands there. Needs root, and a static busybox. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test('the first container', () => {
  const page = readFileSync('README.md', 'utf8');
  const [, block = ''] =
    /A first container[^`]*`busybox-static`[^`]*`exit`:\n\n```\n([^`]*)```/.exec(page) ?? [];
  const commands = block.trim().split('\n');
  assert.is(commands.length, 4);
  const directory = mkdtempSync(join(tmpdir(), 'chos-readme-'));
  const env = { PATH: `${resolve('build')}:${process.env.PATH}` };
  try {
    const outputs = commands.map(command => {
      // run has a terminal, as its user has.
      const argv = command.startsWith('chos-runtime run')
        ? ['script', '-qec', `${command.replace(/hello$/, `readme-${process.pid}`)}`, '/dev/null']
        : ['sh', '-c', command];
      const ran = spawnSync(argv[0] ?? '', argv.slice(1), {
        cwd: directory,
        env,
        input: 'echo $$; exit\n',
        encoding: 'utf8',
      });
      assert.is(ran.status, 0, `${command}: ${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    });
    assert.match(outputs[2] ?? '', /^ +\d+ +mount proc on \/proc/m);
    assert.match(outputs[3] ?? '', /^1\r?$/m);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test.run();
