/** Logins into trees (docs/login.md): real su, sshd and pamtester, by pinned generations. By the kernel's link: conformance/vm/cases/kmod-login.ts. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { withDeadShareOn } from '../harness/dead-share.js';
import { caseList, good } from './case.js';
import {
  choose,
  GROUP,
  homeOf,
  insistOnNoneLeft,
  loginRegistry,
  makeAccounts,
  pamModule,
  pamtester,
  service,
  ssh,
  sshCommand,
  su,
  type User,
  users,
  whyNoLogins,
} from './login.js';
import { base, chos, pins, registry, writeRegistry } from './machine.js';

const { cases, test } = caseList('login: ');

const where = 'cat /etc/os-release | grep ^ID=; echo $CHOS';
const host = /^ID=(?!one|two|login)\w+$/m;
const inside = (name: string) => new RegExp(`^ID=${name}$`, 'm');

/** It goes on on the host, and that is the line. */
function staysOnHost(user: User, line: RegExp): void {
  const { status, stdout, stderr } = su(user, where);
  assert.match(stderr, line);
  assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
  assert.match(stdout, host);
  assert.equal(status, 0);
}

/** With the option `required` it is no session at all. */
function isRefused(user: User, options: string, line: RegExp): void {
  service('strict', options);
  const { status, stdout, stderr } = pamtester('strict', user, 'open_session');
  assert.equal(status, 1, stdout);
  assert.match(stderr + stdout, line);
}

function begin(): void {
  makeAccounts();
  writeRegistry(loginRegistry);
  good(chos('tree', 'prepare', '--all'));
  service('su', 'debug');
  // As Debian has it, and the line for setcred.
  service('sshd', '', '', `auth optional ${pamModule}\n`);
}

const logins = (name: string, body: () => void | Promise<void>): void =>
  test(name, async () => {
    const why = whyNoLogins();
    if (why === undefined) await body();
    return why;
  });

logins('su: the tree of ~/.chos, its environment, the groups and the directory of the user', () => {
  begin();
  choose('bob', 'login\n');
  const script =
    'id -u; id -G; cat /etc/os-release | grep ^ID; pwd; echo $CHOS $EDITOR; grep NoNew /proc/self/status';
  const { stdout, stderr, status } = su('bob', script);
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(stdout.replaceAll('\t', ' ').split('\n'), [
    '1002',
    `1002 ${GROUP}`,
    'ID=login',
    '/',
    'login vi',
    'NoNewPrivs: 0',
    '',
  ]);
  // Nobody has chosen for her.
  assert.equal(
    good(su('ann', `${where}; echo $SITE`)),
    'ID=one\none\nhere one\n'.replace('here one', 'here'),
  );
  choose('ann', '/\n');
  assert.match(good(su('ann', where)), host);
  choose('ann', null);
  assert.match(good(su('root', where)), host);
});

logins(
  'two users in two trees at once by sshd, with their groups, a terminal and a file transfer',
  async () => {
    const ann = spawn('ssh', sshCommand('ann', 'echo in; cat; cat /etc/os-release; id -G'), { cwd: '/' });
    let told = '';
    const ended = new Promise(resolve => ann.on('close', resolve));
    const begun = new Promise<void>(resolve =>
      ann.stdout.on('data', data => {
        told += data;
        if (told.startsWith('in\n')) resolve();
      }),
    );
    await begun;
    assert.match(good(ssh('bob', `${where}; id -G; pwd`)), /^ID=login\nlogin\n1002 5000\n.*\/bob\n$/);
    const table = good(chos('who', 'one'));
    assert.match(table, / ann +one +one@\d+ +- +pinned .* cat$/m);
    // Who serves the login does so on the host.
    const served = table.split('\n').filter(line => / root .* sshd/.test(line));
    assert.deepEqual(served, []);
    ann.stdin.end();
    await ended;
    assert.match(told, /ID=one[\s\S]*\n1001 5000\n/);
    assert.match(good(ssh('bob', '-tt', 'tty; cat /etc/os-release')), /\/dev\/pts\/\d+\r?\nID=login/);
  },
);

