/** `tree create`: recipes, carried out by stand-ins for mmdebstrap and dnf, which make what they are told in a file. */
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { put, tarOf, textOf, work } from './archives.js';
import { caseList, good } from './case.js';
import { base, chos, removeRegistry, runtime } from './machine.js';
import { reached, withStandIns } from './stand-ins.js';

const { cases, test } = caseList('recipes: ');

const store = '/var/lib/chos/trees';
const site = '/etc/chos-recipes.d';
const told = `${base}/told`;

function forget(...names: readonly string[]): void {
  for (const name of names) {
    removeRegistry(`${name}.json`);
    rmSync(`${store}/${name}`, { recursive: true, force: true });
  }
}

function writeRecipe(name: string, recipe: unknown): void {
  mkdirSync(site, { recursive: true });
  writeFileSync(
    `${site}/${name}.json`,
    typeof recipe === 'string' ? recipe : JSON.stringify(recipe, null, 1),
  );
  chmodSync(`${site}/${name}.json`, 0o644);
}

const made = (): string =>
  put(
    'made.tar',
    tarOf([
      { name: 'etc/', type: '5', mode: 0o755 },
      { name: 'etc/release', text: 'made' },
    ]),
  );

/** Writes its arguments down, then the tar to where mmdebstrap is told: behind the suite. */
const mmdebstrap = `printf '%s\\n' "$@" >${told}
echo "$TMPDIR" >${told}.tmp; cat /proc/self/mountinfo >${told}.mounts; echo $$ >${told}.pid
while [ "$1" != -- ]; do shift; done
cp ${work}/made.tar "$3"`;

const dnf = `printf '%s\\n' "$@" >${told}
for one; do case $one in --installroot=*) root=\${one#*=};; --config=*) cat "\${one#*=}" >${told}.conf;; esac; done
mkdir -p $root/etc $root/var/cache/dnf; echo made >$root/etc/release; echo much >$root/var/cache/dnf/x
echo lost >$root/dev/null`;

const lines = (path: string): readonly string[] => textOf(path).trim().split('\n');
const asked = (): readonly string[] => lines(told);

test('a recipe of the program makes a registered tree, by its own name or another', async () => {
  made();
  await withStandIns({ mmdebstrap }, () => {
    good(chos('tree', 'create', 'debian13'));
    assert.equal(textOf(`${store}/debian13/1/etc/release`), 'made');
    assert.deepEqual(asked().slice(asked().indexOf('--') + 1), [
      'trixie',
      `${store}/debian13/part/made.tar`,
      'deb http://deb.debian.org/debian trixie main',
      'deb http://deb.debian.org/debian trixie-updates main',
      'deb http://deb.debian.org/debian-security trixie-security main',
    ]);
    assert.equal(textOf(`${told}.tmp`), `${store}/debian13/part/tmp\n`);
    // Processes and mounts of its own: what it leaves of either ends with it.
    assert.equal(textOf(`${told}.pid`), '1\n');
    const record = JSON.parse(
      good(
        chos(
          'tree',
          'create',
          'debian12',
          '--name',
          'mine',
          '--json',
          '--package',
          'gcc',
          '--package',
          'make',
          '--mirror',
          'http://mirror/debian',
        ),
      ),
    );
    assert.equal(record.source, 'recipe:debian12');
    assert.deepEqual(record.recipe.packages, ['gcc', 'make']);
    assert.deepEqual(
      record.recipe.repositories.map(({ url }: { readonly url: string }) => url),
      ['http://mirror/debian', 'http://mirror/debian', 'http://deb.debian.org/debian-security'],
    );
    assert.ok(asked().includes('--include=gcc') && asked().includes('--include=make'));
    assert.ok(asked().includes('deb http://mirror/debian bookworm main'));
    assert.equal(`${record.digest}\n`, good(chos('tree', 'digest', 'mine')));
    // The next version, by the same recipe.
    assert.match(good(chos('tree', 'update', 'mine', 'recipe:debian12')), /mine is updated: version 2/);
    assert.deepEqual(readdirSync(`${store}/mine`).sort(), ['1', '1.json', '2', '2.json', 'current', 'lock']);
  });
  forget('debian13', 'mine');
});

test('dnf installs into a directory of its own, with a configuration that names nothing of the host', async () => {
  await withStandIns({ dnf }, () => {
    good(chos('tree', 'create', 'alma9', '--package', 'gcc'));
    assert.equal(textOf(`${store}/alma9/1/etc/release`), 'made\n');
    // Neither what it has fetched, nor a file in the place of a device.
    assert.deepEqual(readdirSync(`${store}/alma9/1/var/cache`), []);
    assert.deepEqual(readdirSync(`${store}/alma9/1/dev`), []);
    assert.deepEqual(asked().slice(-2), ['glibc-minimal-langpack', 'gcc']);
    assert.match(textOf(`${told}.conf`), /^reposdir=.*\/part\/nothing$/m);
    assert.match(
      textOf(`${told}.conf`),
      /^baseurl=https:\/\/repo\.almalinux\.org\/almalinux\/\$releasever\/BaseOS/m,
    );
  });
  forget('alma9');
});

