/** The completions in their shells, where TAB is pressed: bash by COMP_WORDS, fish by `complete -C`, zsh at a terminal (zpty). */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../commands.js';
import { bashCompletion } from './bash-completion.js';
import { chosBashCompletion, chosFishCompletion, chosZshCompletion } from './chos-completion.js';
import { shown, waysOf } from './completion.js';
import { fishCompletion } from './fish-completion.js';
import { zshCompletion } from './zsh-completion.js';

const hooks = ['gpu', 'job-report'];
const place = mkdtempSync(join(tmpdir(), 'chos-completion-'));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(place, path)), { recursive: true });
  writeFileSync(join(place, path), text);
}

put('run/chos/trees', 'chos 1\ndefault alma9\ntree alma9\nshell sh\ntree debian12\n');
put(
  'etc/chos.d/a.json',
  '{ "trees": { "fedora": {\n "path": "/f" }, "alma9": { "path": "/a" } }, "shares": [{ "path": "/home" }] }',
);
put('etc/chos', '%SHELLS\nclassic:/ostrees/classic\n/ostrees/bare\n');
put('etc/chos-recipes.d/site.json', '{}');
put('var/lib/chos/trees/alma9/3.json', '{}');
put('states/web/state.json', '{}');
put('states/$(touch evil)/state.json', '{}');
put('other/there/state.json', '{}');
put('directory/file', '');
for (const name of [
  'alma9@1',
  'alma9@12',
  'debian12@3',
  '%2Fchos.json',
  '%2Fostrees%2Fa@4',
  'x$(touch evil)@1',
])
  put(`run/chos-trees.public/${name}`, '');

/** No file of the machine that the tests run on is read. */
const here = (script: string): string =>
  script
    .replaceAll(
      /\/(run\/chos\/trees|run\/chos-trees\.public|etc\/chos|var\/lib\/chos\/trees)/g,
      `${place}/$1`,
    )
    .replaceAll('/run/chos-runtime', `${place}/states`)
    .replace('$XDG_RUNTIME_DIR/chos-runtime', `${place}/states`);

const words = (text: string): readonly string[] => [...new Set(text.split('\n').filter(Boolean))].sort();

/** What is offered for the last word of each line. */
type Shell = (lines: readonly string[]) => readonly (readonly string[])[];

