/** The packages as files: what is in them, and what Debian's own checker says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

export const DIRECTORY = 'build/deb';

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} ended with ${status}:\n${stdout.slice(-3000)}${stderr.slice(-3000)}`,
    );
  return stdout;
}

export const build = (): void => void run('make', '--no-print-directory', 'deb');

export function debs(): readonly string[] {
  return readdirSync(DIRECTORY).filter(name => name.endsWith('.deb'));
}

const version = (): string => JSON.parse(readFileSync('package.json', 'utf8')).version;

/** Nobody has a list to which one could write; the rest is in .debian/*.lintian-overrides. */
const suppressed = 'bogus-mail-host,bogus-mail-host-in-debian-changelog';

export function lintian(): void {
  const [changes] = readdirSync(DIRECTORY).filter(name => name.endsWith('.changes'));
  run(
    'lintian',
    '--allow-root',
    '--fail-on',
    'error,warning',
    '--suppress-tags',
    suppressed,
    join(DIRECTORY, changes ?? ''),
  );
}

/** What is appended to its executable is said to be appended to that of this version. */
export function namesBun(): void {
  const { bun } = JSON.parse(readFileSync('package.json', 'utf8')).devDependencies;
  for (const file of ['.debian/copyright', 'docs/install.md'])
    assert.match(
      readFileSync(file, 'utf8'),
      file.endsWith('.md') ? `locks: ${bun},` : `is Bun ${bun} as npm`,
    );
}

/** Files below a directory, with the digest of each; links, with where they lead. */
function contents(directory: string): ReadonlyMap<string, string> {
  const lines = (script: string): readonly string[] =>
    execFileSync('bash', ['-c', script], { cwd: directory, encoding: 'utf8' }).trim().split('\n');
  return new Map([
    ...lines('find . -type f -print0 | sort -z | xargs -0r sha256sum').map((line): [string, string] => [
      line.slice(68),
      line.slice(0, 64),
    ]),
    ...lines("find . -type l -printf '%P\\t%l\\n'")
      .filter(line => line !== '')
      .map((line): [string, string] => [line.split('\t')[0] ?? '', line.split('\t')[1] ?? '']),
  ]);
}

/** What Debian's tools add or change: their own documentation, compressed pages, and links to be. */
const debians = /^usr\/share\/(doc|lintian|pam-configs)\//;
/** Of the other libc. */
const notPacked = /^usr\/lib\/chos-runtime\/node_modules\/@koromix\/[^/]+\/musl_/;

/** Debian makes a link of a page that is another's name, and names what it has compressed. */
const unpackedPages = `cd "$1" && find . -type f -name '*.gz' -exec gunzip {} + &&
  find . -type l -name '*.gz' | while read -r link; do
    to=$(readlink "$link") && echo ".so $(basename "\${link%/*}")/\${to%.gz}" >"\${link%.gz}" && rm "$link" || exit
  done`;

/** Bun's translation of the same code is not the same each time: what it was given is compared. */
const translated = 'usr/lib/chos-runtime/chos-compiler';

/** Each package has what `make install` and `make kmod-install` install from here, byte for byte. */
export function sameAsInstalled(): void {
  const place = mkdtempSync(join(tmpdir(), 'chos-packages-'));
  try {
    const [packed, installed] = [join(place, 'packed'), join(place, 'installed')];
    for (const deb of debs()) run('dpkg-deb', '--extract', join(DIRECTORY, deb), packed);
    run('bash', '-c', unpackedPages, 'bash', join(packed, 'usr/share/man'));
    run(
      'make',
      '-s',
      'install',
      'kmod-install',
      // The plugin for Slurm belongs to one release of it, and is in no package.
      ...['SPANK_PLUGIN=', 'PREFIX=/usr', 'JAVASCRIPT=bun', `DESTDIR=${installed}`],
    );
    const has = contents(packed);
    const wants = contents(installed);
    for (const [file, digest] of wants)
      if (file === translated) assert.ok(has.has(file), file);
      else if (!notPacked.test(file)) assert.is(has.get(file), digest, file);
    for (const name of readdirSync('build/bun').filter(one => one.endsWith('.cjs')))
      assert.ok(
        readFileSync(`build/bun/${name}`).equals(readFileSync(`${DIRECTORY}/package/build/bun/${name}`)),
        name,
      );
    for (const file of has.keys()) assert.ok(wants.has(file) || debians.test(file), `only packed: ${file}`);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** For `make install` there: what Debian 12's Node 18 lacks of the language's methods; syntax is esbuild's business. */
const tooNew =
  /\.(toReversed|toSorted|toSpliced|isWellFormed|toWellFormed|groupBy|fromAsync|withResolvers)\(/;

export function oldEnough(): void {
  for (const file of readdirSync('build').filter(name => /^chos-runtime.*\.cjs$/.test(name)))
    assert.is(tooNew.exec(readFileSync(join('build', file), 'latin1'))?.[0], undefined, file);
}

/** The same package as an older version. */
export function older(name: string, to: string): string {
  const place = mkdtempSync(join(tmpdir(), 'chos-packages-'));
  try {
    run('dpkg-deb', '--raw-extract', join(DIRECTORY, `${name}_${version()}_amd64.deb`), place);
    run('sed', '-i', `s/^Version: .*/Version: ${to}/`, join(place, 'DEBIAN/control'));
    run('dpkg-deb', '-Znone', '--build', place, `${DIRECTORY}/${name}_${to}_amd64.deb`);
    return `/packages/${name}_${to}_amd64.deb`;
  } finally {
    rmSync(place, { recursive: true });
  }
}

export const newer = (name: string, architecture = 'amd64'): string =>
  `/packages/${name}_${version()}_${architecture}.deb`;
