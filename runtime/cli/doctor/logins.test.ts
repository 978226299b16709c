import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { logins, pamLines } from './logins.js';
import { type Files, forget, hostWith, subjectWith, told } from './test/made-up.js';

const installed: Files = { '/usr/lib/x86_64-linux-gnu/security/pam_chos.so': '' };
const look = (files: Files, module = installed) =>
  told(logins(subjectWith({ host: hostWith({ ...module, ...files }) })));

const session = 'session required pam_chos.so minimum_uid=1000\n';

test('the files of docs/login.md are good', () => {
  const [, text = ''] =
    /```\n# \/etc\/pam\.d\/sshd\n([^`]*)\n\n# /.exec(readFileSync('docs/login.md', 'utf8')) ?? [];
  assert.match(text, 'pam_chos.so');
  assert.equal(look({ '/etc/pam.d/sshd': text, '/etc/pam.d/su': session, '/etc/pam.d/cron': 'x\n' }), [
    'ok: into trees by sshd, su',
  ]);
  assert.equal(look({}), ['ok: no service of PAM has pam_chos.so']);
});

test('sshd, and what defers, without the line for setcred', () => {
  const line = 'has no line "auth optional pam_chos.so": its sessions stay on the host (docs/login.md)';
  assert.equal(look({ '/etc/pam.d/sshd': session }), [`fault: /etc/pam.d/sshd ${line}`]);
  assert.equal(look({ '/etc/pam.d/x': 'session required pam_chos.so debug defer\n' }), [
    `fault: /etc/pam.d/x ${line}`,
  ]);
  assert.equal(look({ '/etc/pam.d/sshd': 'session optional pam_chos.so close\n' }), [
    'ok: into trees by sshd',
  ]);
});

test('what is taken in counts as what takes it in has it', () => {
  const common = {
    '/etc/pam.d/common-session': session,
    '/etc/pam.d/common-auth': 'auth optional pam_chos.so\n',
  };
  const both = '@include common-auth\n@include common-session\n';
  assert.equal(
    look({ ...common, '/etc/pam.d/sshd': both, '/etc/pam.d/su': 'session include common-session\n' }),
    ['ok: into trees by sshd, su'],
  );
  assert.match(
    look({ ...common, '/etc/pam.d/sshd': '@include common-session\n' })[0] ?? '',
    /^fault: .*sshd has no line/,
  );
  assert.equal(look({ '/etc/pam.d/x': '@include x\n' }), ['ok: no service of PAM has pam_chos.so']);
});

test('a module that is not there, and a file that is for more than logins', () => {
  assert.equal(look({ '/etc/pam.d/su': session }, {}), [
    'fault: /etc/pam.d/su: pam_chos.so is not there (make install, libpam-chos)',
  ]);
  assert.match(
    look({ '/etc/pam.d/su': session.replace('pam_chos', '/opt/pam_chos') })[0] ?? '',
    /^fault: .*\/opt\/pam_chos\.so is/,
  );
  assert.match(
    look({ '/etc/pam.d/common-session-noninteractive': session })[0] ?? '',
    /^note: \/etc\/pam\.d\/common-session-noninteractive: user@/,
  );
});

test('lines as PAM has them', () => {
  const text =
    '# session x pam_chos.so\n-Session [success=ok default=1] /a/pam_chos.so a \\\n b # c\nauth x pam_unix.so pam_chos.so\n';
  assert.equal(pamLines(text), [{ type: 'session', module: '/a/pam_chos.so', options: ['a', 'b'] }]);
});

test.after(forget);
test.run();
