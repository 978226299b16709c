/** The blocks of docs/trees.md and docs/features.md. What needs the module stands in scenarios.ts. */
import * as assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { commandsOf } from './blocks.js';
import { whoIsThere } from './doctor.js';
import { freshRegistry, must, shell } from './machine.js';
import { inOrder, type Scenario } from './scenario.js';

const TREES = 'docs/trees.md';

export const treesPage: readonly Scenario[] = [
  {
    page: TREES,
    first: '# cat /etc/chos.d/site.json',
    run: block => {
      freshRegistry((commandsOf(block)[0]?.output ?? []).join('\n'));
      shell('rm -f config.json');
      inOrder(block, {
        'chos-runtime spec': { terminal: true, input: 'exit\n' },
        podman: { look: printed => assert.match(printed, /^ID=debian12/m) },
      });
      shell('chos-runtime tree release debian12');
    },
  },
  {
    page: TREES,
    first: '%SHELLS',
    run: ({ lines }) => {
      freshRegistry('{}');
      writeFileSync('/etc/chos', `${lines.join('\n')}\n`);
      const names = shell("chos-runtime tree list --format json | jq -r '.[].name'").stdout;
      assert.deepEqual(names.trim().split('\n').sort(), ['/ostrees/alma9', 'debian12']);
    },
  },
  {
    page: TREES,
    first: '{',
    run: ({ lines }) => {
      const { trees, ...site } = JSON.parse(lines.join('\n')) as { readonly trees: object };
      freshRegistry(JSON.stringify({ trees, ...site }));
      mkdirSync('/srv/site', { recursive: true });
      mkdirSync('/var/lib/sss/pipes', { recursive: true });
      writeFileSync('/srv/site/hosts', '192.0.2.7 of-the-site\n');
      must('chos-runtime', 'tree', 'prepare', 'alma9');
      assert.equal(shell('chos alma9 cat /etc/hosts').stdout, '192.0.2.7 of-the-site\n');
      assert.match(shell('chos alma9 cat /etc/passwd').stdout, /^root:/m);
      must('chos-runtime', 'tree', 'files');
      must('chos-runtime', 'tree', 'release', 'alma9');
    },
  },
  { page: TREES, first: '# chos-runtime who', run: whoIsThere },
  {
    page: 'docs/features.md',
    first: '# cat /etc/chos.d/features.json',
    run: block => {
      freshRegistry('{}');
      const text = (commandsOf(block)[0]?.output ?? []).join('\n');
      writeFileSync('/etc/chos.d/features.json', text, { mode: 0o644 });
      for (const name of ['pmix', 'openmpi']) mkdirSync(`/opt/${name}/lib`, { recursive: true });
      inOrder(block);
    },
  },
];
