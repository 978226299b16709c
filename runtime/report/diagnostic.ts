import { largestId } from '../../spec/ids.js';
import { unreachable } from '../../spec/unreachable.js';
import type { Diagnostic, Reason, SyntaxProblem, TextForm } from '../admit/diagnostic.js';
import { COMMAND_LINE } from '../program/action.js';
import { errnoText } from './errno-text.js';
import { featureFaultText } from './feature-text.js';
import { nearest } from './nearest.js';
import { programFaultText } from './program-fault-text.js';
import { visible } from './visible.js';

export { squiggle } from './squiggle.js';

const pathLimit = 160;

const neverMatches = {
  'no-condition': 'it has no condition',
  'always-false': 'always is false, and all conditions must hold',
  'no-bind-mounts': 'hasBindMounts is false, and all conditions must hold',
} as const;

/** Up to so many words are listed; of more, only the nearest is named. */
const listLimit = 9;

/**
 * The whole story on one line: `config.json:12:5: process.cwd must be an absolute path, not "tmp" (hint)`. Callers
 * match and show single lines, and a file must not be able to make another one, or to steer a terminal.
 */
export function oneLine(diagnostic: Diagnostic): string {
  const { file, line, column, path, what, found } = diagnostic;
  const subject = path === '' ? 'the file' : shorten(path);
  const hint = hintOf(what, found, path.split('.').at(-1));
  const place = file === COMMAND_LINE ? '' : `${file}:${line}:${column}: `;
  const sentence = `${place}${sentenceOf(subject, what, found)}`;
  return visible(hint === undefined ? sentence : `${sentence} (${hint})`);
}

/** conmon passes on 8 KiB of what a runtime says, and names in a hostile file may have any length. */
function shorten(path: string): string {
  return path.length <= pathLimit ? path : `${path.slice(0, pathLimit - 1)}…`;
}

