/** Completion for fish(1), from the command table. */
import { globalOptions, type Option } from '../commands.js';
import { STATE_ROOT } from '../state-root.js';
import {
  GENERATIONS,
  offered,
  placesOf,
  recipeNames,
  type Source,
  shown,
  sourcePrefixes,
  sourcesOf,
  TREE_IN_JSON,
  takesValue,
  waysOf,
} from './completion.js';

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;

function offer(source: Source): string {
  switch (source.kind) {
    case 'words':
      return source.words.join(' ');
    case 'directories':
      return '(__fish_complete_directories (commandline -ct))';
    case 'files':
      return '(__fish_complete_path (commandline -ct))';
    default:
      return `(__chos_runtime_${source.kind})`;
  }
}

const offers = (sources: readonly Source[]): string => sources.map(offer).join(' ');

function optionLine(condition: string, option: Option): string {
  const { long, short, about } = option;
  const values = offers(sourcesOf(option));
  const value = takesValue(option) ? ` -x${values === '' ? '' : ` -a ${quoted(values)}`}` : '';
  return `complete -c chos-runtime -n ${quoted(condition)}${short ? ` -s ${short}` : ''} -l ${long}${value} -d ${quoted(about)}`;
}

const line = (condition: string, values: string, about = ''): string =>
  `complete -c chos-runtime -n ${quoted(condition)} -a ${quoted(values)}${about === '' ? '' : ` -d ${quoted(about)}`}`;

function commandLines(ways: ReturnType<typeof waysOf>): readonly string[] {
  const [first] = ways;
  if (first === undefined) return [];
  const { name, actions, options } = first.command;
  const place = (...more: readonly string[]): string => ['__chos_runtime_is', name, ...more].join(' ');
  return [
    ...(actions ? [line(place('0', "''"), actions.join(' '))] : []),
    ...offered(options).map(option =>
      optionLine(place("''", quoted(option.actions?.join(' ') ?? '')), option),
    ),
    ...ways.flatMap(({ action, operands }) =>
      operands.map((sources, i) =>
        line(place(String(i + (action === undefined ? 0 : 1)), action ?? "''"), offers(sources)),
      ),
    ),
  ];
}

const functions = `# The command and the operands before the cursor, one in a line; the first is empty before there is a command.
function __chos_runtime_line
    set -l command
    set -l operands
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if string match -q -- '-*' $word
            contains -- "$command:$word" $__chos_runtime_valued; and set skip 1
        else if test -z "$command"
            set command $word
        else
            set -a operands $word
        end
    end
    printf '%s\\n' "$command" $operands
end
# COMMAND [NUMBER of operands or '' [ACTION... or '']]
function __chos_runtime_is
    set -l line (__chos_runtime_line)
    test "$line[1]" = "$argv[1]"; or return 1
    test -z "$argv[2]"; or test (math (count $line) - 1) = "$argv[2]"; or return 1
    test -z "$argv[3]"; or test (count $line) = 1; or contains -- "$line[2]" (string split ' ' -- $argv[3])
end
function __chos_runtime_containers
    set -l root ${STATE_ROOT}
    test (id -u) = 0; or set root $XDG_RUNTIME_DIR/chos-runtime
    set -l words (commandline -opc)
    for i in (seq (count $words))
        test "$words[$i]" = --root; and set root $words[(math $i + 1)]
        string match -q -- '--root=*' $words[$i]; and set root (string replace -- --root= '' $words[$i])
    end
    for file in $root/*/state.json
        string replace -r '.*/([^/]*)/state.json$' '$1' -- $file
    end
end
function __chos_runtime_trees
    begin
        test -r /run/chos/trees; and string replace -rf '^tree (.*)' '$1' </run/chos/trees
        for file in /etc/chos.d/*.json
            test -r $file; and string match -ra ${quoted(TREE_IN_JSON)} (string join ' ' <$file) | string replace -rf '^"([^"]*)".*' '$1'
        end
        test -f /etc/chos -a -r /etc/chos; and string replace -rf '^([A-Za-z0-9][^:]*):/.*' '$1' </etc/chos
    end | sort -u
end
function __chos_runtime_prepared
    if string match -q '*@*' -- (commandline -ct)
        for file in ${GENERATIONS}/*@*
            string replace -rf '.*/([A-Za-z0-9_][A-Za-z0-9_.+-]*@[0-9]+)$' '$1' -- $file
        end
    else
        __chos_runtime_trees
    end
end
function __chos_runtime_recipes
    printf '%s\\n' ${recipeNames.join(' ')}
    for file in /etc/chos-recipes.d/*.json
        string replace -r '.*/(.*)\\.json$' '$1' -- $file
    end
end
function __chos_runtime_sources
    printf '%s\\n' ${sourcePrefixes.join(' ')} recipe:(__chos_runtime_recipes)
end
function __chos_runtime_versions
    for file in /var/lib/chos/trees/(__chos_runtime_line)[3]/*.json
        string replace -r '.*/(.*)\\.json$' '$1' -- $file
    end
end
`;

/** The file chos-runtime.fish of a directory of $fish_complete_path; with the names of the ready-made hooks. */
export function fishCompletion(hooks: readonly string[]): string {
  return `# Made from the command table of chos-runtime.
set -g __chos_runtime_valued ${placesOf(() => true).join(' ')}
${functions}
complete -c chos-runtime -f
${offered(globalOptions)
  .map(option => optionLine("__chos_runtime_is ''", option))
  .join('\n')}
${shown.map(({ name, about }) => line("__chos_runtime_is ''", name, about)).join('\n')}
complete -c chos-runtime -n 'not __chos_runtime_is \\'\\'' -l help -d 'print help'
${shown.flatMap(command => commandLines(waysOf(command, hooks))).join('\n')}
`;
}
