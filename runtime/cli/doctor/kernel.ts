/** The kernel, and its module chos. */
import { MINIMUM_KERNEL } from '../../compile/container/kernel.js';
import { whyNotListed } from '../../trees/choose-kmod.js';
import type { KernelFacts } from '../../trees/kernel-link.js';
import { linkedTrees } from '../../trees/skeleton-input.js';
import type { Host } from './host.js';
import { counted, fault, type Line, note, ok, quoted, some } from './line.js';
import type { Subject } from './subject.js';

/** statmount(2) and listmount(2): what was shared is proved again at each start. */
const EXACT = { major: 6, minor: 8 };

type Version = Host['facts']['kernel'];

const before = (one: Version, other: Version): boolean =>
  one.major < other.major || (one.major === other.major && one.minor < other.minor);

const release = (host: Host): string => (host.read('/proc/sys/kernel/osrelease') ?? '?').trim();

export function kernel({ host }: Subject): readonly Line[] {
  const { kernel: version, arch } = host.facts;
  const name = `Linux ${release(host)}, ${arch}`;
  if (before(version, MINIMUM_KERNEL)) {
    const { major, minor } = MINIMUM_KERNEL;
    return [
      fault(`${name}: older than ${major}.${minor}, so that nothing can be started (mount_setattr(2))`),
    ];
  }
  return before(version, EXACT)
    ? [
        note(
          `${name}: before 6.8 a compiled executable leaves no mount out, and may miss a share that was mounted anew`,
        ),
      ]
    : [ok(name)];
}

/** The list of the kernel against that of the registry. */
function listed({ registry }: Subject, facts: KernelFacts & { readonly kind: 'present' }): readonly Line[] {
  if (facts.valid === null) return [note("only root can read the kernel's list of trees")];
  const trees = linkedTrees(registry);
  const missing = trees.filter(tree => whyNotListed(facts, tree, () => null) !== null);
  const known = new Set(trees.map(({ path }) => path));
  const left = [...facts.valid].filter(path => !known.has(path));
  return [
    ...(missing.length === 0
      ? []
      : [
          note(
            `not in the kernel's list of trees: ${some(missing.map(({ name }) => name))}`,
            'chos-runtime tree load',
          ),
        ]),
    ...(left.length === 0
      ? []
      : [note(`in the kernel's list, but not registered: ${some(left)}`, 'chos-runtime tree load')]),
  ];
}

/** As the runtime itself was: by Debian's packages, or by make. */
const howToInstall = (host: Host): string =>
  host.stat('/var/lib/dpkg/info/chos-runtime.list') === null
    ? 'make kmod-install'
    : 'apt-get install chos-runtime-dkms';

/** It may be installed, and not loaded. */
function howToLoad(host: Host): string {
  const modules = host.read(`/lib/modules/${release(host)}/modules.dep`) ?? '';
  return /\/chos\.ko/.test(modules)
    ? `systemctl enable --now chos-trees`
    : `apt-get install dkms ${quoted(`linux-headers-${release(host)}`)} && ${howToInstall(host)} && systemctl enable --now chos-trees`;
}

export function module(subject: Subject): readonly Line[] {
  const { host, kernel: facts } = subject;
  switch (facts.kind) {
    case 'absent':
      return [
        note('chos is not loaded: trees are started from what is prepared, or by mounts', howToLoad(host)),
      ];
    case 'too-old':
      return [
        fault(
          `chos ${facts.version} is too old for this runtime, and not used`,
          `${howToInstall(host)} && modprobe -r chos && systemctl restart chos-trees`,
        ),
      ];
    case 'present': {
      const size = facts.valid === null ? '' : `, ${counted(facts.valid.size, 'tree', 'trees')} in its list`;
      return [ok(`chos ${facts.version}${size}`), ...listed(subject, facts)];
    }
  }
}
