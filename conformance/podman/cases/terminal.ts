import * as assert from 'uvu/assert';
import { test } from '../case.js';

test('terminal/run', {
  observe: async podman => {
    const terminal = podman.terminal(['run', '--rm', '-it', ...podman.common, 'bb', 'sh']);
    await terminal.shows(/# /);
    terminal.type('tty; echo a$((40+2))z\n');
    const shown = await terminal.shows(/a42z/);
    terminal.type('exit 6\n');
    return { code: await terminal.ended, tty: /\/dev\/pts\/\d/.test(shown) };
  },
  expect: found => assert.equal(found, { code: 6, tty: true }),
});

test('terminal/window-size', {
  observe: async podman => {
    // Not `read` all the way: that of BusyBox 1.38 is deaf once a trap has interrupted it.
    const trap = 'stty size; echo resized; test "$(stty size)" != "34 102" || exec cat';
    const text = `trap '${trap}' WINCH; stty size; echo ready; while :; do read line; done`;
    const terminal = podman.terminal([
      'run',
      '--rm',
      '-it',
      '--name',
      podman.name,
      ...podman.common,
      'bb',
      'sh',
      '-c',
      text,
    ]);
    // conmon applies the size a moment after the start, so the first may be 0 0.
    await terminal.shows(/ready/);
    terminal.enlarge();
    const shown = await terminal.shows(/34 102\s+resized/);
    terminal.type('word\n');
    // The terminal's echo, and cat's; between them a second signal may run the trap once more.
    await terminal.shows(/word[\s\S]*word/);
    return /34 102/.test(shown);
  },
  expect: found => assert.ok(found),
});

test('terminal/interrupt', {
  observe: async podman => {
    const terminal = podman.terminal([
      'run',
      '--rm',
      '-it',
      ...podman.common,
      'bb',
      'sh',
      '-c',
      'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 1; done',
    ]);
    await terminal.shows(/ready/);
    terminal.type('\u0003');
    await terminal.shows(/interrupted/);
    return terminal.ended;
  },
  expect: code => assert.is(code, 3),
});

test('terminal/console-device', {
  observe: async podman => {
    const terminal = podman.terminal([
      'run',
      '--rm',
      '-t',
      ...podman.common,
      'bb',
      'sh',
      '-c',
      'ls -l /dev/console | cut -c1; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo three; stat -c %u:%g:%a $(tty); echo to-tty >/dev/tty; grep -c /dev/console /proc/self/mountinfo',
    ]);
    const code = await terminal.ended;
    return { code, shown: (await terminal.shows(/to-tty/)).replaceAll('\r', '').trim() };
  },
  expect: found => assert.equal(found, { code: 0, shown: 'c\nthree\n0:5:620\nto-tty\n1' }),
});

test('terminal/user', {
  observe: async podman => {
    const terminal = podman.terminal([
      'run',
      '--rm',
      '-t',
      '--user',
      '1000:1000',
      ...podman.common,
      'bb',
      'sh',
      '-c',
      'stat -c %u $(tty); echo x >/dev/console && echo opened',
    ]);
    const code = await terminal.ended;
    return { code, shown: (await terminal.shows(/opened|denied/)).replaceAll('\r', '').trim() };
  },
  expect: found => {
    assert.is(found.code, 0);
    assert.match(found.shown, /^1000\n/);
  },
});

test('terminal/detached-then-attach', {
  observe: async podman => {
    await podman.detached('echo ready; read line; echo "got $line"; exit 8', ['-it']);
    const terminal = podman.terminal(['attach', podman.name]);
    // Typed at once: the line waits in the terminal of the container until it is attached.
    terminal.type('hello\n');
    await terminal.shows(/got hello/);
    await terminal.ended;
    return (await podman.call(['wait', podman.name])).stdout.trim();
  },
  expect: code => assert.is(code, '8'),
});

test('terminal/exec', {
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000');
    const terminal = podman.terminal(['exec', '-it', podman.name, 'sh']);
    await terminal.shows(/# /);
    terminal.type('tty; stty size; echo a$((40+2))z\n');
    const shown = await terminal.shows(/a42z/);
    terminal.type('exit 4\n');
    return { code: await terminal.ended, tty: /\/dev\/pts\/\d/.test(shown) };
  },
  expect: found => assert.equal(found, { code: 4, tty: true }),
});

test('terminal/exec-window-size', {
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000');
    const text = 'trap "stty size; echo resized" WINCH; echo ready; while :; do read line; done';
    const terminal = podman.terminal(['exec', '-it', podman.name, 'sh', '-c', text]);
    await terminal.shows(/ready/);
    terminal.enlarge();
    return /34 102/.test(await terminal.shows(/34 102\s+resized/));
  },
  expect: found => assert.ok(found),
});

test('terminal/missing-command', {
  observe: async podman => {
    const terminal = podman.terminal(['run', '--rm', '-it', ...podman.common, 'bb', 'nothing-here']);
    const code = await terminal.ended;
    return { code, named: /nothing-here/.test(await terminal.shows(/Error/)) };
  },
  expect: found => assert.equal(found, { code: 127, named: true }),
});

test('terminal/exec-missing-command', {
  observe: async podman => {
    await podman.detached('echo ready; exec sleep 1000');
    const terminal = podman.terminal(['exec', '-it', podman.name, 'nothing-here']);
    const code = await terminal.ended;
    return { code, named: /nothing-here/.test(await terminal.shows(/Error/)) };
  },
  expect: found => assert.equal(found, { code: 127, named: true }),
});