logins('each login has a copy of the generation, to which comes what is mounted later', () => {
  const ns = 'readlink /proc/self/ns/mnt';
  const pin = readdirSync(pins).find(file => /^login@\d+$/.test(file));
  const inode = (text: string) => /\d+/.exec(text.split('\n').at(-2) ?? '')?.[0];
  const script = `${ns}; mkdir -p ${homeOf('bob')}/late; sleep 0`;
  mkdirSync(`${homeOf('bob')}/late`, { recursive: true });
  const one = good(su('bob', script.replace(/mkdir[^;]*; /, '')));
  assert.notEqual(inode(one), String(JSON.parse(readFileSync(`${pins}/${pin}.json`, 'utf8')).inode));
  assert.doesNotMatch(good(su('bob', 'cat /proc/self/mountinfo')), /shared:|nsfs/);
  spawnSync('mount', ['-t', 'tmpfs', 'late', `${homeOf('bob')}/late`]);
  writeFileSync(`${homeOf('bob')}/late/file`, 'late\n');
  assert.equal(good(su('bob', `cat ${homeOf('bob')}/late/file`)), 'late\n');
  spawnSync('umount', [`${homeOf('bob')}/late`]);
});

logins('chos inside knows the login', () => {
  const command = `${homeOf('bob')}/chos`;
  assert.match(good(ssh('bob', `${command} --which`)), /^login@\d+ \(this login\)\n$/);
  assert.equal(
    good(
      ssh('bob', `${command} login cat /etc/os-release | grep ^ID; ${command} -- readlink /proc/self/cwd`),
    ),
    `ID=login\n${homeOf('bob')}\n`,
  );
  assert.match(
    ssh('bob', `${command} one true`).stderr,
    /^chos: this login is in login@\d+: one is entered from the host, or by a login of its own$/m,
  );
  assert.match(
    ssh('bob', `${command} / true`).stderr,
    /^chos: leave: this login is in login@\d+ and stays there/m,
  );
});

logins('NAME@GENERATION is that one, as long as it is pinned', () => {
  const [, first = ''] = /@(\d+)/.exec(good(ssh('bob', `${homeOf('bob')}/chos --which`))) ?? [];
  choose('bob', `login@${first}\n`);
  assert.equal(good(su('bob', where)), `ID=login\nlogin@${first}\n`);
  choose('bob', 'login@999\n');
  staysOnHost(
    'bob',
    /^pam_chos: there is no generation login@999 \(any more\); the session is on the host$/m,
  );
  choose('bob', 'login\n');
});

logins('a name that is not registered: the default or no login, as the site wants', () => {
  choose('bob', 'logn\n');
  const { stdout, stderr } = su('bob', where);
  assert.match(stdout, /^ID=one\none\n/);
  assert.equal(stderr, 'pam_chos: warning: there is no tree "logn" (~/.chos); goes on in the default, one\n');
  isRefused('bob', 'unknown=refuse', /there is no tree "logn"; did you mean login\?; no session/);
  choose('bob', 'login\n');
});