const bash: Shell = lines =>
  lines.map(line => {
    const script = `${here(bashCompletion(hooks))}${here(chosBashCompletion())}
_command_offset() { COMPREPLY=($(compgen -c -- "\${COMP_WORDS[COMP_CWORD]}")); }
COMP_WORDS=(${line}); [[ $LINE = *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
case \${COMP_WORDS[0]} in chos) _chos ;; *) _chos_runtime ;; esac; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return words(
      execFileSync('bash', ['-c', script], {
        encoding: 'utf8',
        cwd: place,
        env: { ...process.env, LINE: line },
      }),
    );
  });

const fish: Shell = lines => {
  const script = `${here(fishCompletion(hooks))}${here(chosFishCompletion())}
for line in $argv; complete -C $line; echo =; end`;
  const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script, ...lines], {
    encoding: 'utf8',
    cwd: place,
    env: { ...process.env, HOME: place },
  });
  assert.is(stderr, '');
  return stdout
    .split('=\n')
    .slice(0, -1)
    .map(text => words(text.replace(/\t.*$/gm, '')));
};

/** compadd is what all of zsh's completion ends in: it is asked what it would add. */
const watch = `compadd() {
  local -a found
  if [[ "\${@[(I)-[OAD]*]}" != 0 ]]; then builtin compadd "$@"; return; fi
  builtin compadd -O found "$@"; print -rl -- "\${found[@]}" >>$FOUND; builtin compadd "$@"
}
report() { print -rn -- '<END>' }
press() { comppostfuncs=(report); zle list-choices }
autoload -Uz compinit; compinit -D -u
PS1= ; LISTMAX=0; zle -N press; bindkey '^I' press; bindkey '^U' kill-whole-line
print '<READY''>'`;

const zsh: Shell = lines => {
  put('functions/_chos-runtime', here(zshCompletion(hooks)));
  put('functions/_chos', here(chosZshCompletion()));
  put('watch', watch);
  put('lines', `${lines.join('\n')}\n`);
  const drive = `zmodload zsh/zpty
fpath=(${place}/functions $fpath); export FPATH FOUND=${place}/found TERM=dumb
zpty z zsh -f -i
zpty -w z "fpath=($fpath); . ${place}/watch"
zpty -r z out '*<READY>*'
while IFS= read -r line; do
  : >$FOUND
  zpty -n -w z $'\\x15'"$line"$'\\t'
  zpty -r z out '*<END>*'
  cat $FOUND; print =
done <${place}/lines
zpty -d z`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', drive], {
    encoding: 'utf8',
    cwd: place,
    timeout: 60_000,
  });
  assert.is(stderr, '');
  // Where nothing else is to be had, _arguments offers options.
  return stdout
    .split('=\n')
    .slice(0, -1)
    .map((text, i) => words(text).filter(word => !word.startsWith('-') || / -\S*$/.test(lines[i] ?? '')));
};

const trees = ['alma9', 'classic', 'debian12', 'fedora'];
const recipes = ['alma9', 'debian-sid', 'debian12', 'debian13', 'rocky9', 'site'];

/** What all shells offer; names only, sorted. */
const common: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['chos-runtime exp', ['explain']],
  ['chos-runtime --root /r --debug sta', ['start', 'state']],
  ['chos-runtime kill --a', ['--all']],
  ['chos-runtime tree l', ['list', 'load']],
  ['chos-runtime tree prepare ', trees],
  ['chos-runtime tree prepare --a', ['--all']],
  ['chos-runtime tree release --f', ['--force']],
  ['chos-runtime tree release debian12 --dr', ['--drain']],
  ['chos-runtime tree list ', []],
  ['chos-runtime tree create ', recipes],
  ['chos-runtime tree rollback ', trees],
  ['chos-runtime tree rollback alma9 ', ['3']],
  ['chos-runtime run --tree d', ['debian12']],
  ['chos-runtime who f', ['fedora']],
  ['chos-runtime state we', ['web']],
  [`chos-runtime --root ${place}/other state `, ['there']],
  ['chos-runtime kill web WIN', ['WINCH']],
  ['chos-runtime kill web SIGT', ['SIGTERM', 'SIGTRAP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']],
  ['chos-runtime dashboard --start d', ['debian12']],
  ['chos-runtime tree import po', ['podman:']],
  ['chos-runtime tree update alma9 con', ['container:']],
  ['chos-runtime tree import recipe:deb', ['recipe:debian-sid', 'recipe:debian12', 'recipe:debian13']],
  ['chos-runtime hooks install ', hooks],
  ['chos-runtime --log-format ', ['json', 'text']],
  ['chos-runtime list --format j', ['json']],
  ['chos-runtime exec --user ', []],
  ['chos d', ['debian12']],
  ['chos --s', ['--set']],
  ['chos --set ', ['alma9', 'debian12']],
  ['chos --which a', ['alma9']],
  ['chos --set alma9 ', []],
  ['chos -s a', ['alma9']],
  ['chos -w ', ['alma9', 'debian12']],
  ['chos -l ', []],
  ['chos --explain a', ['alma9']],
  ['chos --explain alma9 ', []],
  ['chos --list ', []],
  ['chos alma9 bash-completion-tes', []],
  ['chos --set alma9@', ['alma9@1', 'alma9@12']],
  ['chos -s alma9@12', ['alma9@12']],
  ['chos debian12@', ['debian12@3']],
  ['chos --which x', []],
  ['chos --which x@', []],
  ['chos-runtime tree release alma9@', ['alma9@1', 'alma9@12']],
  ['chos-runtime tree drain de', ['debian12']],
  ['chos-runtime who debian12@', ['debian12@3']],
  ['chos-runtime tree prepare alma9@', []],
];

for (const [name, shell] of Object.entries({ bash, fish, zsh }))
  test(`${name} offers commands, options, and names of what is on the machine`, () => {
    const found = shell(common.map(([line]) => line));
    assert.equal(
      common.map(([line], i) => [line, found[i]]),
      common.map(([line, offered]) => [line, offered]),
    );
  });

for (const [name, shell] of Object.entries({ bash, fish, zsh }))
  test(`${name} leaves the command behind the name of a tree to itself, and directories`, () => {
    const found = shell([
      'chos alma9 env',
      'chos alma9 -- env',
      'chos -- env',
      'chos-runtime run --bundle direc',
    ]);
    for (const one of found.slice(0, 3)) assert.ok(one.includes('env'), `${one}`);
    assert.match(`${found[3]}`, /^directory\/?$/);
  });

test('the name of a directory is no command to bash', () => {
  assert.equal(bash(['chos-runtime state ']), [['web']]);
  assert.equal(words(execFileSync('ls', [place], { encoding: 'utf8' })).includes('evil'), false);
});

test('the name of a file is no command to bash, whose line it stands in: at a terminal (zpty)', () => {
  const hostile = 'hostile/a$(touch evil);touch evil;.tar';
  put(hostile, '');
  put('bashrc', `${here(bashCompletion(hooks))}chos-runtime() { printf '<%s>' "$@" END; }; PS1='<READY''>'`);
  const drive = `zmodload zsh/zpty
zpty b bash --noprofile --rcfile ${place}/bashrc -i
zpty -r b out '*<READY>*'
zpty -w b $'chos-runtime tree import --name x a\t'
zpty -r b out '*<END>*'
print -r -- "$out"
zpty -d b`;
  const cwd = join(place, 'hostile');
  const { stdout } = spawnSync('zsh', ['-f', '-c', drive], { encoding: 'utf8', cwd, timeout: 20_000 });
  assert.match(stdout, '<a$(touch evil);touch evil;.tar><END>');
  assert.equal(readdirSync(cwd), [hostile.slice('hostile/'.length)]);
});

test('commands and options that are refused are not offered', () => {
  for (const { name, support, options } of commands) {
    const lines = options
      .filter(({ refused }) => refused)
      .map(({ long }) => `chos-runtime ${name} --${long}`);
    if (support === 'later') assert.equal(bash([`chos-runtime ${name}`]), [[]]);
    for (const found of bash(lines)) assert.equal(found, []);
  }
});

test('each command and action that takes operands says which, but those that take new names', () => {
  const free = ['create', 'run', 'restore', 'exec', 'update'];
  for (const command of shown)
    for (const { action, operands } of waysOf(command, hooks)) {
      const takes = action === undefined ? command.usage !== '' : !['list', 'load'].includes(action);
      if (takes && !free.includes(command.name)) assert.ok(operands.length > 0, `${command.name} ${action}`);
    }
});

test('a generation, as bash takes it apart at the "@"', () => {
  const generations = ['1', '12'];
  for (const line of ['chos --set', 'chos', 'chos-runtime tree release', 'chos-runtime who'])
    assert.equal(
      bash([`${line} alma9 @`, `${line} alma9 @ 12`, `${line} debian12 @`]),
      [generations, ['12'], ['3']],
      line,
    );
  const [, , behind = []] = bash([
    'chos alma9 @ 1 bash-completion-tes',
    'chos --set alma9 @ 1 ',
    'chos alma9 @ 1 env',
  ]);
  assert.ok(behind.includes('env'), `${behind}`);
  assert.equal(bash(['chos --set alma9 @ 1 ', 'chos alma9 @ 1 -- bash-completion-tes']), [[], []]);
  assert.equal(bash(['chos-runtime state web @']), [[]]);
});

test('a source with a ":", as bash takes it apart', () => {
  assert.equal(
    bash([
      "chos-runtime tree import recipe ':' s",
      "chos-runtime tree import recipe ':'",
      "chos-runtime tree update alma9 recipe ':' rocky",
    ]),
    [['site'], recipes, ['rocky9']],
  );
});

test('a value behind "=", as bash takes it apart and whole', () => {
  assert.equal(bash(["chos-runtime --log-format '=' j", "chos-runtime --log-format '='"]), [
    ['json'],
    ['json', 'text'],
  ]);
  assert.equal(bash(["chos-runtime run --tree '=' deb", 'chos-runtime run --tree=deb']), [
    ['debian12'],
    ['--tree=debian12'],
  ]);
  assert.equal(
    bash([`chos-runtime --root=${place}/other state `, `chos-runtime --root '=' ${place}/other state `]),
    [['there'], ['there']],
  );
});

test.after(() => rmSync(place, { recursive: true }));
test.run();
