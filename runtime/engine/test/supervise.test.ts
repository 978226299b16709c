import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encode } from '../../program/encode.js';
import * as o from '../../program/operand.js';
import * as s from '../../program/step.js';
import { act, engine, imageFile, native, program } from './engine.js';

const only = native ? test : test.skip;
const O_RDWR = 2;
const O_NOCTTY = 0o400;
const O_CLOEXEC = 0o2000000;
const CLONE_PIDFD = 0x1000;
const SIGCHLD = 17;
const TIOCSCTTY = 0x540e;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTPEER = 0x5441;

const n = (initial = 0) => o.slot('n', initial);

/** A program that runs a shell script as its supervised child, on a pty of its own if asked to, and prints its exit code. */
/** All signals but CHLD and TSTP. */
const notOfJobControl = ~((1n << 16n) | (1n << 19n));

function supervised(script: string, input: { readonly pty: boolean; readonly forward?: bigint }): string {
  const [pidfd, pid, code, master, peer] = [n(), n(), n(), n(-1), n(-1)] as const;
  const all = o.struct('all signals', [o.u64(-1n)]);
  const none = o.struct('no signals', [o.u64(0)]);
  const zero = o.buffer('zero', 256);
  const args = o.struct('clone_args', [
    o.u64(CLONE_PIDFD),
    o.pointer(pidfd),
    o.u64(0),
    o.u64(0),
    o.u64(SIGCHLD),
    ...Array.from({ length: 6 }, () => o.u64(0)),
  ]);
  const entry = o.label('entry');
  const terminal = [
    s.sys('openat', [-100, o.text('/dev/ptmx'), O_RDWR | O_NOCTTY | O_CLOEXEC, 0], { to: master }),
    s.sys('ioctl_struct', [master, TIOCSPTLCK, zero]),
    s.sys('ioctl', [master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC], { to: peer }),
  ];
  const onTerminal = [
    s.sys('setsid', []),
    s.sys('ioctl', [peer, TIOCSCTTY, 0]),
    ...[0, 1, 2].map(fd => s.sys('dup3', [peer, fd, 0])),
  ];
  const line = o.buffer('line', 64);
  const length = n();
  return imageFile(
    encode(
      program({
        actions: [
          act('supervise', [
            s.sys('rt_sigprocmask', [2, all, 0, 8]),
            ...(input.pty ? terminal : []),
            s.track(args, 'child', entry, { to: pid }),
            ...(input.pty ? [s.sys('close', [peer])] : []),
            s.supervise(pidfd, master, input.forward ?? notOfJobControl, code),
            s.format(line, ['[', o.field('d', code), ']\n'], { to: length }),
            s.sys('write', [1, line, length]),
            s.exit(code),
          ]),
        ],
        tracks: [
          {
            name: 'child',
            actions: [
              act('be the shell', [
                entry,
                s.sys('rt_sigprocmask', [2, none, 0, 8]),
                ...(input.pty ? onTerminal : []),
                s.sys('execve', [
                  o.text('/bin/sh'),
                  o.vector('args', ['sh', '-c', script]),
                  o.vector('environment', ['PATH=/usr/bin:/bin']),
                ]),
                s.exit(1),
              ]),
            ],
            failed: [],
          },
        ],
      }),
    ),
  );
}

type Step =
  | readonly ['see' | 'type', string]
  | readonly ['size', number, number]
  | readonly ['signal', number]
  | readonly ['mode'];

