/** chos-runtime-dkms in a Debian 13 that has dkms and the headers of a kernel. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { newer } from './built.js';
import { NAMES, type PackageCase, same, sameNames } from './cases.js';
import { machineOf } from './machine.js';

const MODULES =
  'cd /lib/modules; find . -path "*/updates/dkms/*" -name "chos*" | sed "s/.*dkms.//; s/.ko.*//" | sort';

export const dkmsCases: readonly PackageCase[] = [
  {
    name: 'dkms: the modules are built for the kernel that is there, and go with the package',
    async run({ trees, place }) {
      const machine = await machineOf(trees, 'dkms', join(place, 'dkms'));
      const before = machine.sh(NAMES);
      machine.sh(`apt-get install -qq -y --no-install-recommends ${newer('chos-runtime-dkms', 'all')}`);
      same(machine.sh(MODULES), 'chos\nchos_link\n');
      assert.match(machine.sh('dkms status'), /^chos\/\S+, \S+, \S+: installed/);
      machine.sh('apt-get purge -qq -y chos-runtime-dkms');
      sameNames(before, machine.sh(NAMES));
      machine.end();
    },
  },
];
