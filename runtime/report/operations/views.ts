import { TemplateField } from '../../../spec/instructions.js';
import type { OperationOf } from '../../../spec/operations/index.js';
import type { views as catalog } from '../../../spec/operations/views.js';
import { failedErrno } from '../../program/action.js';
import { field } from '../../program/operand.js';
import { errno, type WordsOf } from './words-of.js';

type Copy = Omit<OperationOf<'copy-view'>, 'kind'>;

const copied: { readonly [W in Copy['why']]: (o: Copy) => string } = {
  'mount-namespace': () => 'config.json asks for a mount namespace',
  'mount-remains': o => `mounts[${o.mount}] remains`,
  'masked-paths': () => 'paths are masked',
  'readonly-paths': () => 'paths are read-only',
  devices: () => 'devices are asked for',
  'readonly-root': () => 'the root is read-only',
  propagation: o => `the root is to be ${o.propagation}`,
  'sys-admin': () => 'CAP_SYS_ADMIN could unmount what others see',
  'sys-chroot': () => 'CAP_SYS_CHROOT could leave a directory that is "/"',
  'late-mount': o => `${o.path} came later, and options do not propagate`,
};

const proved = {
  mounts: {
    host: "look at the host's side of what is left out",
    environment: "look at the environment's side",
    place: 'look at what is left out',
  },
  shares: {
    host: "look at the host's side of the shares",
    environment: 'look at the shares',
    place: 'look at the shares in the copy',
  },
};

const skeletonGone = ({ path }: { readonly path: string }) => [
  `start in ${path}: the skeleton was removed or made anew; compile again (chos-runtime skeleton check)`,
];

interface Parts {
  readonly files: number;
  readonly devices: number;
  readonly variables: readonly string[];
  readonly leftOut: readonly string[];
}

