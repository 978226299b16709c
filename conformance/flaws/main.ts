/**
 * `make flaws`: takes out each defence of `requirements/defences.ts` in a copy of the sources, one at a time, and sees that the case fails that proves it. A case that holds
 * all the same is no proof.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countsLine } from '../harness/counts.js';
import { type Defence, defences, type Edit } from '../requirements/defences.js';

const top = process.cwd();
const only = new RegExp(process.argv[2] ?? '');
const chosen = defences.filter(({ flaw, fails }) => only.test(flaw) || only.test(fails));

/** A runtime that does not look up inside the root may meet the host: then that of this mount namespace, with a /dev that is a copy. */
const ownMounts = ['--mount', '--propagation', 'private'];
const inOwnDev =
  'mount -t tmpfs dev /mnt && cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/fd /mnt && ' +
  'mkdir /mnt/pts /mnt/shm && mount --bind /dev/pts /mnt/pts && mount --bind /dev/shm /mnt/shm && ' +
  'ln -s pts/ptmx /mnt/ptmx && mount --rbind /mnt /dev && exec "$@"';

function copySources(): string {
  // Callers without rights have to reach what is built there.
  const copy = mkdtempSync(join(tmpdir(), 'chos-flaws-'));
  chmodSync(copy, 0o755);
  const tracked = spawnSync('git', ['ls-files', '-z'], { cwd: top, encoding: 'utf8', maxBuffer: 1 << 26 });
  for (const file of tracked.stdout.split('\0').filter(name => name !== ''))
    cpSync(join(top, file), join(copy, file));
  symlinkSync(join(top, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function build(copy: string): string | null {
  const { status, stdout, stderr } = spawnSync('make', ['-s', 'all'], { cwd: copy, encoding: 'utf8' });
  return status === 0 ? null : `does not build: ${stdout}${stderr}`;
}

/** What the suite says of the case, with the runtime of the copy. */
function verdictOf(copy: string, { fails, as }: Defence): string {
  const suite = join(top, 'build/conformance/suite.mjs');
  const options = [
    '--runtime',
    join(copy, 'build/chos-runtime'),
    '--as',
    as ?? 'root',
    '--only',
    `^${fails}$`,
  ];
  const command = ['-c', inOwnDev, 'flaws', 'node', suite, ...options, '--verbose'];
  const { stderr } = spawnSync('unshare', [...ownMounts, 'sh', ...command], { cwd: top, encoding: 'utf8' });
  const line = stderr.split('\n').find(one => one.includes(`  ${fails}  `));
  return line?.split(`  ${fails}  `)[1] ?? `the suite did not run it: ${stderr}`;
}

function change(copy: string, edits: readonly Edit[]): void {
  for (const { file, from, to } of edits) {
    const path = join(copy, file);
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(from, () => to),
    );
  }
}

function restore(copy: string, edits: readonly Edit[]): void {
  for (const { file } of edits) writeFileSync(join(copy, file), readFileSync(join(top, file)));
}

/** Null: as it should be. */
function complaintOf(copy: string, defence: Defence): string | null {
  change(copy, defence.edits);
  const without = build(copy) ?? verdictOf(copy, defence);
  restore(copy, defence.edits);
  return without.startsWith('FAIL') ? null : `without the defence: ${without}`;
}

const copy = copySources();
let failed = 0;
try {
  const broken = build(copy);
  const whole = chosen.map(defence => broken ?? verdictOf(copy, defence));
  for (const [index, defence] of chosen.entries()) {
    const before = whole[index] ?? '';
    const complaint = before.startsWith('ok') ? complaintOf(copy, defence) : `with the defence: ${before}`;
    if (complaint !== null) failed++;
    const name = `${defence.flaw}: ${defence.words} (${defence.where}) ${defence.fails}`;
    console.log(complaint === null ? `ok    ${name}` : `FAIL  ${name}: ${complaint}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(countsLine({ passed: chosen.length - failed, failed, skipped: 0 }));
process.exitCode = failed === 0 ? 0 : 1;
