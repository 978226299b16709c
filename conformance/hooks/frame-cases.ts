/** What all hooks share: the state on stdin, the settings, one line for what is wrong. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HookCase } from './case.js';
import {
  byHand,
  hookPath,
  insist,
  kernelLog,
  type Machine,
  newName,
  settingsFile,
  stateText,
} from './machine.js';

const hook = 'share-check';

function says(line: RegExp, args: readonly string[], input: string | Buffer): void {
  const { code, stderr } = byHand(hook, args, input);
  insist('words', stderr, line);
  insist('lines', stderr.split('\n').length, 2);
  insist('exit code', code, 1);
}

const state = (name: string, input: string | Buffer, line: RegExp): HookCase => ({
  name: `frame/state/${name}`,
  run: () => says(line, [], input),
});

function bundleOf(machine: Machine, config: string): string {
  const dir = join(machine.dir, `by-hand-${Math.random()}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'config.json'), config);
  return dir;
}

const settings = (name: string, text: unknown, line: RegExp): HookCase => ({
  name: `frame/settings/${name}`,
  run: machine => says(line, [hook, '--settings', settingsFile(machine, text)], stateText()),
});

/** Its stderr is a pipe that is full, or that has lost its reader. */
const muted = `import fcntl, os, subprocess, sys
r, w = os.pipe()
if sys.argv[1] == 'nobody': os.close(r)
else:
    fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while True: os.write(w, b'x' * 4096)
    except BlockingIOError: pass
    fcntl.fcntl(w, fcntl.F_SETFL, 0)
hook = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stderr=w)
try: hook.communicate(sys.stdin.buffer.read(), timeout=12)
except subprocess.TimeoutExpired: hook.kill()
print(hook.wait())
`;

const mutedCase = (what: string, mode: string): HookCase => ({
  name: `frame/end/${what}`,
  run: machine => {
    const id = newName();
    const settings = settingsFile(machine, { socket: '/nonexistent' });
    const args = ['-c', muted, mode, hookPath('job-report'), '--settings', settings];
    const input = stateText({ id, pid: process.pid, bundle: bundleOf(machine, '{}') });
    insist('exit code', spawnSync('python3', args, { input, encoding: 'utf8' }).stdout, '1\n');
    insist('record', existsSync(join('/run/chos-hooks/job-report', id)), false);
  },
});

export const frameCases: readonly HookCase[] = [
  state('empty', '', /^share-check: the state on stdin is empty\n$/),
  state('not JSON', '{"id":\n  nonsense}', /^share-check: the state on stdin:2:4: not JSON\n$/),
  state('cut off', stateText().slice(0, -5), /: not JSON\n$/),
  state('something behind', `${stateText()} {}`, /: not JSON\n$/),
  state('another kind', '[]', /is not an object\n$/),
  state('no id', '{"status":"created"}', /lacks "id"\n$/),
  state('an id that is a number', stateText({ id: 5 }), /lacks "id"\n$/),
  state('no bundle', stateText({ bundle: '' }), /lacks "bundle"\n$/),
  state('deep', '['.repeat(5000), /nested too deep\n$/),
  state('a NUL in a text', stateText().replace('by-hand', 'a\\u0000b'), /lacks "id"\n$/),
  state('larger than 1 MiB', Buffer.alloc(2_000_000, 32), /is larger than 1 MiB\n$/),
  state(
    'a newline in a name stays on the line',
    stateText({ bundle: '/no\nwhere' }),
    /^share-check: read \/no where\/config.json: No such file/,
  ),
  {
    name: 'frame/state/annotations of 64 KiB with newlines',
    run: machine => {
      const annotations = { a: 'x\n'.repeat(32768), 'é"\\': '\u{1f600}' };
      const bundle = bundleOf(machine, '{"mounts":[]}');
      const { code, stderr } = byHand(hook, [], stateText({ bundle, annotations }));
      insist('words', stderr, '');
      insist('exit code', code, 0);
    },
  },
  {
    name: 'frame/config.json/place of a fault',
    run: machine =>
      says(/config.json:1:12: not JSON\n$/, [], stateText({ bundle: bundleOf(machine, '{"mounts":[}') })),
  },
  settings('not JSON', '{,', /settings-\w+.json:1:2: not JSON\n$/),
  settings('another kind', '[]', /it is not an object\n$/),
  settings('no such setting', { minutes: 3 }, /there is no setting "minutes"\n$/),
  settings('out of range', { milliseconds: 5 }, /"milliseconds" is not a number from 100 to 60000\n$/),
  settings('a text that should be a list', { shares: '/scratch' }, /settings: "shares" is not a list\n$/),
  settings('not a number', { milliseconds: '3000' }, /"milliseconds" is not a number/),
  {
    name: 'frame/settings/a text that should be a list, of gpu',
    run: machine => {
      const path = settingsFile(machine, { directories: '/etc/cdi' });
      const config = { ociVersion: '1.0.2', annotations: { 'org.chos.gpu': 'a.b/c=0' } };
      const { code, stderr } = byHand('gpu', ['gpu', '--settings', path], JSON.stringify(config));
      insist('words', stderr, 'gpu: settings: "directories" is not a list\n');
      insist('exit code', code, 1);
    },
  },
  {
    name: 'frame/settings/written by others',
    run: machine => {
      const path = settingsFile(machine, {});
      chmodSync(path, 0o666);
      says(/refuses .*: owner 0, mode 666; only root or the caller/, [hook, '--settings', path], stateText());
      chmodSync(path, 0o644);
      chownSync(path, 1000, 0);
      says(/refuses .*: owner 1000, mode 644; only root/, [hook, '--settings', path], stateText());
    },
  },
  {
    name: 'frame/settings/of the site',
    run: () => {
      mkdirSync('/etc/chos-hooks.d', { recursive: true });
      const path = '/etc/chos-hooks.d/share-check.json';
      writeFileSync(path, '{"hours":1}', { mode: 0o644 });
      says(
        /^share-check: \/etc\/chos-hooks.d\/share-check.json: there is no setting "hours"/,
        [],
        stateText(),
      );
      chmodSync('/etc/chos-hooks.d', 0o777);
      says(/refuses \/etc\/chos-hooks.d: owner 0, mode 777/, [], stateText());
      chmodSync('/etc/chos-hooks.d', 0o755);
      writeFileSync(path, '{}');
    },
  },
  {
    name: 'frame/settings/what is wrong is in the kernel log at precreate, where Podman throws words away',
    run: machine => {
      const path = settingsFile(machine, { weeks: 1 });
      for (const name of ['chos-environment', 'share-check', 'gpu', 'tree-digest']) {
        const { code, stderr } = byHand(name, [name, '--settings', path], '{"ociVersion":"1.0.2"}');
        insist('exit code', code, 1);
        const said = readFileSync(kernelLog(machine.dir), 'utf8').includes(stderr);
        insist(`${name}: kernel log`, /weeks/.test(stderr) && said, true);
      }
    },
  },
  mutedCase('what was made is taken back though nobody reads its words', 'nobody'),
  mutedCase('a pipe that is full does not keep it', 'full'),
];
