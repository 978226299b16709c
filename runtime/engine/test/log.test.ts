/** --log: where errors go. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { call, door } from './door.js';
import { scratch } from './engine.js';

test('errors are logged as one object, or as text', () => {
  const log = join(scratch, 'log.json');
  const { err } = call(['--log', log, '--log-format', 'json', 'x', '--answer', 'message', 'say "no"\nö']);
  assert.is(err, 'chos-runtime: say "no" ö\n');
  const logged = JSON.parse(readFileSync(log, 'utf8'));
  assert.equal([logged.level, logged.msg], ['error', 'say "no" ö']);
  assert.match(logged.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.ok(Math.abs(Date.parse(logged.time) - Date.now()) < 60_000);
  const text = join(scratch, 'log.txt');
  call([`--log=file:${text}`, 'x']);
  assert.match(readFileSync(text, 'utf8'), /^time="[^"]*" level=error msg="cold: [^\n]*"\n$/);
  assert.match(
    call(['--log', '/nonexistent/log', 'x']).err,
    'cannot open the log file /nonexistent/log: No such file',
  );
});

test('errors go to syslog or the journal', () => {
  // A daemon of our own for both, where nobody else sees it.
  const script = `
import os, socket, subprocess, sys
sockets = []
for path in ["/dev/log", "/run/systemd/journal/socket"]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    sockets.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    sockets[-1].bind(path)
for where, bound in zip(["syslog:box", "journald:box"], sockets):
    subprocess.run([sys.argv[1], "--log", where, "--log-format", "json", "x", "--answer", "message", "say no"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    bound.settimeout(10)
    print(bound.recv(4096).decode().rstrip("\\n"))
`;
  const inside =
    'mount -t tmpfs none /run && mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec python3 -c "$0" "$@"';
  const { stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', inside, script, door], {
    encoding: 'utf8',
  });
  const entry = ['PRIORITY=3', 'SYSLOG_IDENTIFIER=chos-runtime', 'ID=box', 'MESSAGE=say no'];
  assert.equal(stdout.split('\n'), ['<11>box: say no', ...entry, ''], stderr);
  // No systemd here, or it would be written to.
  const { out } = call(['--log=journald:x', 'x', '--answer', 'message', 'a'], {
    shell: 'unshare -m sh -c \'mount -t tmpfs none /run && exec "$@" 2>&1\' sh "$@"',
  });
  assert.match(out, 'cannot open the log journald:x: No such file');
});

test.run();
