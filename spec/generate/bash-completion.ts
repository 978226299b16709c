/** Completion for bash(1), from the command table. */
import { globalOptions, type Option } from '../commands.js';
import { STATE_ROOT } from '../state-root.js';
import {
  GENERATIONS,
  type Operands,
  offered,
  placesOf,
  recipeNames,
  type Source,
  shown,
  sourcePrefixes,
  sourcesOf,
  TREE_IN_JSON,
  type Way,
  waysOf,
} from './completion.js';

const names = (options: readonly Option[]): string =>
  [...new Set(offered(options).map(({ long }) => `--${long}`))].join(' ');

/** The assignments by which a place offers this; `words` gets words, `kind` an option of compgen. */
function offer(source: Source): string {
  switch (source.kind) {
    case 'words':
      return `words+=' ${source.words.join(' ')}'`;
    case 'directories':
      return 'kind=-d';
    case 'files':
      return 'kind=-f';
    case 'versions':
      return `words+=" $(_chos_runtime_versions "\${operands[1]}")"`;
    default:
      return `words+=" $(_chos_runtime_${source.kind})"`;
  }
}

const offers = (sources: readonly Source[]): string => sources.map(offer).join(' ');

/** One case for each kind of value that options have. */
function valueCases(): readonly string[] {
  const options = [...globalOptions, ...shown.flatMap(command => command.options)];
  const kinds = [...new Set(options.map(option => offers(sourcesOf(option))))].filter(text => text !== '');
  return kinds.map(text => `    ${placesOf(o => offers(sourcesOf(o)) === text).join('|')}) ${text} ;;`);
}

/** Options, with the action that stands there, then with any. */
function optionCases(ways: readonly Way[]): readonly string[] {
  const line = (name: string, options: readonly Option[]): string =>
    `    ${name}) options='${[names(options), '--help'].join(' ').trim()}' ;;`;
  return ways.flatMap(({ command, action, options }, i) => [
    ...(action === undefined ? [] : [line(`${command.name}:${action}`, options)]),
    ...(i === ways.length - 1 ? [line(`${command.name}:*`, command.options)] : []),
  ]);
}

function operandCases({ command, action, operands }: Way): readonly string[] {
  const before = action === undefined ? 0 : 1;
  return operands.map(
    (sources: Operands[number], i) =>
      `    ${command.name}:${i + before}:${action ?? '*'}) ${offers(sources)} ;;`,
  );
}

function actionCase(ways: readonly Way[]): readonly string[] {
  const [first] = ways;
  if (first?.command.actions === undefined) return [];
  return [`    ${first.command.name}:0:*) words='${first.command.actions.join(' ')}' ;;`];
}

/** Names of directories and files become words only if they are names that the runtime gives: `compgen -W` expands what it is given. */
const functions = `_chos_runtime_name() { [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.+-]*$ ]] && printf '%s\\n' "$1"; }
# What files are called is text to readline, not a part of the command line as it stands.
_chos_runtime_quoted() { [ -z "$1" ] || compopt -o filenames 2>/dev/null; }
_chos_runtime_files() {
  local file
  for file in "$1"/*"$2"; do
    [ -e "$file" ] || continue
    file=\${file%"$2"}
    _chos_runtime_name "\${file##*/}"
  done
}
_chos_runtime_containers() {
  local at=\${root:-${STATE_ROOT}}
  [ "$root" ] || ((EUID == 0)) || at=\${XDG_RUNTIME_DIR:-/nonexistent}/chos-runtime
  _chos_runtime_files "$at" /state.json
}
_chos_runtime_trees() {
  local file text key name at='${TREE_IN_JSON}'
  if [ -r /run/chos/trees ]; then
    while read -r key name; do [ "$key" != tree ] || _chos_runtime_name "$name"; done </run/chos/trees
  fi
  for file in /etc/chos.d/*.json; do
    [ -r "$file" ] || continue
    text=$(<"$file")
    while [[ $text =~ $at ]]; do
      printf '%s\\n' "\${BASH_REMATCH[1]}"
      text=\${text#*"\${BASH_REMATCH[0]}"}
    done
  done
  if [ -f /etc/chos ] && [ -r /etc/chos ]; then
    while IFS=: read -r name text; do [[ $text != /* ]] || _chos_runtime_name "$name"; done </etc/chos
  fi
}
_chos_runtime_prepared() {
  local file
  case $cur in
  *@*)
    for file in ${GENERATIONS}/*@*; do
      file=\${file##*/}
      [[ $file =~ ^[A-Za-z0-9_][A-Za-z0-9_.+-]*@[0-9]+$ ]] && printf '%s\\n' "$file"
    done
    ;;
  *) _chos_runtime_trees ;;
  esac
}
_chos_runtime_recipes() {
  printf '%s\\n' ${recipeNames.join(' ')}
  _chos_runtime_files /etc/chos-recipes.d .json
}
_chos_runtime_sources() {
  printf '%s\\n' ${sourcePrefixes.join(' ')}
  _chos_runtime_recipes | sed 's/^/recipe:/'
}
_chos_runtime_versions() { _chos_runtime_name "$1" >/dev/null && _chos_runtime_files "/var/lib/chos/trees/$1" .json; }
`;

