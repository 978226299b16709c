import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { debianArguments, dnfArguments, dnfConfiguration } from './recipe.js';

test('mmdebstrap is told of every repository by a line of its own', () => {
  const recipe = {
    program: 'mmdebstrap',
    variant: 'apt',
    repositories: [
      { url: 'http://a/debian', suite: 'trixie', components: ['main', 'contrib'] },
      { url: 'http://a/security', suite: 'trixie-security', key: '/keys/a.gpg' },
    ],
    packages: ['gcc', 'make'],
    proxy: 'http://proxy:3128',
  } as const;
  assert.equal(debianArguments(recipe as never, '/part/made.tar'), [
    '--mode=root',
    '--format=tar',
    '--variant=apt',
    '--include=gcc',
    '--include=make',
    '--aptopt=Acquire::http::Proxy "http://proxy:3128"',
    '--',
    'trixie',
    '/part/made.tar',
    'deb http://a/debian trixie main contrib',
    'deb [signed-by=/keys/a.gpg] http://a/security trixie-security main',
  ]);
});

test('dnf reads nothing of the host, and checks what it installs', () => {
  const recipe = {
    program: 'dnf',
    release: '9',
    repositories: [{ name: 'baseos', url: 'https://a/$releasever/$basearch/', key: 'https://a/key' }],
    packages: ['bash'],
  } as const;
  assert.equal(dnfConfiguration(recipe as never, '/part/nothing').split('\n'), [
    '[main]',
    'reposdir=/part/nothing',
    'plugins=0',
    'gpgcheck=1',
    'install_weak_deps=0',
    '',
    '[baseos]',
    'name=baseos',
    'baseurl=https://a/$releasever/$basearch/',
    'enabled=1',
    'gpgcheck=1',
    'gpgkey=https://a/key',
    '',
  ]);
  assert.equal(dnfArguments(recipe as never, '/part/dnf.conf', '/part/root'), [
    '--quiet',
    '--assumeyes',
    '--config=/part/dnf.conf',
    '--installroot=/part/root',
    '--releasever=9',
    'install',
    'bash',
  ]);
});

test.run();
