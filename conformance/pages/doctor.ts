/** The blocks of docs/doctor.md. */
import * as assert from 'node:assert/strict';
import { type Block, commandsOf, missingLine } from './blocks.js';
import { freshRegistry, shell } from './machine.js';
import type { Scenario } from './scenario.js';

/** Machines differ in what stands between the lines of the page. */
function examined(block: Block): void {
  const trees = { debian13: { path: '/ostrees/debian13' } };
  freshRegistry(JSON.stringify({ trees, shares: [{ path: '/home' }] }));
  shell('chos-runtime tree release --force debian13');
  for (const { text, output } of commandsOf(block)) {
    const { stdout, stderr } = shell(text);
    assert.equal(missingLine(output, stdout.split('\n')), null, stdout + stderr);
  }
}

/** A fault that the machine has, such as a hook that another page has left, makes the exit code 1. */
function mended(block: Block): void {
  for (const { text } of commandsOf(block)) {
    const { status, stdout, stderr } = shell(text);
    assert.ok(status === 0 || status === 1, stdout + stderr);
    assert.match(stdout, /^chos-runtime tree prepare --all/m, stderr);
  }
}

/** The columns are as wide as what stands in them. */
export function whoIsThere(block: Block): void {
  for (const { text, output } of commandsOf(block)) {
    const { stdout, stderr } = shell(text);
    assert.deepEqual(stdout.split('\n')[0]?.split(/\s+/), output[0]?.split(/\s+/), stderr);
  }
}

const page = 'docs/doctor.md';

export const doctorPage: readonly Scenario[] = [
  { page, first: '# chos-runtime doctor', run: examined },
  {
    page,
    first: 'chos-runtime doctor --json',
    run: mended,
  },
];

/** What is printed while the dashboard is there. */
const whileServed = (body: string): string =>
  `: >/run/dashboard; chos-runtime dashboard >/run/dashboard & until grep -q listening /run/dashboard; do :; done; ${body}; status=$?; kill $!; wait; exit $status`;

function served(block: Block): void {
  const trees = { debian13: { path: '/ostrees/debian13' } };
  freshRegistry(JSON.stringify({ trees, shares: [{ path: '/home' }] }));
  for (const { text, output } of commandsOf(block)) {
    const { stdout, stderr } = shell(whileServed(text === SERVE ? 'cat /run/dashboard' : text));
    assert.deepEqual(stdout.trim().split('\n'), output, stderr);
  }
}

const SERVE = 'chos-runtime dashboard';
const dashboard = 'docs/dashboard.md';

export const dashboardPage: readonly Scenario[] = [
  { page: dashboard, first: `# ${SERVE}`, run: served },
  { page: dashboard, first: '$ curl -s http://127.0.0.1:9870/metrics', run: served },
  { page: dashboard, first: '$ ssh -L', run: 'there is no other machine' },
  { page: dashboard, first: '# prometheus.yml', run: 'it is for the server of the site' },
];