const count = (number: number, word: string): readonly string[] =>
  number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`];

function featureParts({ files, devices, variables, leftOut }: Parts): string {
  const parts = [...count(files, 'file'), ...count(devices, 'device'), ...new Set(variables)];
  const missing = leftOut.length === 0 ? '' : `; left out, because it is not there: ${leftOut.join(', ')}`;
  return `${parts.length === 0 ? 'nothing' : parts.join(', ')}${missing}`;
}

export const views: WordsOf<typeof catalog> = {
  'use-tree': { title: o => `use tree ${o.tree} (${o.chosenBy}), back end ${o.backEnd}: ${o.reason}` },
  'use-feature': { title: o => `use feature ${o.name}: ${featureParts(o)}` },
  'open-in-tree': { title: o => `open ${o.path} of the tree` },
  'let-go': {
    title: o =>
      `let go of ${o.of === 'skeleton' ? `the skeleton ${o.name}` : o.of === 'record' ? 'the record' : o.name}`,
  },

  'see-host': {
    title: o => `see the host as ${o.as} was prepared`,
    message: o => [
      `start in ${o.as}: this mount namespace or root is not the one from which it was prepared; compile again`,
    ],
  },
  'hold-skeleton': { title: o => `hold the skeleton ${o.path}`, message: skeletonGone },
  'find-skeleton': { title: o => `find the skeleton ${o.path}`, message: skeletonGone },
  'see-skeleton': { title: o => `see that the skeleton ${o.path} is still there`, message: skeletonGone },
  'open-pin': {
    title: o => `open ${o.name}`,
    message: o => [
      `start in ${o.name}: it was released or prepared anew; compile again (chos-runtime tree show ${o.tree})`,
    ],
  },
  'see-tree': {
    title: o => `check that ${o.path} is the tree of ${o.name}`,
    message: o => [
      `start in ${o.name}: ${o.path} is another directory now; prepare it anew and compile again (chos-runtime tree prepare ${o.tree})`,
    ],
  },
  'see-shown-tree': {
    title: o => `see ${o.path} in ${o.name}`,
    message: o => [
      `start in ${o.name}: it shows another directory than ${o.path}; run chos-runtime tree prepare ${o.tree}`,
    ],
  },
  'see-link': {
    title: o => `see ${o.target} behind the link`,
    message: o => [
      `start in ${o.tree}: the skeleton ${o.skeleton} does not show ${o.target}; run chos-runtime skeleton create`,
    ],
  },

  'set-link': {
    title: o => `set the kernel's link to ${o.target}`,
    message: o => [
      `set the kernel's link to ${o.target}: `,
      field(TemplateField.ERRNO, failedErrno),
      '; is the module chos loaded?',
    ],
  },
  'find-link': {
    title: o => `find ${o.target} in the kernel's list`,
    message: o => [
      `set the kernel's link to ${o.target}: it is not in the kernel's list, or leads elsewhere by now: run chos-runtime tree load`,
    ],
  },
  'enter-pin': { title: o => `enter ${o.name}${o.stays ? ', without a mount' : ''}` },
  'change-root': { title: o => `make ${o.path} "/", without a mount` },
  'enter-container': { title: () => 'enter the namespaces of init' },
  'copy-view': { title: o => `take a copy of ${o.of ?? 'what others see'}, because ${copied[o.why](o)}` },
  'look-around': { title: o => `look around in ${o.path}` },
  'return-to-host': { title: () => 'go back to the root of the host' },
  'go-to-root': { title: () => 'go to "/"' },

  'find-entered': {
    title: o => `find the skeleton ${o.path}`,
    message: o => [
      `enter ${o.tree}: the skeleton ${o.path} is not there (`,
      errno,
      '): root runs chos-runtime skeleton create; inside a tree: exec chos / leaves it',
    ],
  },
  'move-to-skeleton': {
    title: o => `move to the skeleton, the link being ${o.target}`,
    message: o => [
      `enter ${o.tree} by /proc/chos/setchos: `,
      errno,
      '; the module has to be loaded, and lets nobody in from a chroot, a container, or a mount or user namespace of his own',
    ],
  },
  'see-entered': {
    title: o => `see that this is the skeleton ${o.path}, and that it is to stay`,
    message: o => [`enter ${o.tree}: the skeleton ${o.path} is being removed or made anew; try again`],
  },
  'see-entered-tree': {
    title: o => `see ${o.target} behind the link`,
    message: o => [
      `enter ${o.tree}: the skeleton does not show ${o.target}, or it is another directory by now: root runs chos-runtime skeleton create and tree load`,
    ],
  },
  'see-entered-file': {
    title: o => `see ${o.path} of the registry`,
    message: o => [
      `enter ${o.tree}: the skeleton does not show ${o.path} of the registry: root runs chos-runtime skeleton create and tree load`,
    ],
  },
  'separate-view': {
    title: () => 'make a mount namespace, and for who is not root a user namespace of one id',
    message: o => [
      `enter ${o.tree}: make namespaces of the caller's own: `,
      errno,
      ' (are user namespaces allowed, and is this no chroot?)',
    ],
  },
  'enter-view': { title: () => 'make it "/" and let go of the rest' },
  'go-on-inside': { title: () => 'execute what was asked for' },

  'unseal-skeleton': { title: () => 'let mount points be made in the skeleton' },
  'reseal-skeleton': { title: () => 'make the skeleton read-only again' },
  'make-tree-readonly': { title: () => 'make the tree read-only' },
  restrict: { title: o => `restrict ${o.path}, which came later, as the host does` },

  'leave-out': {
    title: o => {
      const how =
        o.shown === 'procfs'
          ? 'shows the procfs of the host'
          : `shows it, slave of peer group ${o.peerGroup}`;
      return `leave out the mount on ${o.destination}: the environment ${how}`;
    },
  },
  prove: {
    title: o => `${proved[o.of][o.at]} (${o.count})`,
    message: (o, path) => [
      o.of === 'shares' ? 'show the share ' : 'leave out the mount of ',
      path ?? '',
      `: it is no longer what it was when this was compiled; compile again, or prepare ${o.tree} again`,
    ],
  },
};
