/** Crash safety: `node build/conformance/crash.mjs [--only PATTERN]`. */
import { bundleKinds } from './bundles.js';
import { stopCommands } from './commands.js';
import { faults } from './faults.js';
import { inLab } from './lab.js';
import { moments } from './moments.js';
import { stopLaunches } from './stops.js';

const only = new RegExp(
  process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '',
);

await inLab(import.meta.url, async lab => {
  for (const kind of bundleKinds) if (only.test(kind.name)) await stopLaunches(lab, kind);
  for (const kind of bundleKinds)
    if (
      ['default', 'hooks', 'pid namespace of the host'].includes(kind.name) &&
      only.test(`${kind.name} commands`)
    )
      await stopCommands(lab, kind);
  await faults(lab, only);
  await moments(lab, only);
});