test('a recipe of the site comes before one of the program', async () => {
  made();
  writeRecipe('debian13', {
    program: 'mmdebstrap',
    variant: 'apt',
    repositories: [{ url: 'http://site/debian', suite: 'trixie', key: '/etc/site.gpg' }],
    proxy: 'http://proxy:3128',
  });
  await withStandIns({ mmdebstrap }, () => {
    good(chos('tree', 'create', 'debian13'));
    assert.ok(asked().includes('deb [signed-by=/etc/site.gpg] http://site/debian trixie main'));
    assert.ok(asked().includes('--variant=apt'));
    assert.ok(asked().includes('--aptopt=Acquire::http::Proxy "http://proxy:3128"'));
  });
  forget('debian13');
  rmSync(site, { recursive: true });
});

/** One line, nothing in the store, nothing in the registry. */
function refused(words: RegExp, recipe: string, ...options: readonly string[]): void {
  const ran = chos('tree', 'create', recipe, '--name', 'refused', ...options);
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /^chos-runtime: [^\n]+\n$/);
  assert.match(ran.stderr, words);
  assert.equal(existsSync(`${store}/refused`), false);
  assert.equal(existsSync('/etc/chos.d/refused.json'), false);
}

test('what cannot be carried out is refused in one line, before anything runs', async () => {
  made();
  const never = `echo ran >${told}.never`;
  await withStandIns({ mmdebstrap: never, dnf: never }, () => {
    refused(/there is no recipe `debiann13`, .*; did you mean `debian13`\?/, 'debiann13');
    refused(/there is no recipe `\.\.\/debian13`/, '../debian13');
    refused(/--mirror.* takes an address/, 'debian13', '--mirror', 'here');
    refused(/--mirror.* takes an address/, 'debian13', '--mirror', 'http://a\ndeb http://b');
    refused(/--package.* takes the name of a package/, 'debian13', '--package', '--setup-hook=x');
    writeRecipe('own', '{ "program": "mmdebstrap", "repositories": [], "mirror": 1 }');
    refused(/chos-recipes\.d\/own\.json:1:\d+: .*mirror/, 'own');
    writeRecipe('own', { program: 'mmdebstrap', repositories: [{ url: 'http://a', suite: 'b\nc' }] });
    refused(/own\.json:\d+:\d+: repositories\[0\]\.suite must be a suite/, 'own');
    chmodSync(`${site}/own.json`, 0o666);
    refused(/own\.json`: others than its owner can write to it/, 'own');
    chmodSync(site, 0o777);
    // Whoever could write there could put one before those of the program.
    refused(/chos-recipes\.d`: others than its owner can write to it/, 'debian13');
    rmSync(site, { recursive: true });
    assert.match(
      chos('tree', 'import', `${work}/made.tar`, '--name', 'refused', '--mirror', 'http://a').stderr,
      /--mirror and --package are for recipe:NAME/,
    );
    assert.match(chos('tree', 'create').stderr, /RECIPE/);
  });
  assert.equal(existsSync(`${told}.never`), false);
});

test('a program that is missing, fails, or makes what is no tree', async () => {
  if (!existsSync('/usr/bin/dnf')) refused(/run `dnf`: it is not installed; apt-get install dnf/, 'alma9');
  await withStandIns(
    {
      mmdebstrap:
        "echo 'W: a warning' >&2; echo 'E: cannot reach http://deb.debian.org' >&2; echo later >&2; exit 1",
    },
    () => refused(/make a tree by the recipe `debian13`: mmdebstrap: cannot reach http/, 'debian13'),
  );
  put('made.tar', tarOf([{ name: 'etc/../../x' }]));
  await withStandIns({ mmdebstrap }, () => refused(/leads out of the tree/, 'debian13'));
  await withStandIns({ mmdebstrap: 'exit 0' }, () => refused(/made\.tar`: No such file/, 'debian13'));
});

test('the real mmdebstrap understands what it is told, and its failure is one line', () => {
  if (!existsSync('/usr/bin/mmdebstrap')) return 'no mmdebstrap';
  const repository = { url: 'file:/nonexistent', suite: 'trixie', key: '/etc/none.gpg' };
  writeRecipe('nowhere', {
    program: 'mmdebstrap',
    variant: 'apt',
    repositories: [repository, { ...repository, suite: 'trixie-updates', components: ['main', 'contrib'] }],
    packages: ['gcc', 'make'],
    proxy: 'http://localhost:1',
  });
  refused(
    /make a tree by the recipe `nowhere`: mmdebstrap: The repository 'file:\/nonexistent trixie Release' does not have/,
    'nowhere',
  );
  rmSync(site, { recursive: true });
  return undefined;
});

/** Whether a process with that word among its arguments is there. */
const isRunning = (word: string): boolean =>
  readdirSync('/proc').some(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word);
    } catch {
      return false;
    }
  });

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  test(`${signal} ends the program with all that it has started and mounted`, async () => {
    // It has left its own session, ignores what can be ignored, and has mounted something in its way.
    const script = `trap '' TERM HUP INT; mount -t tmpfs none ${base}/scratch; setsid sleep 12345 & echo >${base}/reached; sleep 12345`;
    await withStandIns({ mmdebstrap: script }, async () => {
      const here = reached();
      const child = spawn(runtime, ['tree', 'create', 'debian13', '--name', 'ended'], { stdio: 'ignore' });
      const end = new Promise(resolve => child.on('close', (_, by) => resolve(by)));
      await here;
      child.kill(signal);
      assert.equal(await end, signal);
      while (isRunning('12345')) await new Promise(setImmediate);
      assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), /chos-trees-test\/scratch /);
      if (signal === 'SIGTERM') assert.equal(existsSync(`${store}/ended`), false);
      good(chos('tree', 'gc'));
      assert.equal(existsSync(`${store}/ended`), false);
    });
  });

export { cases as recipeCases };