function atTerminal(image: string, script: readonly Step[]) {
  const { stdout, stderr } = spawnSync(
    'python3',
    [
      'runtime/engine/test/terminal.py',
      JSON.stringify(script),
      join(process.cwd(), 'build/chos-runtime-debug'),
      '--engine-run',
      image,
      'run',
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );
  assert.is(stderr, '');
  return JSON.parse(stdout) as {
    readonly seen: string;
    readonly modes: readonly boolean[];
    readonly status: number;
  };
}

only('the exit code is that of the process, and all children are buried', () => {
  assert.is(engine(['--engine-run', supervised('exit 7', { pty: false }), 'run']).out, '[7]\n');
  assert.is(engine(['--engine-run', supervised('kill -KILL $$', { pty: false }), 'run']).out, '[137]\n');
});

only('signals are forwarded, but not those of job control', () => {
  const script = (traps: string) => `${traps}; echo ready; while :; do sleep 0.01; done`;
  const image = supervised(
    script("trap 'echo usr1' USR1; trap 'echo term; exit 3' TERM; trap 'echo stop' TSTP"),
    { pty: false },
  );
  const { seen, status } = atTerminal(image, [
    ['see', 'ready'],
    ['signal', 20],
    ['signal', 10],
    ['see', 'usr1'],
    ['signal', 15],
  ]);
  assert.is(status, 3);
  assert.is(seen, 'ready\r\nusr1\r\nterm\r\n[3]\r\n');
});

only('nothing is forwarded if the program says so', () => {
  const image = supervised("trap 'exit 3' TERM; echo ready; read x; exit 4", { pty: false, forward: 0n });
  const { status } = atTerminal(image, [
    ['see', 'ready'],
    ['signal', 15],
    ['type', '\n'],
  ]);
  assert.is(status, 4);
});

only('a terminal is raw meanwhile, carries bytes both ways, and is restored', () => {
  const image = supervised('stty -echo; echo ready; read line; echo "got $line"; read line; exit 5', {
    pty: true,
  });
  const { seen, modes, status } = atTerminal(image, [
    ['see', 'ready'],
    ['mode'],
    ['type', 'hello\r'],
    ['see', 'got hello'],
    ['type', '\r'],
    ['see', '[5]'],
    ['mode'],
  ]);
  assert.equal(modes, [true, false]);
  assert.is(status, 5);
  assert.is(seen, 'ready\r\ngot hello\r\n[5]\r\n');
});

only('the window size is passed on, at the start and when it changes', () => {
  const image = supervised("trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.01; done", {
    pty: true,
  });
  const start = supervised('stty size', { pty: true });
  assert.match(atTerminal(start, []).seen, '0 0');
  const { seen } = atTerminal(image, [
    ['see', '0 0'],
    ['size', 33, 99],
    ['see', '33 99'],
  ]);
  assert.match(seen, '33 99');
});

only('control-C is a byte for the container, which makes a signal of it', () => {
  const image = supervised("trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.01; done", {
    pty: true,
  });
  const { status, seen } = atTerminal(image, [
    ['see', 'ready'],
    ['type', '\u0003'],
    ['see', 'interrupted'],
  ]);
  assert.is(status, 9);
  assert.match(seen, 'interrupted');
});

only('all output arrives, also when it is long and the process ends at once', () => {
  const image = supervised(
    'i=0; while [ $i -lt 3000 ]; do echo "line $i of many lines of output"; i=$((i+1)); done',
    { pty: true },
  );
  const { seen } = atTerminal(image, []);
  assert.is(seen.split('\r\n').length, 3002);
  assert.match(seen, 'line 2999');
});

only('without a terminal of our own the container has one nevertheless', () => {
  const image = supervised('test -t 0 && test -t 1 && read line && echo "got $line" && exit 6', {
    pty: true,
  });
  const { out } = engine(['--engine-run', image, 'run'], { input: 'from a pipe\n' });
  assert.match(out, 'got from a pipe\r\n[6]\n');
});

only('a process that is not a child of ours is an error', () => {
  const code = n();
  const { err } = engine([
    '--engine-run',
    imageFile(
      encode(
        program({
          actions: [act('supervise', [s.supervise(99, -1, 1, code), s.exit(0)])],
        }),
      ),
    ),
    'run',
  ]);
  assert.match(err, 'Bad file descriptor');
});

test.run();
