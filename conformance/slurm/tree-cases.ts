/** Jobs in trees: `--chos` of the plugin (docs/slurm.md). By generations; by the kernel's link: conformance/vm/cases/kmod-slurm.ts. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { PartCase } from '../harness/part.js';
import type { Finished } from '../harness/processes.js';
import type { Slurm, User } from './slurm.js';
import { prepare } from './trees.js';

const where = 'cat /etc/os-release; echo $CHOS $SITE';

const srun = ({ call }: User, ...words: readonly string[]): Promise<Finished> => call('srun', ...words);

/** Submits one that waits, lets something happen, and gives its output when it has ended. */
async function held(
  { dir, users: { alice } }: Slurm,
  job: string,
  tree: string,
  meanwhile: () => void | Promise<void>,
): Promise<{ readonly output: string; readonly code: number }> {
  const script = join(dir, 'alice/tree.sh');
  const out = join(dir, 'alice/tree.out');
  rmSync(out, { force: true });
  writeFileSync(script, `#!/bin/sh\n${where}\n`, { mode: 0o755 });
  const words = ['--wait', '--parsable', '--hold', '-J', job, '-D', dir, `--chos=${tree}`, '-o', out, script];
  const submitted = alice.begin('sbatch', ...words);
  await submitted.printed('\n');
  await meanwhile();
  assert.is((await alice.call('scontrol', 'release', `jobname=${job}`)).code, 0);
  const { code } = await submitted.done;
  return { output: readFileSync(out, 'utf8'), code };
}

const published = (generation: string): string => `/run/chos-trees.public/${generation}`;

/** What a machine would name that has made this generation too, of a tree with that digest. */
function seeAsOther(generation: string, digest?: string): void {
  const path = published(generation);
  const [, own = ''] = readFileSync(path, 'utf8').trim().split(' ');
  writeFileSync(path, `${['00000000-0000-4000-8000-000000000000', digest ?? own].join(' ').trim()}\n`);
}

