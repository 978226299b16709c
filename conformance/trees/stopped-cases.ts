/** Imports and updates that are ended in the middle: by a signal, which takes back what was begun, and by SIGKILL before each call that changes a file. */
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { ociLayout, put, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import { chos, hostMounts, removeRegistry, runtime } from './machine.js';
import { squashfs, whyNoSquashfs } from './squashfs.js';
import { reached, stoppingAt, withStandIns } from './stand-ins.js';

const { cases, test } = caseList('stopped: ');

const store = '/var/lib/chos/trees';
const whole = ['1', '1.json', 'current', 'lock'];
const listed = (name: string): readonly string[] => readdirSync(`${store}/${name}`).sort();
const inRegistry = (name: string): readonly string[] =>
  readdirSync('/etc/chos.d').filter(file => file.includes(name));

function forget(name: string): void {
  removeRegistry(`${name}.json`);
  rmSync(`${store}/${name}`, { recursive: true, force: true });
}

interface End {
  readonly signal: string | null;
  readonly err: string;
}

function begin(...args: readonly string[]) {
  const child = spawn(runtime, ['tree', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', chunk => {
    err += chunk;
  });
  const end = new Promise<End>(resolve => child.on('close', (_, signal) => resolve({ signal, err })));
  return { child, end };
}

const release = (number: number): string =>
  put(
    `stopped-${number}.tar`,
    tarOf([
      { name: 'etc/', type: '5', mode: 0o755 },
      { name: 'etc/release', text: `${number}` },
    ]),
  );

/** Where a command stands still: the program, by its stand-in, and what the line says is done. */
const steps = [
  { program: 'bsdtar', pattern: '*-tvvf*', verb: /read `.*`/ },
  { program: 'bsdtar', pattern: '*-xpPSf*', verb: /unpack `.*`/ },
  { program: 'sync', pattern: '*', verb: /write `.*` to the disk/ },
] as const;

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
  test(`${signal} at any step takes back what was begun, ends who is at work, and is what the command ends by`, async () => {
    const [one, two] = [release(1), release(2)];
    for (const { program, pattern, verb } of steps) {
      // What waits has no input that could end.
      const script = stoppingAt(`/usr/bin/${program}`, pattern).replace('cat >/dev/null', 'sleep 1000');
      await withStandIns({ [program]: script }, async () => {
        const here = reached();
        const { child, end } = begin('import', one, '--name', 'taken');
        await here;
        child.kill(signal);
        const { signal: by, err } = await end;
        assert.equal(by, signal);
        assert.match(err, new RegExp(`^chos-runtime: ${verb.source}: interrupted by ${signal}\\n$`));
        assert.equal(existsSync(`${store}/taken`), false);
        assert.deepEqual(inRegistry('taken'), []);
      });
      good(chos('tree', 'import', one, '--name', 'taken'));
      await withStandIns({ [program]: script }, async () => {
        const here = reached();
        const { child, end } = begin('update', 'taken', two);
        await here;
        child.kill(signal);
        assert.equal((await end).signal, signal);
        assert.deepEqual(listed('taken'), whole);
      });
      good(chos('tree', 'update', 'taken', two));
      forget('taken');
    }
  });

test('a signal takes back what Podman has begun', async () => {
  const script = 'echo much >"$TMPDIR/half"; echo >/mnt/chos-trees-test/reached; exec sleep 1000';
  for (const source of ['podman:image', 'container:box'])
    await withStandIns({ podman: script }, async () => {
      const here = reached();
      const { child, end } = begin('import', source, '--name', 'taken');
      await here;
      assert.deepEqual(listed('taken'), ['lock', 'part']);
      assert.ok(readdirSync(`${store}/taken/part`).includes('half'));
      child.kill('SIGTERM');
      assert.match(
        (await end).err,
        /^chos-runtime: (save the image|export the container) `.*`: interrupted by SIGTERM\n$/,
      );
      assert.equal(existsSync(`${store}/taken`), false);
    });
});

test('a signal takes back an export', async () => {
  good(chos('tree', 'import', release(1), '--name', 'taken'));
  // In the view from which bsdtar reads nothing of the tests is to be seen.
  const script = stoppingAt('/usr/sbin/chroot', '*-cf*').replace('cat >/dev/null', 'sleep 1000');
  await withStandIns({ chroot: script }, async () => {
    const here = reached();
    const { child, end } = begin('export', 'taken', '-o', `${work}/taken.tar`);
    await here;
    child.kill('SIGTERM');
    assert.match((await end).err, /^chos-runtime: export `.*`: interrupted by SIGTERM\n$/);
  });
  assert.deepEqual(
    readdirSync(work).filter(name => name.startsWith('taken')),
    [],
  );
  forget('taken');
});

/** Calls that change what is on the disk, of the TypeScript itself and not of bsdtar, which it waits for. */
const CHANGES = '/^(mkdir|rmdir|rename|link|symlink|unlink|chmod|fchmod|fsync|ftruncate)';
const compiler = `${dirname(runtime)}/chos-runtime.cjs`;

function traced(inject: readonly string[], args: readonly string[]) {
  const log = `${work}/strace`;
  // Without -f: only the thread that changes files.
  const options = ['-o', log, '-e', `trace=${CHANGES}`, ...inject];
  const ran = spawnSync('strace', [...options, 'node', compiler, 'tree', ...args], { encoding: 'utf8' });
  const calls = textOf(log)
    .split('\n')
    .flatMap(line => /^(\w+)\(/.exec(line)?.[1] ?? []);
  return { ran, calls };
}

/**
 * The command, killed before each of its calls in turn. `least`: how many these are at least, so that it is not few because a name is missing above. strace(1)
 * counts the calls of each name by themselves.
 */
function atEachCall(
  least: number,
  args: readonly string[],
  before: () => void,
  after: (where: string) => void,
): void {
  before();
  const { ran, calls } = traced([], args);
  assert.equal(ran.status, 0, ran.stderr);
  assert.ok(calls.length >= least, calls.join(' '));
  calls.forEach((call, i) => {
    const nth = calls.slice(0, i + 1).filter(one => one === call).length;
    before();
    const killed = traced(['-e', `inject=${call}:signal=SIGKILL:when=${nth}`], args);
    const where = `killed before call ${i + 1} of ${calls.length}, the ${call} with number ${nth}`;
    assert.equal(killed.ran.signal, 'SIGKILL', where);
    after(where);
  });
}

/** Whole, or not there: what is listed can be used, and has the digest that is written down. */
function checkListed(name: string, where: string): boolean {
  const trees = JSON.parse(good(chos('tree', 'list', '-f', 'json'))) as readonly { readonly name: string }[];
  if (!trees.some(tree => tree.name === name)) return false;
  const version = readlinkSync(`${store}/${name}/current`);
  const record = JSON.parse(textOf(`${store}/${name}/${version}.json`)) as { readonly digest: string };
  assert.equal(good(chos('tree', 'digest', name)), `${record.digest}\n`, where);
  return true;
}

/** The import of a source, whose version is made of these files. */
function killImports(source: string, made: readonly string[]): void {
  // The store itself is made once.
  good(chos('tree', 'import', source, '--name', 'killed'));
  good(chos('tree', 'remove', 'killed'));
  let turn = 0;
  const clear = (): void => {
    if (existsSync('/etc/chos.d/killed.json')) good(chos('tree', 'remove', 'killed'));
  };
  atEachCall(15, ['import', source, '--name', 'killed'], clear, where => {
    if (checkListed('killed', where)) return;
    if (turn++ % 2 === 0) {
      good(chos('tree', 'gc'));
      assert.equal(existsSync(`${store}/killed`), false, where);
      assert.equal(
        hostMounts().some(line => line.includes(`${store}/killed/`)),
        false,
        where,
      );
    } else {
      good(chos('tree', 'import', source, '--name', 'killed'));
      assert.deepEqual(listed('killed'), made, where);
    }
    assert.deepEqual(
      inRegistry('killed').filter(file => file !== 'killed.json'),
      [],
      where,
    );
  });
  clear();
}

test('killed before any change of a file, an import is not listed or whole; gc and the next import leave nothing of it', () => {
  if (spawnSync('strace', ['-V']).status !== 0) return 'no strace';
  const layers = [tarOf([{ name: 'etc/a', text: 'a' }]), tarOf([{ name: 'etc/b', text: 'b' }])];
  killImports(ociLayout('killed-layout', { layers }), whole);
  return undefined;
});

test('the same with one that is mounted', () => {
  const why = spawnSync('strace', ['-V']).status === 0 ? whyNoSquashfs() : 'no strace';
  if (why !== undefined) return why;
  const image = squashfs({ inside: { etc: { inside: { a: { content: 'a' } } } } });
  killImports(put('killed.squashfs', image), ['1', '1.json', '1.squashfs', 'current', 'lock']);
  return undefined;
});

test('killed before any change of a file, an update leaves the version before or the next one; a removal can be finished', () => {
  if (spawnSync('strace', ['-V']).status !== 0) return 'no strace';
  const [one, two] = [release(1), release(2)];
  const anew = (): void => {
    forget('killed');
    good(chos('tree', 'import', one, '--name', 'killed'));
  };
  atEachCall(15, ['update', 'killed', two], anew, where => {
    assert.ok(checkListed('killed', where), where);
    good(chos('tree', 'gc', 'killed'));
    const after =
      readlinkSync(`${store}/killed/current`) === '1'
        ? whole
        : ['1', '1.json', '2', '2.json', 'current', 'lock'];
    assert.deepEqual(listed('killed'), after, where);
  });
  atEachCall(4, ['remove', 'killed'], anew, where => {
    if (checkListed('killed', where)) good(chos('tree', 'remove', 'killed'));
    good(chos('tree', 'gc'));
    assert.equal(existsSync(`${store}/killed`), false, where);
  });
  forget('killed');
  return undefined;
});

export { cases as stoppedCases };
