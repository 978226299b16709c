/** docs/chos.md, docs/login.md and the beginning of README.md, by root: what a user does stands in conformance/trees. */
import * as assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { freshRegistry, must, shell } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';

const PAGE = 'docs/chos.md';
const LOGIN = 'docs/login.md';
const BATCH = 'docs/batch.md';

export const chosPage: readonly Scenario[] = [
  {
    page: 'README.md',
    first: '$ chos --list',
    run: block => {
      const trees = {
        alma9: { path: '/ostrees/alma9', description: 'AlmaLinux 9' },
        debian13: { path: '/ostrees/debian13', description: 'Debian 13' },
      };
      freshRegistry(JSON.stringify({ trees, default: 'debian13' }));
      must('chos-runtime', 'tree', 'prepare', '--all');
      inOrder(block, {
        'chos alma9 make': { with: { 'make -j8': 'true' } },
        'chos alma9': { terminal: true, input: 'exit\n' },
      });
      must('chos', '--set', 'default');
      for (const tree of Object.keys(trees)) must('chos-runtime', 'tree', 'release', tree);
    },
  },
  {
    page: PAGE,
    first: '$ chos --list',
    run: block => {
      const trees = {
        alma9: { path: '/ostrees/alma9', description: 'AlmaLinux 9' },
        debian12: { path: '/ostrees/debian12' },
      };
      freshRegistry(JSON.stringify({ trees, default: 'debian12' }));
      must('chos-runtime', 'tree', 'prepare', '--all');
      inOrder(block, {
        'chos alma9 make': { with: { 'make -j8': 'true' } },
        'chos alma9': { terminal: true, input: 'exit\n' },
        ssh: { with: { 'ssh host ': '', make: 'busybox grep -qx ID=alma9 /etc/os-release' } },
      });
      for (const tree of Object.keys(trees)) must('chos-runtime', 'tree', 'release', tree);
    },
  },
  { page: PAGE, first: 'chos [NAME', run: 'a synopsis' },
  {
    page: PAGE,
    first: '%ENV',
    run: ({ lines }) => {
      freshRegistry(JSON.stringify({ trees: { alma9: { path: '/ostrees/alma9' } } }));
      writeFileSync('/ostrees/alma9/etc/chos.conf', `${lines.join('\n')}\n`);
      must('chos-runtime', 'tree', 'prepare', 'alma9');
      const { stdout } = shell('LANG=C EDITOR=vi OTHER=1 chos alma9', {
        input: 'echo "$LANG $EDITOR $OTHER."\n',
      });
      assert.equal(stdout, 'C vi .\n');
      rmSync('/ostrees/alma9/etc/chos.conf');
      must('chos-runtime', 'tree', 'release', 'alma9');
    },
  },
  ...['# LSF: lsb.queues', '$ CHOS=alma9 bsub'].map(first => ({
    page: BATCH,
    first,
    run: 'no batch system runs here: conformance/trees/job-starter-cases.ts calls the starter as they do',
  })),
  {
    page: BATCH,
    first: '#!/bin/sh',
    run: ({ lines }) => {
      freshRegistry(JSON.stringify({ trees: { alma9: { path: '/ostrees/alma9' } }, default: 'alma9' }));
      must('chos-runtime', 'tree', 'prepare', 'alma9');
      writeFileSync('esub.chos', `${lines.join('\n')}\n`, { mode: 0o755 });
      const esub = (before: string): string =>
        shell(`rm -f set; ${before} LSB_SUB_MODIFY_ENVFILE=set ./esub.chos; cat set`).stdout;
      assert.equal(esub(''), 'CHOS="alma9"\n');
      assert.equal(esub('CHOS=other'), '');
      must('chos-runtime', 'tree', 'release', 'alma9');
    },
  },
  {
    page: LOGIN,
    first: '# /etc/pam.d/sshd',
    run: 'conformance/trees/login-cases.ts has services of its own',
  },
  {
    page: LOGIN,
    first: '# chos-runtime tree prepare',
    run: block => {
      freshRegistry(JSON.stringify({ trees: { alma9: { path: '/ostrees/alma9' } } }));
      inOrder(block, { ssh: { not: 'no sshd runs here: conformance/trees/login-cases.ts' } });
      must('chos-runtime', 'tree', 'release', 'alma9');
    },
  },
];