logins('whatever ~/.chos is, it is one line and the host', () => {
  const file = `${homeOf('bob')}/.chos`;
  const made = (make: () => void, line: RegExp): void => {
    choose('bob', null);
    make();
    staysOnHost('bob', line);
  };
  made(() => spawnSync('mkfifo', [file]), /\.chos: it is not a regular file; the session is on the host/);
  made(() => symlinkSync('/etc/shadow', file), /\.chos: it is a symbolic link/);
  made(() => choose('bob', 'x'.repeat(1 << 20)), /\.chos: it is longer than 255 bytes/);
  made(() => choose('bob', 'one\nlogin\n'), /\.chos: it is more than one line/);
  made(() => {
    choose('bob', 'one\n');
    chownSync(file, users.ann, users.ann);
  }, /belongs to somebody else/);
  made(() => {
    choose('bob', 'one\n');
    chmodSync(file, 0o666);
  }, /others can write to it/);
  made(() => mkdirSync(file), /not a regular file/);
  isRefused('bob', 'required', /not a regular file; no session/);
  // It is read with the user's rights.
  made(() => {
    choose('bob', 'one\n');
    chownSync(homeOf('bob'), 0, 0);
    chmodSync(homeOf('bob'), 0o700);
  }, /^pam_chos: open .*\/bob\/\.chos: Permission denied/);
  chmodSync(homeOf('bob'), 0o755);
  chownSync(homeOf('bob'), users.bob, users.bob);
  choose('bob', 'login\n');
  // A home that is not there says nothing.
  renameSync(homeOf('ann'), `${base}/away`);
  assert.match(su('ann', where).stdout, inside('one'));
  renameSync(`${base}/away`, homeOf('ann'));
});

logins('a registry that is broken or not to be trusted keeps nobody out', () => {
  const list = '/run/chos/trees';
  const before = readFileSync(list);
  const made = (make: () => void, line: RegExp): void => {
    make();
    staysOnHost('bob', line);
    isRefused('bob', 'required', /; no session/);
    assert.match(good(su('root', where)), host);
    rmSync(list, { force: true });
    writeFileSync(list, before, { mode: 0o644 });
    chmodSync('/run/chos', 0o755);
  };
  made(() => writeFileSync(list, 'x\0\xff'), /^pam_chos: the list of trees is not one of this version/);
  made(() => writeFileSync(list, 'chos 2\n'), /^pam_chos: the list of trees is not one of this version/);
  made(() => chmodSync(list, 0o666), /^pam_chos: refuses trees below \/run\/chos: owner 0, mode 666/);
  made(() => chmodSync('/run/chos', 0o777), /^pam_chos: refuses chos below/);
  made(() => rmSync(list), /^pam_chos: no tree is prepared/);
  const record = `${pins}/${readdirSync(pins).find(file => /^login@\d+\.json$/.test(file))}`;
  const was = readFileSync(record, 'utf8');
  made(() => writeFileSync(record, '{'), /^pam_chos: .*json:1:2: not JSON/);
  made(
    () => writeFileSync(record, was.replace(/"inode":\d+/, '"inode":1')),
    /is not of the mount namespace that is pinned there/,
  );
  made(
    () => writeFileSync(record, was.replace(/"namespace":\d+/, '"namespace":1')),
    /is not the one in which login was prepared/,
  );
  writeFileSync(record, was);
  assert.match(good(su('bob', where)), inside('login'));
  good(chos('tree', 'release', 'login'));
  made(() => {}, /^pam_chos: the tree login has no generation: root runs chos-runtime tree prepare login;/);
  good(chos('tree', 'prepare', 'login'));
});

logins('a home whose server does not answer costs the deadline', async () => {
  service('su', 'deadline=1');
  await withDeadShareOn(
    homeOf('bob'),
    () => {
      const began = Date.now();
      const { status, stderr } = pamtester('su', 'bob', 'open_session', 'close_session');
      assert.match(
        stderr,
        /^pam_chos: reading ~\/\.chos of bob does not end within 1 s: .*; the session is on the host$/m,
      );
      assert.equal(status, 0);
      assert.ok(Date.now() - began < 5000);
      insistOnNoneLeft();
    },
    true,
  );
  service('su', '');
});

logins('users and groups that are exempt, and options that do not exist', () => {
  for (const options of [
    'exempt=ann,bob',
    'exempt=@physics',
    'minimum_uid=1003',
    'nonsense exempt=bob',
    'close',
  ]) {
    service('su', options);
    assert.match(good(su('bob', where)), host, options);
  }
  for (const options of ['exempt=ann,@root', 'minimum_uid=1002', 'nonsense deadline=0']) {
    service('su', options);
    assert.match(good(su('bob', where)), inside('login'), options);
  }
  service('su', '');
});

