/** What is run in which machine. The cases of one boot share it, for the modules cannot be taken out again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachesOfTheModule } from '../vm/kernel-module.js';
import type { Kernel, MachineRequest } from '../vm/machine.js';

export interface Boot {
  readonly name: string;
  readonly request: MachineRequest;
  /** Not side by side with another machine: with more emulated processors than real ones, each waits for locks that another holds. */
  readonly alone: boolean;
}

const built = (...parts: readonly string[]) => join(process.cwd(), 'build/kernel-link', ...parts);
const panicOnWarning = ['panic_on_warn=1', 'oops=panic', 'softlockup_panic=0'];

/** The modules of this kernel in /modules; `variant` is a directory of build/kernel-link/KERNEL. */
const modules = (kernel: Kernel, variant: 'product' | 'self-test', names: readonly string[]) =>
  names.map(name => ({ from: built(kernel, variant, `${name}.ko`), to: `/modules/${name}.ko` }));

const chos = ['chos_link', 'chos'];

/** All cases and the shares of an NFS server, with every check of every slab cache; modules that also test themselves. */
function everything(kernel: Kernel): Boot {
  return {
    name: 'cases',
    alone: false,
    request: {
      kernel,
      script: `#!/bin/bash
KERNEL_LINK=/kernel-link
export KERNEL_LINK
status=0
/kernel-link /modules || status=1
/nfs.sh || status=1
dmesg | grep -q 'chos_link: self tests passed' && dmesg | grep -q 'chos: self tests passed' || { echo "FAIL self tests of the modules"; status=1; }
exit $status
`,
      payload: [
        ...modules(kernel, 'self-test', chos),
        { from: built('cases'), to: '/kernel-link' },
        {
          text: readFileSync(join(process.cwd(), 'conformance/kernel-link/nfs.sh'), 'utf8'),
          to: '/nfs.sh',
          executable: true,
        },
      ],
      commandLine: [...panicOnWarning, 'slub_debug=FZPU'],
      environment: { FORKS: '10000' },
      timeout: 1200,
    },
  };
}

/**
 * The million forks, with the modules as they are installed. The checks of all caches would take most of the time, so they are for ours. A tenth of
 * them with the newest kernel: what changes there is shown by that too.
 */
function storm(kernel: Kernel): Boot {
  return {
    name: 'storm',
    alone: true,
    request: {
      kernel,
      script: '#!/bin/sh\nexec /kernel-link /modules "a million forks"\n',
      payload: [...modules(kernel, 'product', chos), { from: built('cases'), to: '/kernel-link' }],
      commandLine: [...panicOnWarning, `slub_debug=FZPU,${cachesOfTheModule}`],
      environment: { FORKS: kernel === 'sid' ? '100000' : '1000000' },
      timeout: 2700,
    },
  };
}

export const testBoots = (kernel: Kernel): readonly Boot[] => [everything(kernel), storm(kernel)];

/** Prints the ratios as one line of JSON. One processor: what two emulated ones do to each other is not what is measured. */
export const benchBoot = (kernel: Kernel): Boot => ({
  name: 'bench',
  alone: true,
  request: {
    kernel,
    script: '#!/bin/sh\nexec /bench /modules\n',
    payload: [...modules(kernel, 'product', [...chos, 'plain_link']), { from: built('bench'), to: '/bench' }],
    cpus: 1,
    timeout: 900,
  },
});
