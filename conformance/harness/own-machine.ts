/** Parts that are process 1 of a machine of their own, run their cases one after the other, and count. */
import { spawnSync } from 'node:child_process';
import { type Counts, countsLine } from './counts.js';

export interface Tally {
  /** A case that went well, or was left out and why. */
  passed(name: string, skipped?: string): void;
  failed(name: string, why: unknown): void;
  /** None has gone well so far. */
  isEmpty(): boolean;
}

/**
 * The program again, as process 1 of new namespaces, where `body` runs; with its end all that was started there ends. `body` is not run without root: then
 * that many cases are skipped.
 */
export async function onOwnMachine(
  unshare: readonly string[],
  count: number,
  body: (tally: Tally) => Promise<void> | void,
): Promise<void> {
  if (process.geteuid?.() !== 0) {
    console.log(`not root: nothing can be tested\n${countsLine({ passed: 0, failed: 0, skipped: count })}`);
    return;
  }
  if (process.pid !== 1) {
    const own = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...unshare];
    const again = [process.execPath, process.argv[1] ?? ''];
    const { status } = spawnSync('unshare', [...own, ...again], { stdio: 'inherit' });
    process.exit(status ?? 1);
  }
  const counts: { -readonly [K in keyof Counts]: number } = { passed: 0, failed: 0, skipped: 0 };
  await body({
    passed(name, skipped) {
      counts[skipped === undefined ? 'passed' : 'skipped']++;
      console.log(skipped === undefined ? `ok    ${name}` : `skip  ${name}: ${skipped}`);
    },
    failed(name, why) {
      counts.failed++;
      console.log(
        `FAIL  ${name}\n      ${why instanceof Error ? why.message.replace(/\n/g, '\n      ') : why}`,
      );
    },
    isEmpty: () => counts.passed === 0,
  });
  console.log(countsLine(counts));
  process.exit(counts.failed > 0 ? 1 : 0);
}
