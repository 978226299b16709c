/** Completion for bash(1), from the command table. */
import { type Command, commands, globalOptions, type Option } from '../commands.js';
import { signals } from '../signals.js';

const shown = commands.filter(({ support }) => support !== 'later');
const offered = (options: readonly Option[]): readonly Option[] =>
  options.filter(({ refused, kind }) => !refused && kind !== 'ignored' && kind !== 'ignored-text');

const names = (options: readonly Option[]): string =>
  [...new Set(offered(options).map(({ long }) => `--${long}`))].join(' ');

const spell = ({ long, short }: Option): readonly string[] => [`--${long}`, ...(short ? [`-${short}`] : [])];
const takesValue = ({ kind }: Option): boolean =>
  kind === 'text' || kind === 'number' || kind === 'list' || kind === 'ignored-text';

/** `command:--option` for each option that takes a value of one of these kinds; the command is empty before one is given. */
function placesOf(wanted: (option: Option) => boolean): string {
  const places = [{ name: '', options: globalOptions }, ...shown].flatMap(({ name, options }) =>
    options
      .filter(option => takesValue(option) && wanted(option))
      .flatMap(o => spell(o).map(s => `${name}:${s}`)),
  );
  return [...new Set(places)].join('|');
}

const named =
  (...values: readonly string[]) =>
  ({ value }: Option): boolean =>
    value !== undefined && values.includes(value);

/** One case for each list of values that options have. */
function valueCases(): readonly string[] {
  const lists = new Set(
    [...globalOptions, ...shown.flatMap(({ options }) => options)].flatMap(({ values }) =>
      values ? [values.join(' ')] : [],
    ),
  );
  return [...lists].map(list => `    ${placesOf(o => o.values?.join(' ') === list)}) words='${list}' ;;`);
}

/** What can stand as the first operand. */
function operands(command: Command): string {
  if (command.actions) return command.actions.join(' ');
  const takesContainer = command.id && command.name !== 'create' && command.name !== 'run';
  return takesContainer ? '$(_chos_runtime_containers)' : '';
}

const signalNames = [...Object.keys(signals)].join(' ');

/** One case for each action, then one for the command, before an action stands there. */
function commandCases(command: Command): readonly string[] {
  const { name, options, actions = [] } = command;
  const line = (action: string, own: readonly Option[]): string =>
    `    ${name}:${action}) options='${[names(own), '--help'].join(' ').trim()}' words="${operands(command)}" ;;`;
  return [
    ...actions.map(action =>
      line(
        action,
        options.filter(option => option.actions?.includes(action) ?? true),
      ),
    ),
    line('*', options),
  ];
}

/** The script that `make install` puts where bash-completion looks for it. */
export function bashCompletion(): string {
  const cases = shown.flatMap(commandCases);
  const valued = `${placesOf(() => true)}`;
  return `# Made from the command table of chos-runtime.
_chos_runtime_containers() { chos-runtime \${root:+--root "$root"} list --quiet 2>/dev/null; }
_chos_runtime_trees() { chos-runtime tree list 2>/dev/null | awk 'NR > 1 { print $1 }'; }

_chos_runtime() {
  local cur='' prev='' command='' root='' prefix='' options='' words='' kind='' word i operands=()
  local line=()
  COMPREPLY=()
  # Readline takes --option=value apart at the "="; where it is not told to, the value is taken apart here.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word = '=' && \${line[-1]-} = -* ]]; then
      ((i == COMP_CWORD)) && line+=('')
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
    ${valued})
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
    ${placesOf(({ long }) => long === 'tree')}) words=$(_chos_runtime_trees) ;;
${valueCases().join('\n')}
    ${placesOf(named('DIR'))}) kind=-d ;;
    ${placesOf(named('FILE', 'SOCKET'))}) kind=-f ;;
    *) return ;;
    esac
    mapfile -t COMPREPLY < <(compgen $kind -P "$prefix" -W "$words" -- "$cur")
    return
  fi
  case $command:\${operands[0]-} in
    :*) options='${names(globalOptions)}' words='${shown.map(({ name }) => name).join(' ')}' ;;
${cases.join('\n')}
    *) return ;;
  esac
  case $cur in
  -*) words=$options ;;
  *)
    if ((\${#operands[@]})); then words=''; fi
    case $command:\${#operands[@]}:\${operands[0]-} in
    explain:0:*|compile:0:*|skeleton:1:*) kind=-d ;;
    kill:1:*) words='${signalNames}' ;;
    tree:1:check) kind=-f words=$(_chos_runtime_trees) ;;
    tree:1:show|tree:1:entry|tree:1:prepare|tree:1:release) words=$(_chos_runtime_trees) ;;
    esac
    ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"; [ -z "$kind" ] || compgen "$kind" -- "$cur")
}
complete -F _chos_runtime chos-runtime
`;
}
