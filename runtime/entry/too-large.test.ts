/** What is more than a launch program holds, and more than can be printed: one line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIST_LIMIT } from '../admit/check-size.js';

const bundle = mkdtempSync(join(tmpdir(), 'chos-too-large-'));
test.after(() => rmSync(bundle, { recursive: true }));

/** How a command about a bundle with these mounts ends. */
function refusal(args: readonly string[], options: readonly string[], destination: string): string {
  const mounts = Array.from({ length: LIST_LIMIT }, (_, index) => ({
    destination: `/${index}/${destination}`,
    type: 'tmpfs',
    source: 'tmpfs',
    options,
  }));
  const config = {
    ociVersion: '1.3.0',
    process: { args: ['sh'], cwd: '/' },
    root: { path: 'rootfs' },
    mounts,
    linux: { namespaces: [{ type: 'mount' }] },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const { status, stdout, stderr } = spawnSync('build/chos-runtime', [...args, bundle], { encoding: 'utf8' });
  assert.equal([status, stdout], [1, '']);
  return stderr.replaceAll(/\d+/g, 'N');
}

test('a program of too many slots', () => {
  const output = join(bundle, 'program');
  assert.is(
    refusal(['compile', '--output', output], ['tmpcopyup'], 'a'),
    'chos-runtime: compile the launch: it takes N slots, and a launch program holds N at most (config.json needs fewer mounts, devices, hooks or limits, or shorter texts)\n',
  );
});

test('an explanation of too many bytes', () => {
  assert.is(
    refusal(['explain', '--steps', '--format', 'json'], ['tmpcopyup'], 'a'.repeat(500)),
    'chos-runtime: print what was asked for: it has N bytes, and at most N can be\n',
  );
});

test.run();
