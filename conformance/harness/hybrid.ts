import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const hybrid = '/sys/fs/cgroup/unified';

/**
 * crun 1.8 refuses to run on a hybrid host. What it takes for a v1 hierarchy then must not be the directory below the mount, which belongs to the host and
 * would keep what crun makes there. The mount namespace must be our own.
 */
export function hideHybrid(): void {
  if (!existsSync(hybrid)) return;
  execFileSync('umount', [hybrid]);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', hybrid]);
}
