import { done, type Outcome } from './invocation.js';

/** Set by the build (build.mk). */
declare const CHOS_VERSION: string;
declare const CHOS_COMMIT: string;

export const OCI_VERSION = '1.3.0';

/**
 * The first line is our own name: Podman and CRI-O show the text as it is. go-runc takes versions only from "runc version ", but containerd's shim
 * never asks; whoever needs that line gets more from an honest answer than from a number that looks like runc's.
 */
export function version(): Outcome {
  return done(`chos-runtime version ${CHOS_VERSION}\ncommit: ${CHOS_COMMIT}\nspec: ${OCI_VERSION}\n`);
}
