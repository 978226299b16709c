import { capabilities } from '../../spec/capabilities.js';
import {
  isSupported,
  mountOptions,
  namespaces,
  OCI_VERSION_MAX,
  OCI_VERSION_MIN,
} from '../../spec/features.js';
import type { Features } from '../../spec/generated/features.js';
import { memoryFlags, memoryModes } from '../../spec/kernel.js';
import { hookKinds } from '../../spec/normal-config.js';
import { actions, architectures, comparisons, filterFlags } from '../compile/seccomp/vocabulary.js';
import { done, type Outcome } from './invocation.js';
import { productVersion } from './version.js';

/** Independent of the host, as the spec demands (features.md): what the compiler can do. Everything comes from the compiler's own tables. */
export function featuresObject(): Features {
  const flags = [...filterFlags.keys()];
  return {
    ociVersionMin: OCI_VERSION_MIN,
    ociVersionMax: OCI_VERSION_MAX,
    hooks: [...hookKinds],
    mountOptions: [...mountOptions],
    linux: {
      namespaces: [...namespaces],
      capabilities: Object.keys(capabilities),
      cgroup: {
        v1: true,
        v2: true,
        systemd: true,
        systemdUser: true,
        rdma: true,
      },
      seccomp: {
        enabled: true,
        actions: [...actions.keys()].filter(isSupported),
        operators: [...comparisons.keys()],
        archs: [...architectures].flatMap(([name, abi]) => (abi === null ? [] : [name])),
        knownFlags: flags,
        supportedFlags: flags,
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: true, schemata: true, monitoring: true },
      memoryPolicy: { modes: Object.keys(memoryModes), flags: Object.keys(memoryFlags) },
      netDevices: { enabled: true },
      mountExtensions: { idmap: { enabled: true } },
    },
    annotations: { 'org.chos.version': productVersion },
    // Whoever lets users write these lets them choose the files that they see, and what systemd does for their scope.
    potentiallyUnsafeConfigAnnotations: ['org.chos.features', 'org.chos.tree', 'org.systemd.property.'],
  };
}

export function features(): Outcome {
  return done(`${JSON.stringify(featuresObject(), null, 2)}\n`);
}