/** The script that `make install` puts where bash-completion looks for it; with the names of the ready-made hooks. */
export function bashCompletion(hooks: readonly string[]): string {
  const ways = shown.map(command => waysOf(command, hooks));
  return `# Made from the command table of chos-runtime.
${functions}
_chos_runtime() {
  local cur='' prev='' command='' root='' prefix='' options='' words='' kind='' apart='' word i operands=()
  local line=()
  COMPREPLY=()
  # Readline takes --option=value apart at the "="; where it is not told to, the value is taken apart here. What it takes apart at a ":" or "@" is one word.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word = '=' && \${line[-1]-} = -* ]]; then
      ((i == COMP_CWORD)) && line+=('')
      continue
    fi
    if [[ $word = [:@] || $apart = [:@] ]] && ((\${#line[@]})); then
      line[-1]+=$word
      apart=$word
      ((i == COMP_CWORD)) && apart=whole
      continue
    fi
    if [[ $word = --*=* ]]; then
      line+=("\${word%%=*}" "\${word#*=}")
      ((i == COMP_CWORD)) && prefix="\${word%%=*}="
    else
      line+=("$word")
    fi
  done
  ((\${#line[@]})) || return
  cur=\${line[-1]}
  for ((i = 0; i < \${#line[@]} - 1; i++)); do
    word=\${line[i]}
    case $command:$word in
    ${placesOf(() => true).join('|')})
      ((i + 1 == \${#line[@]} - 1)) && prev=$word
      [ "$word" = --root ] && root=\${line[i + 1]}
      ((i++))
      ;;
    *:-*) ;;
    :*) command=$word ;;
    *) operands+=("$word") ;;
    esac
  done
  if [ "$prev" ]; then
    case $command:$prev in
${valueCases().join('\n')}
    *) return ;;
    esac
    _chos_runtime_quoted "$kind"
    mapfile -t COMPREPLY < <(compgen $kind -P "$prefix" -W "$words" -- "$cur" | sort -u)
    return
  fi
  if [[ $cur = -* ]]; then
    case $command:\${operands[0]-} in
    :*) options='${names(globalOptions)}' ;;
${ways.flatMap(optionCases).join('\n')}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  case $command:\${#operands[@]}:\${operands[0]-} in
  :*) words='${shown.map(({ name }) => name).join(' ')}' ;;
${ways.flatMap(some => [...actionCase(some), ...some.flatMap(operandCases)]).join('\n')}
  esac
  _chos_runtime_quoted "$kind"
  mapfile -t COMPREPLY < <({ compgen -W "$words" -- "$cur"; [ -z "$kind" ] || compgen "$kind" -- "$cur"; } | sort -u)
  [[ \${COMPREPLY[0]-} != *: ]] || compopt -o nospace 2>/dev/null
  # It is given what is behind the ":" or "@".
  [ "$apart" != whole ] || COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*[:@]}"}"}")
}
complete -F _chos_runtime chos-runtime
`;
}
