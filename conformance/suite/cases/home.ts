/** HOME from /etc/passwd, and the search in PATH: whatever the image has put there. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Bundle } from '../../harness/bundle.js';
import { test } from '../case.js';

const line = (home: string) => `alice:x:1000:1000::${home}:/bin/sh`;
/** Users that nobody asks for, at least so many bytes. */
const crowd = (bytes: number) => {
  const one = 'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';
  return one.repeat(Math.ceil(bytes / one.length));
};
const long = (bytes: number) => `/${'h'.repeat(199)}`.repeat(Math.ceil(bytes / 200)).slice(0, bytes);

function homeIs(name: string, expected: string, passwd: string | ((bundle: Bundle) => void)): void {
  test(`home/${name}`, {
    files: bundle => {
      if (typeof passwd === 'string') writeFileSync(join(bundle.rootfs, 'etc/passwd'), passwd);
      else passwd(bundle);
    },
    config: c => {
      c.process.user = { uid: 1000, gid: 1000 };
    },
    inside: ({ report }) => assert.is(report.env.find(e => e.startsWith('HOME='))?.slice(5), expected),
  });
}

homeIs('of-1024-bytes', long(1024), `${line(long(1024))}\n`);
homeIs('of-4000-bytes', long(4000), `${line(long(4000))}\n`);
homeIs('behind-64-kilobytes', '/home/alice', `${crowd(65536)}${line('/home/alice')}\n`);
homeIs('behind-a-megabyte', '/home/alice', `${crowd(1 << 20)}${line('/home/alice')}\n${crowd(1 << 18)}`);
// The line begins so many bytes before the buffer's end.
for (const before of [0, 1, 7, 20, line('/home/alice').length, line('/home/alice').length + 1]) {
  const padding = `${'p'.repeat(59)}\n`.repeat(1092);
  const rest = 65536 - padding.length - before;
  homeIs(
    `across-the-64-kilobytes-${before}`,
    '/home/alice',
    `${padding}${rest > 0 ? `${'q'.repeat(rest - 1)}\n` : ''}${line('/home/alice')}\n`,
  );
}
homeIs('in-a-last-line-without-end', '/home/alice', `root:x:0:0::/root:/bin/sh\n${line('/home/alice')}`);
homeIs('of-nobody', '/', 'root:x:0:0::/root:/bin/sh\n');
homeIs('in-an-empty-file', '/', '');
homeIs('in-a-directory', '/', ({ rootfs }) => {
  rmSync(join(rootfs, 'etc/passwd'));
  mkdirSync(join(rootfs, 'etc/passwd'));
});
homeIs('in-an-endless-device', '/', ({ rootfs }) => {
  rmSync(join(rootfs, 'etc/passwd'));
  symlinkSync('/dev/zero', join(rootfs, 'etc/passwd'));
});
homeIs('in-a-loop-of-links', '/', ({ rootfs }) => {
  rmSync(join(rootfs, 'etc/passwd'));
  symlinkSync('passwd', join(rootfs, 'etc/passwd'));
});

test('home/in-a-fifo', {
  // What is killed in open(2) may leave its cgroups.
  skip: runtime => (runtime.startsWith('chos') ? undefined : 'the others wait for somebody to write'),
  files: ({ rootfs }) => {
    rmSync(join(rootfs, 'etc/passwd'));
    execFileSync('mkfifo', [join(rootfs, 'etc/passwd')]);
  },
  drive: async t => {
    const finished = await t.run([], { deadlineMs: 5_000 });
    assert.is(finished.code, 0, finished.stderr);
    assert.ok(JSON.parse(finished.stdout).env.includes('HOME=/'));
  },
});

test('home/longer-than-a-path-is-refused', {
  files: ({ rootfs }) => writeFileSync(join(rootfs, 'etc/passwd'), `${line(long(5000))}\n`),
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  refused: /home of uid 1000.*too long/,
});
test('home/in-a-line-of-70000-bytes-is-refused', {
  files: ({ rootfs }) => writeFileSync(join(rootfs, 'etc/passwd'), `${'x'.repeat(70_000)}\n${line('/a')}\n`),
  config: c => {
    c.process.user = { uid: 1000, gid: 1000 };
  },
  refused: /too (large|long)/i,
});

/** What execvp(3) passes over, then /bin. */
const obstacles: readonly (readonly [name: string, directory: string, make: (rootfs: string) => void])[] = [
  ['missing', '/nosuch', () => undefined],
  ['a-file', '/etc/passwd', () => undefined],
  ['a-loop', '/loop', rootfs => symlinkSync('loop', join(rootfs, 'loop'))],
  ['a-name-too-long', `/${'n'.repeat(300)}`, () => undefined],
  ['a-path-too-long', '/d'.repeat(3000), () => undefined],
  [
    'closed-to-the-user',
    '/closed',
    rootfs => {
      mkdirSync(join(rootfs, 'closed'));
      chmodSync(join(rootfs, 'closed'), 0o700);
    },
  ],
  [
    'with-a-directory-of-that-name',
    '/odd',
    rootfs => mkdirSync(join(rootfs, 'odd/end'), { recursive: true }),
  ],
  [
    'with-a-file-that-is-not-executable',
    '/odd',
    rootfs => {
      mkdirSync(join(rootfs, 'odd'));
      writeFileSync(join(rootfs, 'odd/end'), '', { mode: 0o644 });
    },
  ],
  ['empty', '', () => undefined],
];
for (const [name, directory, make] of obstacles) {
  test(`path/passes-over-what-is-${name}`, {
    files: ({ rootfs }) => make(rootfs),
    config: c => {
      c.process.user = { uid: 1000, gid: 1000 };
      c.process.args = ['end'];
      c.process.env = [`PATH=${directory}:/bin`];
    },
    exit: 7,
  });
}