function sentenceOf(subject: string, what: Reason, found: string): string {
  const not = found === '' ? '' : `, not ${found}`;
  switch (what.kind) {
    case 'empty-file':
      return 'the file is empty';
    case 'too-large':
      return `the file has ${what.bytes} bytes; at most ${what.limit} are read`;
    case 'too-many-values':
      return `${subject} holds ${what.count} texts, numbers, lists and objects; a file may have at most ${what.limit}`;
    case 'invalid-utf8':
      return `the file is not UTF-8: byte 0x${what.byte.toString(16).padStart(2, '0')} is out of place`;
    case 'byte-order-mark':
      return 'the file starts with a byte order mark, which JSON does not allow';
    case 'too-deep':
      return `the file has more than ${what.limit} objects and lists inside each other`;
    case 'syntax':
      return syntaxSentence(what.problem);
    case 'duplicate-key':
      return `${subject} is there twice, first on line ${what.firstLine}`;
    case 'missing':
      return `${subject} is required`;
    case 'wrong-type':
      return `${subject} must be ${typeName(what.expected)}${not}`;
    case 'out-of-range':
      return `${subject} must be a whole number from ${what.minimum} to ${what.maximum}${not}`;
    case 'not-an-id':
      return `${subject} must be an id from 0 to ${largestId}${not}`;
    case 'not-one-of':
      return what.allowed.length > listLimit
        ? `${subject} must be one of the ${what.allowed.length} names in the spec${not}`
        : `${subject} must be ${alternatives(what.allowed)}${not}`;
    case 'wrong-form':
      return `${subject} must be ${formName(what.form)}${not}`;
    case 'empty':
      return `${subject} must not be empty`;
    case 'key':
      return sentenceOf(`the key ${shorten(JSON.stringify(what.key))} of ${what.of}`, what.what, '');
    case 'empty-key':
      return `${subject} must not have an empty key`;
    case 'nul-character':
      return `${subject} must not contain a NUL character`;
    case 'lone-surrogate':
      return `${subject} is not Unicode text: it contains half of a surrogate pair`;
    case 'not-absolute':
      return `${subject} must be an absolute path${not}`;
    case 'dot-dot':
      return `${subject} must not contain ".."${not}`;
    case 'root-directory':
      return `${subject} must not be the root, which is ${what.of === 'host' ? 'the host itself' : "the tree's own"}${not}`;
    case 'slash':
      return `${subject} must be a single file name without "/"`;
    case 'not-an-assignment':
      return `${subject} must be NAME=VALUE${not}`;
    case 'too-long':
      return `${subject} must have at most ${what.limit} bytes${not}`;
    case 'arguments-too-long':
      return `${subject}: arguments and environment take ${what.bytes} bytes together, and the kernel takes ${what.limit} at most`;
    case 'duplicate':
      return `${subject} repeats ${shorten(what.first)}${found === '' ? '' : `: ${found}`}`;
    case 'overlaps':
      return `${subject} has ids that ${shorten(what.first)} has already`;
    case 'map-too-long':
      return `${subject} makes a map of ${what.bytes} bytes, of which the kernel takes ${what.limit} at most`;
    case 'not-mappable':
      return `${subject}: ${what.of === 'remount' ? 'a mount that is there' : 'a mount of cgroups'} cannot map ids`;
    case 'not-mapped':
      return `${subject}: id ${what.id} is not in ${what.property}`;
    case 'needs-namespace':
      return `${subject} needs a ${what.namespace} namespace in linux.namespaces`;
    case 'not-namespaced':
      return `${subject} belongs to no namespace: it would change the host`;
    case 'assumed':
      return `${subject} is required; ${what.value} is assumed`;
    case 'taken-from-root':
      return `${subject} should be an absolute path${not}; it is taken from the root`;
    case 'taken-from-bundle':
      return `${subject} should be an absolute path${not}; it is taken from the bundle`;
    case 'odd-timeout':
      return `${subject} should be greater than 0${not}; the hook ${what.meaning === 'none' ? 'has no deadline' : 'is ended at once'}`;
    case 'dots-resolved':
      return `${subject} should not contain "..": ${what.path} is used`;
    case 'first-counts':
      return `${subject} repeats ${shorten(what.first)}, which counts${found === '' ? '' : `: ${found}`}`;
    case 'type-bits':
      return `${subject} has the type bits of another kind of file${not}; they are ignored`;
    case 'too-many':
      return `${subject} has ${what.count} entries; ${what.scope === 'all' ? 'with those before there may be' : 'there may be'} at most ${what.limit}`;
    case 'without-effect':
      return `${subject} is empty: it has no effect`;
    case 'needs':
      return `${subject} needs ${what.property} as well`;
    case 'conflict':
      return `${subject} conflicts with ${what.property}`;
    case 'only-with':
      return `${subject} goes only with ${what.property} ${alternatives(what.values)}`;
    case 'above':
      return `${subject} must not be greater than ${what.property} (${what.limit})${not}`;
    case 'below':
      return `${subject} must not be less than ${what.property} (${what.limit})${not}`;
    case 'unsupported':
      return `${subject}: ${what.feature} not supported yet by chos-runtime`;
    case 'unknown-name':
      return `${subject} is not a property that ${what.of ?? 'the registry'} has`;
    case 'bad-pattern':
      return `${subject} is no regular expression (RE2): ${what.why}${not}`;
    case 'never-matches':
      return `${subject} holds for no container: ${neverMatches[what.why]}`;
    case 'not-executable':
    case 'foreign-program':
      return `${subject}${programFaultText(what)}`;
    case 'bad-tree-name':
      return `${subject} has a name that no ${what.of ?? 'tree'} can have: letters, digits, _ . + and -, not . or - first, at most 64`;
    case 'taken':
      return `${subject} is registered already, in ${what.first}`;
    case 'unknown-tree':
      return `${subject} names no registered tree${found === '' ? '' : `: ${found}`}`;
    case 'unknown-feature':
    case 'features-circle':
    case 'features-conflict':
      return `${subject}: ${featureFaultText(what)}`;
    case 'not-mounted':
      return `${subject}: the image of the tree is not mounted; chos-runtime tree prepare mounts it`;
    case 'no-directory':
      return `${subject} is not a directory that can be opened: ${errnoText(what.code)}`;
    case 'bad-file-path':
      return `${subject} is not the absolute path of a file of a tree, of at most 240 bytes`;
    case 'no-file':
      return `${subject} is not a regular file of at most 16 MiB that can be read: ${errnoText(what.code)}`;
    case 'not-rendered':
      return `${subject} is not written down yet: run chos-runtime tree files, or tree prepare`;
    case 'leads-away':
      return `${subject} is a symlink that leads out of its place, to ${what.target}`;
    case 'foreign-link': {
      const whose =
        what.uid !== 0
          ? `${what.path} belongs to user ${what.uid}`
          : `${what.path} has mode ${what.mode.toString(8)}`;
      return `${subject} leads through the symlink ${what.link}, which others than root may have put there (${whose})`;
    }
    case 'not-alias-path':
      return 'expected `alias:/absolute/path` in a section that is named %SHELLS';
    default:
      return unreachable(what);
  }
}

