/** Completion of `chos` for bash(1), zsh(1) and fish(1): names of trees, options, then what the shell has for the command. */
import { chosForms } from '../chos-command.js';
import { GENERATIONS } from './completion.js';

const options = chosForms.flatMap(({ usage }) => /^--\w+/.exec(usage)?.[0] ?? []);

/** Those with the name of a tree behind them. */
const named = chosForms.flatMap(({ usage, short }) => {
  const option = /^(--\w+) \[?NAME/.exec(usage)?.[1];
  return option === undefined ? [] : short === undefined ? [option] : [option, short];
});

/** The names are read from the list itself, and behind an "@" generations from their directory: no program is started for them. */
export function chosBashCompletion(): string {
  return `# Made from the command line of chos.
_chos() {
  local cur=\${COMP_WORDS[COMP_CWORD]} words='' behind=2 command=1 at=1 apart='' file
  COMPREPLY=()
  case \${COMP_WORDS[1]-} in
  ${named.join('|')}) at=2 behind=3 command='' ;;
  --) ;;
  -*) command='' ;;
  esac
  # Readline takes NAME@GENERATION apart at the "@".
  if [ "\${COMP_WORDS[at + 1]-}" = @ ]; then
    [[ ! \${COMP_WORDS[at + 2]-} =~ ^[0-9]+$ ]] || ((behind++))
    ((behind++))
    apart=\${COMP_WORDS[at]}@
    if ((COMP_CWORD > at && COMP_CWORD < behind)); then cur=$apart\${cur#@}; fi
  fi
  if [ "$command" ] && [ "\${COMP_WORDS[behind]-}" = -- ]; then ((behind++)); fi
  if ((COMP_CWORD >= behind)); then
    if [ "$command" ] && declare -F _command_offset >/dev/null; then _command_offset "$behind"; fi
    return
  fi
  case $cur in
  *@*)
    for file in ${GENERATIONS}/*@*; do
      file=\${file##*/}
      [[ ! $file =~ ^[A-Za-z0-9_][A-Za-z0-9_.+-]*@[0-9]+$ ]] || words+=" $file"
    done
    ;;
  *)
    words=$(sed -n 's/^tree //p' /run/chos/trees 2>/dev/null)
    if ((COMP_CWORD == 1)); then words="$words ${options.join(' ')}"; fi
    ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  # It is given what is behind the "@".
  COMPREPLY=("\${COMPREPLY[@]#"$apart"}")
}
complete -F _chos chos
`;
}

const described = chosForms.flatMap(({ usage, about }) => {
  const option = /^--\w+/.exec(usage)?.[0];
  return option === undefined ? [] : [{ option, about }];
});

export function chosZshCompletion(): string {
  const quoted = ({ option, about }: { option: string; about: string }): string =>
    `'${option}:${about.replaceAll("'", "'\\''")}'`;
  return `#compdef chos
# Made from the command line of chos.
_chos() {
  local line found=() options=(${described.map(quoted).join(' ')})
  if [[ -r /run/chos/trees ]]; then
    for line in "\${(@f)$(</run/chos/trees)}"; do [[ $line != 'tree '* ]] || found+=("\${line#tree }"); done
  fi
  if [[ $PREFIX = *@* ]]; then
    found=(${GENERATIONS}/*@<1->(N:t))
    found=("\${(@)found:#*%*}")
  fi
  case $words[2] in
  --) ;;
  -*)
    if ((CURRENT == 3)) && [[ $words[2] = (${named.join('|')}) ]]; then compadd -- "$found[@]"; fi
    ((CURRENT == 2)) || return
    ;;
  esac
  if ((CURRENT == 2)); then
    _describe option options
    compadd -- "$found[@]"
    return
  fi
  # As if the command stood alone.
  shift words
  ((CURRENT--))
  if [[ $words[1] = -- || $words[2] != -- ]]; then
    shift words
    ((CURRENT--))
  elif ((CURRENT > 2)); then
    shift 2 words
    ((CURRENT -= 2))
  fi
  _normal
}
_chos "$@"
`;
}

export function chosFishCompletion(): string {
  const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const first = 'test (count (commandline -opc)) = 1';
  const name = `contains -- (commandline -opc)[2] ${named.join(' ')}`;
  const lines = described.map(
    ({ option, about }) => `complete -c chos -n ${quoted(first)} -l ${option.slice(2)} -d ${quoted(about)}`,
  );
  return `# Made from the command line of chos.
function __chos_trees
    if string match -q '*@*' -- (commandline -ct)
        for file in ${GENERATIONS}/*@*
            string replace -rf '.*/([A-Za-z0-9_][A-Za-z0-9_.+-]*@[0-9]+)$' '$1' -- $file
        end
    else
        test -r /run/chos/trees; and string replace -rf '^tree (.*)' '$1' </run/chos/trees
    end
end
# How many words stand before the command; fails where none follows.
function __chos_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return 1
    if test "$words[2]" = --
        echo 2
    else if string match -q -- '-*' $words[2]
        return 1
    else if test "$words[3]" = --
        echo 3
    else
        echo 2
    end
end
complete -c chos -f
${lines.join('\n')}
complete -c chos -n ${quoted(first)} -a '(__chos_trees)'
complete -c chos -n ${quoted(`test (count (commandline -opc)) = 2; and ${name}`)} -a '(__chos_trees)'
complete -c chos -n '__chos_command >/dev/null' -a '(__fish_complete_subcommand --fcs-skip=(__chos_command))'
`;
}
