/** Whether a launch may stay in the view that all share, where nothing may ever be mounted or unmounted (design.md section 5, "Rules of pinned", 4). */
import type { Verdict } from './elision.js';
import type { Launch } from './launch.js';

/** Why the launch needs a mount namespace of its own; null if it needs none. */
export function whyOwnCopy(launch: Launch, verdicts: readonly Verdict[]): string | null {
  const { config, process } = launch;
  if (launch.namespaces.has('mount')) return 'config.json asks for a mount namespace';
  const left = verdicts.findIndex(verdict => verdict.kind === 'mounted');
  if (left >= 0) return `mounts[${left}] remains`;
  if ((config.linux?.maskedPaths ?? []).length > 0) return 'paths are masked';
  if ((config.linux?.readonlyPaths ?? []).length > 0) return 'paths are read-only';
  if ((config.linux?.devices ?? []).length > 0) return 'devices are asked for';
  if (config.root.readonly === true) return 'the root is read-only';
  const { bounding = [], permitted = [], effective = [] } = process.capabilities ?? {};
  if ([...bounding, ...permitted, ...effective].some(name => name.toUpperCase() === 'CAP_SYS_ADMIN'))
    return 'CAP_SYS_ADMIN could unmount what others see';
  return null;
}
