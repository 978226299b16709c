/** `node build/conformance/trees.mjs` (root): environments, observed on a machine of their own. Runs itself as process 1 of a new pid namespace. */
import { onOwnMachine } from '../harness/own-machine.js';
import { cases as treeCases } from './cases.js';
import { changedHostCases } from './changed-host-cases.js';
import { chosCases } from './chos-cases.js';
import { chosContextCases } from './chos-context-cases.js';
import { dashboardCases } from './dashboard-cases.js';
import { digestCases } from './digest-cases.js';
import { doctorCases } from './doctor-cases.js';
import { elisionCases } from './elision-cases.js';
import { featureCases } from './feature-cases.js';
import { filesCases } from './files-cases.js';
import { heldCases } from './held-cases.js';
import { importCases } from './import-cases.js';
import { importRefusedCases } from './import-refused-cases.js';
import { jobStarterCases } from './job-starter-cases.js';
import { jsonCases } from './json-cases.js';
import { loginCases } from './login-cases.js';
import { loginHostileCases } from './login-hostile-cases.js';
import { chos, setUp } from './machine.js';
import { podmanImportCases } from './podman-import-cases.js';
import { recipeCases } from './recipe-cases.js';
import { registryCases } from './registry-cases.js';
import { releaseCases } from './release-cases.js';
import { sealedCases } from './sealed-cases.js';
import { serviceCases } from './service-cases.js';
import { sharedViewCases } from './shared-view-cases.js';
import { skeletonCases } from './skeleton-cases.js';
import { squashfsCases } from './squashfs-cases.js';
import { stoppedCases } from './stopped-cases.js';
import { takeUpCases } from './take-up-cases.js';
import { untouchedCases } from './untouched-cases.js';
import { versionCases } from './version-cases.js';
import { whoCases } from './who-cases.js';

const cases = [
  ...sharedViewCases,
  ...elisionCases,
  ...changedHostCases,
  ...releaseCases,
  ...serviceCases,
  ...sealedCases,
  ...untouchedCases,
  ...treeCases,
  ...heldCases,
  ...skeletonCases,
  ...registryCases,
  ...doctorCases,
  ...featureCases,
  ...whoCases,
  ...dashboardCases,
  ...digestCases,
  ...importCases,
  ...importRefusedCases,
  ...podmanImportCases,
  ...stoppedCases,
  ...recipeCases,
  ...takeUpCases,
  ...squashfsCases,
  ...versionCases,
  ...chosCases,
  ...chosContextCases,
  ...jobStarterCases,
  ...loginCases,
  ...loginHostileCases,
  ...filesCases,
  ...jsonCases,
].filter(({ name }) => name.includes(process.env.ONLY ?? ''));

/** A case that waits for what does not come is one that fails, and neither the end of the run nor its own is lost. */
async function ended(running: ReturnType<(typeof cases)[number]['run']>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it waits for five minutes')), 300_000);
  });
  try {
    return (await Promise.race([running, late])) ?? undefined;
  } finally {
    clearTimeout(timer);
  }
}

await onOwnMachine([], cases.length, async tally => {
  setUp();
  for (const { name, run } of cases) {
    try {
      tally.passed(name, await ended(run()));
    } catch (error) {
      tally.failed(name, error);
    }
    for (const id of chos('list', '-q').stdout.split('\n').filter(Boolean)) chos('delete', '--force', id);
  }
});
