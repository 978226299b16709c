/** Completion for zsh(1), from the command table, in the words of its _arguments. */
import { globalOptions, type Option } from '../commands.js';
import { STATE_ROOT } from '../state-root.js';
import {
  GENERATIONS,
  offered,
  recipeNames,
  type Source,
  shown,
  sourcePrefixes,
  sourcesOf,
  spell,
  TREE_IN_JSON,
  takesValue,
  type Way,
  waysOf,
} from './completion.js';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Inside a specification brackets and colons have a meaning. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');

/** What follows the colon that ends the message of a place. */
function action(sources: readonly Source[]): string {
  const parts = sources.map(source => {
    switch (source.kind) {
      case 'words':
        return `_chos_runtime_words ${source.words.join(' ')}`;
      case 'directories':
        return '_files -/';
      case 'files':
        return '_files';
      default:
        return `_chos_runtime_${source.kind}`;
    }
  });
  const [only] = parts;
  if (only === undefined) return ' ';
  return parts.length === 1 ? only : `_alternative ${parts.map((part, i) => `"${i}::${part}"`).join(' ')}`;
}

const placed = (sources: readonly Source[]): string => {
  const text = action(sources);
  return text.startsWith('_alternative') ? `{${text}}` : text;
};

function specification(option: Option): readonly string[] {
  const { about, kind, value = 'value' } = option;
  const all = spell(option);
  const repeated = kind === 'list';
  const others = repeated || all.length === 1 ? '' : `(${all.join(' ')})`;
  return all.map(one => {
    const joined = takesValue(option) ? (one.startsWith('--') ? '=' : '+') : '';
    const tail = joined === '' ? '' : `:${plain(value)}:${placed(sourcesOf(option))}`;
    return quoted(`${repeated ? '*' : others}${one}${joined}[${plain(about)}]${tail}`);
  });
}

/** Two letters may stand for one long option. */
function specifications(options: readonly Option[]): string {
  const help: Option = { long: 'help', kind: 'flag', about: 'print help' };
  const all = [...offered(options), ...(options.some(({ long }) => long === 'help') ? [] : [help])];
  const seen = new Set<string>();
  return all
    .flatMap(specification)
    .filter(text => {
      const name = /-[\w-]+[=+]?\[/.exec(text)?.[0] ?? text;
      return !seen.has(name) && seen.add(name);
    })
    .join(' ');
}

const operands = ({ operands: list }: Way, from: number): string =>
  list.map((sources, i) => quoted(`${i + from}: :${placed(sources)}`)).join(' ');

function commandCase(ways: readonly Way[]): string {
  const [first] = ways;
  if (first === undefined) return '';
  const { name, options, actions } = first.command;
  if (actions === undefined)
    return `  ${name}) _arguments -S ${specifications(options)} ${operands(first, 1)} ;;`;
  const cases = ways.map(
    way => `    ${way.action}) _arguments -S ${specifications(way.options)} '1: : ' ${operands(way, 2)} ;;`,
  );
  return `  ${name})
    # Options may stand before the action.
    action=
    for word in "\${(@)words[2,CURRENT-1]}"; do
      case $word in -*) ;; *) action=$word; break ;; esac
    done
    case $action in
${cases.join('\n')}
    *) _arguments -S ${specifications(options)} '1: :_chos_runtime_words ${actions.join(' ')}' ;;
    esac ;;`;
}

const functions = `# _arguments puts options of compadd before the words.
_chos_runtime_words() { compadd "$@" }
_chos_runtime_containers() {
  local at=\${chos_root:-${STATE_ROOT}}
  [[ -n $chos_root ]] || ((EUID == 0)) || at=\${XDG_RUNTIME_DIR:-/nonexistent}/chos-runtime
  compadd "$@" -- $at/*/state.json(N:h:t)
}
_chos_runtime_trees() {
  local file text line at='${TREE_IN_JSON}' found=()
  if [[ -r /run/chos/trees ]]; then
    for line in "\${(@f)$(</run/chos/trees)}"; do [[ $line != 'tree '* ]] || found+=("\${line#tree }"); done
  fi
  for file in /etc/chos.d/*.json(N); do
    [[ -r $file ]] || continue
    text=$(<$file)
    while [[ $text =~ $at ]]; do
      found+=("$match[1]")
      text=\${text[MEND + 1,-1]}
    done
  done
  if [[ -f /etc/chos && -r /etc/chos ]]; then
    for line in "\${(@f)$(</etc/chos)}"; do [[ $line != [A-Za-z0-9]*:/* ]] || found+=("\${line%%:*}"); done
  fi
  compadd "$@" -- "\${(@u)found}"
}
_chos_runtime_prepared() {
  local found=(${GENERATIONS}/*@<1->(N:t))
  if [[ $PREFIX = *@* ]]; then compadd "$@" -- "\${(@)found:#*%*}"; else _chos_runtime_trees "$@"; fi
}
_chos_runtime_recipes() { compadd "$@" -- ${recipeNames.join(' ')} /etc/chos-recipes.d/*.json(N:t:r) }
_chos_runtime_sources() {
  local names=(${recipeNames.join(' ')} /etc/chos-recipes.d/*.json(N:t:r))
  compadd "$@" -S '' -- ${sourcePrefixes.join(' ')}
  compadd "$@" -- recipe:\${^names}
}
_chos_runtime_versions() { compadd "$@" -- /var/lib/chos/trees/\${words[CURRENT-1]}/*.json(N:t:r) }
`;

/** The file _chos-runtime of a directory of $fpath; with the names of the ready-made hooks. */
export function zshCompletion(hooks: readonly string[]): string {
  const ways = shown.map(command => waysOf(command, hooks));
  const about = shown.map(({ name, about: text }) => quoted(`${name}:${text}`)).join(' ');
  return `#compdef chos-runtime
# Made from the command table of chos-runtime.
${functions}
_chos_runtime_command() {
  local action word
  case $words[1] in
${ways.map(commandCase).join('\n')}
  esac
}

_chos_runtime() {
  local curcontext=$curcontext state line chos_root commands=(${about})
  typeset -A opt_args
  _arguments -S -C ${specifications(globalOptions)} '1: :->command' '*:: :->operands'
  chos_root=\${(Q)opt_args[--root]-}
  case $state in
  command) _describe command commands ;;
  operands) _chos_runtime_command ;;
  esac
}
_chos_runtime "$@"
`;
}
