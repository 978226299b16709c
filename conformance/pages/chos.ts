/** docs/chos.md and docs/login.md, by root: what a user does stands in conformance/trees. */
import { freshRegistry, must } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';

const PAGE = 'docs/chos.md';
const LOGIN = 'docs/login.md';

export const chosPage: readonly Scenario[] = [
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