function syntaxSentence(problem: SyntaxProblem): string {
  switch (problem) {
    case 'unexpected-end':
      return 'the file ends too early: something is still open';
    case 'expected-value':
      return 'expected a JSON value here';
    case 'expected-key':
      return 'expected a name in double quotes here';
    case 'expected-colon':
      return 'expected ":" after the name';
    case 'expected-comma-or-brace':
      return 'expected "," or "}" here';
    case 'expected-comma-or-bracket':
      return 'expected "," or "]" here';
    case 'trailing-comma':
      return 'nothing follows the last ","';
    case 'text-after-end':
      return 'text after the end of the JSON value';
    case 'comment':
      return 'comments are not part of JSON';
    case 'single-quotes':
      return 'strings need double quotes';
    case 'unterminated-string':
      return 'this string has no closing quote';
    case 'control-character':
      return 'control characters must be escaped';
    case 'bad-escape':
      return 'no such escape sequence';
    case 'bad-number':
      return 'this is not a JSON number';
    default:
      return unreachable(problem);
  }
}

function formName(form: TextForm): string {
  switch (form) {
    case 'version':
      return 'a version 1.x.y of the OCI runtime spec';
    case 'repository-address':
      return 'an address of http, https or file, without blanks, quotes and brackets';
    case 'suite':
      return 'a suite such as trixie or trixie-updates';
    case 'component':
      return 'a component such as main';
    case 'package':
      return 'a package such as gcc, gcc:amd64, gcc=12.2 or @core';
    case 'repository-name':
      return 'a name of letters, digits, _ . and -';
    case 'page-size':
      return 'a page size such as 2MB';
    case 'device-access':
      return 'made of the letters r, w and m';
    case 'cpu-list':
      return 'a list of CPUs such as 0-3,7';
    case 'node-list':
      return 'a list of memory nodes such as 0-3,7, each below 1024';
    case 'unit-property':
      return "a property of systemd as GVariant's text, such as true, uint64 5 or 'a'";
    case 'net-device':
      return 'the name of a network device, without blanks, slashes and colons, in the container perhaps with one %d';
    case 'id-map':
      return 'of the form idmap=uids=0-1-10#10-11-10;gids=0-100-10, with ids that do not overlap';
    case 'resctrl-group':
      return 'the name of a directory of resctrl, or / for its root';
    case 'variable-name':
      return 'the name of a variable, or a pattern of such names';
    case 'shown-file':
      return 'host, tree, merge (for /etc/passwd and /etc/group), or the absolute path of a file of the host';
    case 'account':
      return 'a name or number without blanks';
    case 'cdi-device':
      return 'the name of a device of CDI, such as vendor.com/gpu=0';
    case 'memory-bandwidth':
      return 'one line that begins with MB:, such as MB:0=20;1=70';
    case 'sysctl-name':
      return 'the name of a sysctl';
    case 'other':
      return 'of another form';
    default:
      return unreachable(form);
  }
}

function hintOf(what: Reason, found: string, unknown: string | undefined): string | undefined {
  if (what.kind === 'unsupported') return `without it ${what.why}`;
  if (what.kind === 'not-one-of') {
    const meant = nearest(found.replaceAll('"', ''), what.allowed);
    return meant === undefined ? undefined : `did you mean "${meant}"?`;
  }
  if (what.kind === 'syntax' && what.problem === 'bad-number')
    return 'no leading zeros, no "+", digits around "."';
  if (what.kind === 'unknown-name') {
    const meant = nearest(unknown ?? '', what.allowed);
    return meant === undefined ? `it has ${what.allowed.join(', ')}` : `did you mean "${meant}"?`;
  }
  if (what.kind === 'not-an-id' && /\b(4294967295|0xffffffff|037777777777)\b/i.test(found))
    return 'the kernel takes that for "leave it as it is"';
  if (what.kind === 'not-mapped') return 'the container has no such id';
  if (what.kind === 'not-namespaced') return 'set it on the host, with sysctl(8)';
  return undefined;
}

function typeName(type: string): string {
  switch (type) {
    case 'integer':
      return 'a whole number';
    case 'object':
    case 'array':
      return type === 'object' ? 'an object {...}' : 'a list [...]';
    case 'boolean':
      return 'true or false';
    default:
      return `a ${type}`;
  }
}

function alternatives(words: readonly string[]): string {
  const quoted = words.map(word => `"${word}"`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
