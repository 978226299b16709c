/** Why a container is not saved or restored, before CRIU is asked. */
import { CRIU_MINIMUM } from '../../spec/criu.js';
import { unreachable } from '../../spec/unreachable.js';
import { visible } from './visible.js';

export type CriuFault =
  /** Not in these directories. */
  | { readonly kind: 'missing'; readonly directories: readonly string[] }
  /** It does not say its version: no executable of this machine, or no CRIU. */
  | { readonly kind: 'silent'; readonly program: string }
  | { readonly kind: 'too-old'; readonly program: string; readonly version: string }
  | { readonly kind: 'annotation' }
  | { readonly kind: 'shared-view' }
  /** Of a kind that cannot be saved. */
  | { readonly kind: 'namespace'; readonly why: 'user' | 'host-pids' }
  | { readonly kind: 'no-images'; readonly path: string };

export function criuText(fault: CriuFault): string {
  switch (fault.kind) {
    case 'missing':
      return `checkpoint and restore need CRIU, and there is no \`criu\` in ${visible(fault.directories.join(':'))}; install the package criu`;
    case 'silent':
      return `\`${visible(fault.program)} --version\` does not tell the version of CRIU`;
    case 'too-old':
      return `\`${visible(fault.program)}\` is CRIU ${visible(fault.version)}, and ${CRIU_MINIMUM.major}.${CRIU_MINIMUM.minor} or newer is needed`;
    case 'annotation':
      return 'the annotation org.criu.config is not obeyed: with the file that it names CRIU could be told to run programs as root; write the options into /etc/criu/default.conf';
    case 'shared-view':
      return 'a container in an environment is not saved: its mounts are those of others; save one with a root file system of its own';
    case 'namespace':
      return fault.why === 'user'
        ? 'a container with a user namespace is not saved by this version'
        : 'a container without a pid namespace of its own is not saved: its pids may belong to others when it is restored';
    case 'no-images':
      return `\`${visible(fault.path)}\` holds no checkpoint: there is no inventory.img in it`;
    default:
      return unreachable(fault);
  }
}