const drives: Readonly<Record<string, (slurm: Slurm) => Promise<void>>> = {
  'a step: the user, the environment, the exit code, chos inside': async ({ dir, users: { alice } }) => {
    const script = `${where}; id -u; ${dir}/chos --which; ${dir}/chos alma9 echo again; exit 3`;
    const { code, stdout, stderr } = await srun(
      alice,
      '--export=NONE',
      '--chos=alma9',
      '/bin/sh',
      '-c',
      script,
    );
    assert.equal([code, stderr.includes('exit code 3')], [3, true], stderr);
    assert.match(stdout, /^ID=alma9\n(alma9@\d+) alma9\n1000\n\1 \(this login\)\nagain\n$/);
  },
  'two nodes, two tasks on each; variables of the job': async ({ users: { alice } }) => {
    const given = 'GONE_1=x,BEFORE=1,GONE_2=x,CHANGED=job,BEHIND=2';
    const script = `${where}; echo "$BEFORE $CHANGED $BEHIND \${GONE_1-} \${GONE_2-}"`;
    const words = ['-N2', '-n4', `--export=ALL,${given}`, '--chos=debian12', '/bin/sh', '-c', script];
    const { code, stdout, stderr } = await srun(alice, ...words);
    assert.equal([code, stdout.match(/^ID=debian12$/gm)?.length], [0, 4], stderr);
    assert.equal(stdout.match(/^1 tree 2 {2}$/gm)?.length, 4, stdout);
  },
  'steps of an allocation; one on the host, one in another tree': async ({ users: { alice } }) => {
    const step = (option: string) => `srun ${option} /bin/sh -c '${where}' && `;
    const script = `${step('')} ${step('--chos=debian12')} srun --chos=/ /bin/sh -c 'test ! -e /etc/slurm-none && echo host $SITE'`;
    const { code, stdout, stderr } = await alice.call('salloc', '-Q', '--chos=alma9', 'sh', '-c', script);
    assert.is(code, 0, stderr);
    assert.match(stdout, /^ID=alma9\nalma9@\d+ alma9\nID=debian12\ndebian12@\d+ debian12\nhost\n$/);
  },
  'an allocation of two parts, and steps of it at once': async ({ users: { alice } }) => {
    const told = (word: string) => `/bin/sh -c 'read word rest </etc/os-release; echo ${word} $word $CHOS'`;
    const script = [
      `srun --het-group=0,1 ${told('job')}`,
      `srun --het-group=1 --chos=debian12 ${told('other')} & srun --het-group=0 ${told('first')} & wait`,
      `srun ${told('both')} : ${told('both')}`,
      `srun --het-group=0 --chos=/ /bin/sh -c 'test -e /etc/passwd && echo host'`,
    ].join('; ');
    const parts = ['--chos=alma9', '-n1', ':', '-n2'];
    const { code, stdout, stderr } = await alice.call('salloc', '-Q', ...parts, 'sh', '-c', script);
    assert.is(code, 0, stderr);
    const tasks = (count: number, line: string) => Array(count).fill(line);
    assert.equal(
      stdout.replace(/@\d+/g, '@N').trim().split('\n').sort(),
      [
        ...tasks(3, 'both ID=alma9 alma9@N'),
        ...tasks(1, 'first ID=alma9 alma9@N'),
        ...tasks(1, 'host'),
        ...tasks(3, 'job ID=alma9 alma9@N'),
        ...tasks(2, 'other ID=debian12 debian12@N'),
      ],
      stderr,
    );
  },
  'names that are wrong: one line': async ({ users: { alice } }) => {
    for (const [name, line] of [
      ['alma', /error: chos: there is no tree "alma".*alma9/],
      ['alma9@999', /error: chos: there is no generation alma9@999 on this machine/],
      ['alma9@01', /error: chos: there is no generation alma9@01 on this machine/],
    ] as const) {
      const { code, stdout, stderr } = await srun(alice, `--chos=${name}`, '/bin/true');
      assert.is.not(code, 0);
      assert.match(stderr, line);
      assert.equal([stdout, stderr.match(/chos:/g)?.length], ['', 1], stderr);
    }
    const { code, stderr } = await srun(alice, '--chos=', '/bin/true');
    assert.is.not(code, 0);
    assert.match(stderr, /--chos=NAME wants the name of a tree/);
    const parts = ['--chos=alma9', '/bin/true', ':', '--chos=debian12', '/bin/true'];
    const several = await srun(alice, ...parts);
    assert.is.not(several.code, 0);
    assert.match(several.stderr, /chos: Slurm has one --chos for all parts .* alma9 and debian12\n/);
  },
  'a batch job has the generation of its submission, and a line when that is gone': async slurm => {
    const { alice } = slurm.users;
    const holder = alice.begin(
      'srun',
      '-J',
      'holder',
      '--chos=alma9',
      '/bin/sh',
      '-c',
      'echo $CHOS; exec sleep 100',
    );
    await holder.printed('\n');
    const before = await held(slurm, 'early', 'alma9', () => prepare(slurm.runtime, 'alma9'));
    assert.equal([before.code, /^ID=alma9\nalma9@1 /.test(before.output)], [0, true], before.output);
    assert.is((await alice.call('scancel', '-n', 'holder')).code, 0);
    await holder.done;
    const gone = await held(slurm, 'late', 'alma9', () => prepare(slurm.runtime, 'alma9'));
    assert.is.not(gone.code, 0);
    assert.match(gone.output, /error: chos: there is no generation alma9@2 \(any more\)/);
  },
  'a tree that demands pinned': async ({ users: { alice } }) => {
    const { code, stdout, stderr } = await srun(alice, '--chos=strict', '/bin/sh', '-c', where);
    assert.equal([code, /^ID=strict\nstrict@1 strict\n$/.test(stdout)], [0, true], stdout + stderr);
  },
  'submitted on another machine: by the digest of the tree': async slurm => {
    assert.match(readFileSync(published('rocky9@1'), 'utf8'), /^[0-9a-f-]{36} sha256:[0-9a-f]{64}\n$/);
    seeAsOther('rocky9@1');
    const same = await held(slurm, 'same', 'rocky9', () => prepare(slurm.runtime, 'rocky9'));
    assert.equal([same.code, /^ID=alma9\nrocky9@2\b/.test(same.output)], [0, true], same.output);
    assert.equal(existsSync(published('rocky9@1')), false);
    seeAsOther('rocky9@2', `sha256:${'0'.repeat(64)}`);
    const { code, stdout, stderr } = await srun(slurm.users.alice, '--chos=rocky9', '/bin/true');
    assert.is.not(code, 0);
    assert.match(
      stderr,
      /chos: there is no generation of rocky9 with the digest sha256:0{64}, .*root .* tree prepare rocky9/,
    );
    assert.equal([stdout, stderr.match(/chos:/g)?.length], ['', 1], stderr);
  },
  'submitted on another machine, no digest known: the newest, or a line': async ({
    users: { alice },
    plugBy,
  }) => {
    seeAsOther('strict@1');
    const newest = await srun(alice, '--chos=strict', '/bin/sh', '-c', where);
    assert.equal([newest.code, newest.stdout], [0, 'ID=strict\nstrict strict\n'], newest.stderr);
    for (const [words, name] of [
      ['', 'strict@1'],
      ['pin=require', 'strict'],
    ] as const) {
      plugBy(words);
      const { code, stdout, stderr } = await srun(alice, `--chos=${name}`, '/bin/true');
      plugBy('');
      assert.equal([code === 0, stdout], [false, '']);
      assert.match(stderr, /chos: generation strict@1 is one of another machine or boot/);
    }
    plugBy('pin=no');
    const own = await srun(alice, '--chos=strict@1', '/bin/sh', '-c', where);
    plugBy('');
    assert.equal([own.code, own.stdout], [0, 'ID=strict\nstrict@1 strict\n'], own.stderr);
  },
  'a batch job in a tree that does not see its script': async ({ dir, users: { alice } }) => {
    const out = join(dir, 'alice/unseen.out');
    const words = ['--wait', '--parsable', '--chos=debian12', '-o', out, '--wrap', 'true'];
    assert.is.not((await alice.call('sbatch', ...words)).code, 0);
    assert.match(readFileSync(out, 'utf8'), /chos: the script .*slurm_script is not seen in debian12: /);
  },
};

export const treeCases: readonly PartCase<Slurm>[] = Object.entries(drives).map(([name, drive]) => ({
  name: `chos: ${name}`,
  drive,
}));
