/** What a command that was killed has left and the next one takes up: what a recipe has made, and a tree that is unpacked. */
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync } from 'node:fs';
import { gzip, ociLayout, put, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import { base1, forget, over, store } from './imports.js';
import { base, chos, runtime } from './machine.js';
import { reached, withStandIns } from './stand-ins.js';

const { cases, test } = caseList('taken up: ');

const whole = ['1', '1.json', 'current', 'lock'];
const part = `${store}/left/part`;

/** A program that stands still where its arguments are like that: it has the lock as long as it lives. */
const still = (program: string, pattern = '*'): string =>
  `case "$*" in ${pattern}) echo $$ >${base}/still; echo >${base}/reached; exec sleep 1000;; esac; exec /usr/bin/${program} "$@"`;
/** One that must not be started like that. */
const never = (program: string, pattern = '*'): string =>
  `case "$*" in ${pattern}) echo not again >&2; exit 1;; esac; exec /usr/bin/${program} "$@"`;

/** The command, killed by SIGKILL where one of these programs stands still. */
async function killed(programs: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<void> {
  await withStandIns(programs, async () => {
    const here = reached();
    const child = spawn(runtime, ['tree', ...args], { stdio: 'ignore' });
    const end = new Promise(resolve => child.on('close', resolve));
    await here;
    child.kill('SIGKILL');
    await end;
    process.kill(Number(textOf(`${base}/still`)), 'SIGKILL');
  });
}

/** The lock is free a moment after who had it was killed. */
async function after(programs: Readonly<Record<string, string>>, ...args: readonly string[]) {
  let ran = chos('tree', 'list');
  await withStandIns(programs, () => {
    const until = Date.now() + 10_000;
    do ran = chos('tree', ...args);
    while (/is at work on/.test(ran.stderr) && Date.now() < until);
  });
  return ran;
}

const unpacking = '*-xpPSf*';

test('a tree that is unpacked is not unpacked again, if its last layer was laid', async () => {
  const layers = [gzip(base1), gzip(over)];
  const layout = ociLayout('left', { layers });
  const names = ['import', layout, '--name', 'left'];
  good(chos('tree', ...names));
  const digest = good(chos('tree', 'digest', 'left'));
  good(chos('tree', 'remove', 'left'));
  await killed({ sync: still('sync') }, ...names);
  assert.deepEqual(readdirSync(part).sort(), ['tree', 'unpacked.json']);
  const ran = await after({ bsdtar: never('bsdtar', unpacking) }, ...names);
  assert.match(good(ran), /taking up what is unpacked/);
  assert.equal(good(chos('tree', 'digest', 'left')), digest);
  assert.deepEqual(readdirSync(`${store}/left`).sort(), whole);
  forget('left');
  // A layer that is half there.
  await killed({ bsdtar: still('bsdtar', unpacking) }, ...names);
  assert.match((await after({ bsdtar: never('bsdtar', unpacking) }, ...names)).stderr, /not again/);
  good(chos('tree', ...names));
  // What is compared with the version before is changed meanwhile.
  await killed({ sync: still('sync') }, 'update', 'left', layout);
  const update = await after({ bsdtar: never('bsdtar', unpacking) }, 'update', 'left', layout);
  assert.match(update.stderr, /not again/);
  good(chos('tree', 'update', 'left', layout));
  assert.equal(good(chos('tree', 'digest', 'left')), digest);
  forget('left');
});

test('what a recipe has made is not made again, if it has its digest', async () => {
  put('made.tar', tarOf([{ name: 'etc/release', text: 'made' }]));
  const make = `while [ "$1" != -- ]; do shift; done; cp ${work}/made.tar "$3"`;
  const names = ['create', 'debian13', '--name', 'left'];
  const half = async (): Promise<void> => {
    await killed({ mmdebstrap: make, bsdtar: still('bsdtar', unpacking) }, ...names);
    assert.deepEqual(
      readdirSync(part).filter(name => name.startsWith('made')),
      ['made.json', 'made.tar'],
    );
  };
  const again = 'echo E: not again >&2; exit 1';
  await half();
  assert.match(good(await after({ mmdebstrap: again }, ...names)), /taking up what mmdebstrap has made/);
  assert.deepEqual(readdirSync(`${store}/left`).sort(), whole);
  forget('left');
  await half();
  appendFileSync(`${part}/made.tar`, 'x');
  assert.match((await after({ mmdebstrap: again }, ...names)).stderr, /mmdebstrap: not again/);
  assert.equal(existsSync(`${store}/left`), false);
});

export { cases as takeUpCases };
