/** Completion for bash(1), from the command table. */
import { type Command, commands, globalOptions, type Option } from '../commands.js';

const TREE_ACTIONS = ['list', 'show', 'check', 'prepare', 'release'];

const shown = commands.filter(({ support }) => support !== 'later');
const offered = (options: readonly Option[]): readonly Option[] =>
  options.filter(({ refused, kind }) => !refused && kind !== 'ignored' && kind !== 'ignored-text');

const names = (options: readonly Option[]): string =>
  [...new Set(offered(options).map(({ long }) => `--${long}`))].join(' ');

/** Long and short names of the options whose value is of one kind. */
function spellings(options: readonly Option[], values: readonly string[]): string {
  const chosen = options.filter(({ value }) => value !== undefined && values.includes(value));
  return [
    ...new Set(chosen.flatMap(({ long, short }) => [`--${long}`, ...(short ? [`-${short}`] : [])])),
  ].join('|');
}

function words(command: Command): string {
  if (command.name === 'tree') return TREE_ACTIONS.join(' ');
  const takesContainer = command.id && command.name !== 'create' && command.name !== 'run';
  return takesContainer ? '$(chos-runtime list --quiet 2>/dev/null)' : '';
}

/** The script that `make install` puts where bash-completion looks for it. */
export function bashCompletion(): string {
  const every = [...globalOptions, ...shown.flatMap(({ options }) => options)];
  const valued = every.filter(({ kind }) => ['text', 'number', 'list', 'ignored-text'].includes(kind));
  const globalValued = globalOptions.filter(option => valued.includes(option)).map(({ long }) => `--${long}`);
  const cases = shown.map(
    command => `    ${command.name}) options='${names(command.options)} --help' words="${words(command)}" ;;`,
  );
  return `# Made from the command table of chos-runtime.
_chos_runtime() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command='' i options words
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
    ${globalValued.join('|')}) ((i++)) ;;
    -*) ;;
    *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $prev in
    --tree) mapfile -t COMPREPLY < <(compgen -W "$(chos-runtime tree list 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$cur"); return ;;
    ${spellings(every, ['DIR'])}) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
    ${spellings(every, ['FILE', 'SOCKET'])}) [ "$prev $command" = '-f delete' ] || { mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return; } ;;
  esac
  case $command in
    '') options='${names(globalOptions)}' words='${shown.map(({ name }) => name).join(' ')}' ;;
${cases.join('\n')}
    *) return ;;
  esac
  if [ "$command" = tree ] && [ "$prev" != tree ]; then
    words=$(chos-runtime tree list 2>/dev/null | awk 'NR > 1 { print $1 }')
  fi
  case $cur in -*) words=$options ;; esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  case $command in explain|compile) mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;; esac
}
complete -F _chos_runtime chos-runtime
`;
}
