import * as assert from 'uvu/assert';
import { test } from '../case.js';
import { type Seen, script, seen } from '../seen.js';

/** `podman run` of a command in the image `bb`, with what it must end with. */
function command(
  name: string,
  args: readonly string[],
  code: number,
  text: RegExp,
  words: 'same words' | 'own words' = 'same words',
): void {
  test(`exit-code/${name}`, {
    observe: async podman => seen(podman, await podman.run(args)),
    compare: (found: Seen) => (words === 'same words' ? found : found.code),
    expect: (found: Seen) => {
      assert.is(found.code, code);
      assert.match(found.stderr, text);
    },
  });
}

command('zero', ['bb', 'true'], 0, /^$/);
command('of-the-command', ['bb', 'sh', '-c', 'exit 7'], 7, /^$/);
command('of-a-signal', ['--pid', 'host', 'bb', 'sh', '-c', 'kill -TERM $$'], 143, /^$/);
command('missing-command', ['bb', 'nothing-here'], 127, /nothing-here/, 'own words');
command('missing-path', ['bb', '/bin/nothing-here'], 127, /\/bin\/nothing-here/, 'own words');
command('missing-relative-path', ['bb', './nothing-here'], 127, /nothing-here/, 'own words');
command('not-executable', ['bb', '/etc/not-executable'], 126, /permission denied/i, 'own words');
command('directory', ['bb', '/etc'], 126, /./, 'own words');
command('missing-interpreter', ['bb', '/bin/no-interpreter'], 126, /no-interpreter.*No such file/);
command('unknown-format', ['bb', '/bin/no-format'], 126, /./);
command('empty-command', ['bb', ''], 126, /./, 'own words');
command('unknown-image', ['--pull', 'never', 'no-such-image', 'true'], 125, /no-such-image/);
command('unknown-option', ['--no-such-option', 'bb', 'true'], 125, /no-such-option/);
command('missing-volume', ['-v', '/no/such/place:/x', 'bb', 'true'], 125, /no\/such\/place/);
command('unknown-user', ['--user', 'nobody-here', 'bb', 'true'], 126, /nobody-here/);
command('missing-workdir', ['--workdir', '/no/such/dir', 'bb', 'true'], 126, /no\/such\/dir/);
command('workdir-is-file', ['--workdir', '/etc/passwd', 'bb', 'true'], 126, /./);
command('unknown-capability', ['--cap-add', 'NOTHING', 'bb', 'true'], 125, /NOTHING/);
command('missing-device', ['--device', '/dev/no-such', 'bb', 'true'], 125, /no-such/);
command('missing-profile', ['--security-opt', 'seccomp=/no/such', 'bb', 'true'], 125, /no\/such/);
command('bad-sysctl', ['--sysctl', 'kernel.pid_max=1', 'bb', 'true'], 125, /pid_max/);

test('exit-code/log-level-debug', {
  observe: async podman => {
    const finished = await podman.call([
      '--log-level',
      'debug',
      'run',
      '--rm',
      ...podman.common,
      'bb',
      'nothing-here',
    ]);
    return {
      code: finished.code,
      last: seen(podman, finished)
        .stderr.split('\n')
        .filter(line => line.startsWith('Error')),
    };
  },
  compare: found => found.code,
  expect: found => {
    assert.is(found.code, 127);
    assert.is(found.last.length, 1);
    assert.match(found.last[0] ?? '', /nothing-here/);
  },
});

test('exit-code/output-of-a-failed-run', {
  observe: async podman => script(podman, [], 'echo one; echo two >&2; exit 3'),
  expect: found => assert.equal(found, { code: 3, stdout: 'one', stderr: 'two' }),
});