const THREADED = `import ctypes, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
pam = ctypes.CDLL("libpam.so.0")
CONV = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)), ctypes.c_void_p, ctypes.c_void_p)
class Conv(ctypes.Structure):
    _fields_ = [("conv", CONV), ("data", ctypes.c_void_p)]
class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]
def say(count, messages, answers, data):
    print(ctypes.cast(messages[0], ctypes.POINTER(Message))[0].text.decode())
    return 19
conv, handle = Conv(CONV(say), None), ctypes.c_void_p()
pam.pam_start(b"su", b"bob", ctypes.byref(conv), ctypes.byref(handle))
print(pam.pam_open_session(handle, 0), pam.pam_getenv(handle, b"CHOS"), open("/etc/os-release").read())`;

logins('a program with threads cannot enter a generation, and is told', () => {
  const child = spawnSync('python3', ['-c', THREADED], { encoding: 'utf8', timeout: 20_000 });
  const [line = '', ...rest] = child.stdout.split('\n');
  assert.match(
    line,
    /^pam_chos: enter .*\/login@\d+: the program that opens the session has several threads, or shares its root; the session is on the host$/,
  );
  assert.match(rest.join('\n'), /^0 0 /);
  assert.match(rest.join('\n'), host);
});

logins('sshd without the line for setcred is told, and on the host', () => {
  service('sshd', '');
  const { stdout, status } = ssh('bob', where);
  assert.match(stdout, host);
  assert.equal(status, 0);
  service('sshd', '', '', `auth optional ${pamModule}\n`);
});

logins('what closes a session behind it is on the host again, and nothing is left', () => {
  const log = `${base}/closed`;
  const tell = `${base}/tell`;
  writeFileSync(tell, `#!/bin/sh\necho "$PAM_TYPE $(readlink /proc/self/ns/mnt)" >>${log}\n`, {
    mode: 0o755,
  });
  const exec = `session required pam_exec.so seteuid ${tell}`;
  // The second line finds that it is done.
  service('closing', '', `session optional ${pamModule} close\n${exec}\nsession required ${pamModule}`);
  good(pamtester('closing', 'bob', 'open_session', 'close_session'));
  const own = readlinkSync('/proc/self/ns/mnt');
  assert.equal(readFileSync(log, 'utf8'), `open_session ${own}\nclose_session ${own}\n`);
  insistOnNoneLeft();
});

logins('a login within a tree, where the list is not seen, stays there without a word', () => {
  const script = 'mount -t tmpfs none /run && exec pamtester su bob open_session';
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', script], {
    encoding: 'utf8',
  });
  assert.deepEqual([status, stdout, stderr], [0, 'pamtester: successfully opened a session\n', '']);
});

logins('a user who writes ~/.chos meanwhile gets one of both, or the host', () => {
  const file = `${homeOf('bob')}/.chos`;
  const script = `while :; do echo one >${file}.new; mv ${file}.new ${file}; ln -sf /etc/shadow ${file}; rm -f ${file}; mkfifo ${file}; rm -f ${file}; echo login >${file}; done`;
  const writer = spawn('setpriv', ['--reuid=1002', '--regid=1002', '--clear-groups', 'sh', '-c', script], {
    stdio: 'ignore',
  });
  for (let i = 0; i < 20; i++) {
    const { status, stdout } = su('bob', where);
    assert.equal(status, 0);
    assert.match(stdout, /^ID=/);
  }
  writer.kill('SIGKILL');
  choose('bob', null);
  writeRegistry(registry);
  rmSync('/run/chos', { recursive: true });
  for (const tree of ['one', 'two', 'three', 'must', 'login']) chos('tree', 'release', tree);
});

export const loginCases = cases;
