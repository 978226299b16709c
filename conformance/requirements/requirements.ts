/**
 * What the runtime specification (1.3) asks of a runtime on Linux, a row for each sentence with MUST or SHOULD, with the cases that prove it. The one source of
 * docs/conformance.md; in the order of the pages.
 */
import { ofConfig } from './config.js';
import { ofLinux } from './config-linux.js';
import { ofFeatures } from './features.js';
import type { Requirement } from './requirement.js';
import { ofRuntime } from './runtime.js';

export const requirements: readonly Requirement[] = [...ofRuntime, ...ofConfig, ...ofLinux, ...ofFeatures];
