/** `node build/conformance/packages.mjs` (ONLY=PATTERN) (root): the Debian packages, built, installed, upgraded and purged in bare trees. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onOwnMachine } from '../harness/own-machine.js';
import { build, lintian, namesBun, oldEnough, sameAsInstalled } from './built.js';
import { machineCases, type PackageCase } from './cases.js';
import { dkmsCases } from './dkms-cases.js';

// There is a network only here.
if (process.pid !== 1 && process.geteuid?.() === 0) {
  const { status, stdout } = spawnSync('conformance/packages/trees', {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('conformance/packages/trees has not made the trees');
  process.env.PACKAGE_TREES = stdout.trim();
}

const pattern = new RegExp(process.env.ONLY ?? '');
const cases: readonly PackageCase[] = [
  // The others need what it makes.
  { name: 'built', run: build },
  ...[
    { name: 'lintian', run: lintian },
    { name: 'what npm packs, installed, is what the packages hold', run: sameAsInstalled },
    { name: 'no method that Node 18 lacks', run: oldEnough },
    { name: 'the version of Bun is told', run: namesBun },
    ...machineCases('debian12'),
    ...machineCases('debian13'),
    ...dkmsCases,
  ].filter(({ name }) => pattern.test(name)),
];

await onOwnMachine(['--net', '--propagation', 'private'], cases.length, async tally => {
  const place = mkdtempSync(join(tmpdir(), 'chos-packages-'));
  for (const { name, run } of cases) {
    const began = performance.now();
    try {
      await run({ trees: process.env.PACKAGE_TREES ?? '', place });
      tally.passed(`${name}  ${Math.round(performance.now() - began)} ms`);
    } catch (error) {
      tally.failed(name, error);
    }
  }
  rmSync(place, { recursive: true, force: true });
});
