import { OCI_VERSION_MAX } from '../../spec/features.js';
import { done, type Outcome } from './invocation.js';

/** Set by the build (build.mk); not there in unit tests. */
declare const CHOS_VERSION: string;
declare const CHOS_COMMIT: string;

export const productVersion = typeof CHOS_VERSION === 'string' ? CHOS_VERSION : '0.0.0';
const commit = typeof CHOS_COMMIT === 'string' ? CHOS_COMMIT : 'unknown';

/**
 * The first line is our own name: Podman and CRI-O show the text as it is. go-runc reads versions only from "runc version ", but containerd's shim
 * never asks for them, and a number that looks like runc's would be taken for what runc of that number can do.
 */
export function version(): Outcome {
  return done(`chos-runtime version ${productVersion}\ncommit: ${commit}\nspec: ${OCI_VERSION_MAX}\n`);
}
