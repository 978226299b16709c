/** Where a value stands in a JSON document: names and indexes from the root. */
export type ValuePath = readonly (string | number)[];

/** A position in a text file; both count from 1, columns in characters (Unicode code points). */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What `syntax` diagnostics say was wrong. */
export type SyntaxProblem =
  | 'unexpected-end'
  | 'expected-value'
  | 'expected-key'
  | 'expected-colon'
  | 'expected-comma-or-brace'
  | 'expected-comma-or-bracket'
  | 'trailing-comma'
  | 'text-after-end'
  | 'comment'
  | 'single-quotes'
  | 'unterminated-string'
  | 'control-character'
  | 'bad-escape'
  | 'bad-number';

/** Shapes that a text must have, beyond being text. */
export type TextForm =
  | 'version'
  | 'page-size'
  | 'device-access'
  | 'cpu-list'
  | 'node-list'
  | 'net-device'
  | 'sysctl-name'
  | 'unit-property'
  | 'id-map'
  | 'resctrl-group'
  | 'memory-bandwidth'
  | 'account'
  | 'shown-file'
  | 'cdi-device'
  | 'variable-name'
  | 'repository-address'
  | 'suite'
  | 'component'
  | 'package'
  | 'repository-name'
  | 'other';

/** Why an input file is refused. Words for people are made in runtime/report/diagnostic.ts. */
export type Reason =
  /** Nothing in the file, or white space only. */
  | { readonly kind: 'empty-file' }
  /** The file is longer than we read. Both in bytes. */
  | { readonly kind: 'too-large'; readonly bytes: number; readonly limit: number }
  /** More texts, numbers, lists and objects than we read, in the value that has most of them. */
  | { readonly kind: 'too-many-values'; readonly count: number; readonly limit: number }
  /** A byte that is no part of well-formed UTF-8. */
  | { readonly kind: 'invalid-utf8'; readonly byte: number }
  /** U+FEFF at the start, which RFC 8259 section 8.1 forbids. */
  | { readonly kind: 'byte-order-mark' }
  /** More arrays and objects inside each other than we follow. */
  | { readonly kind: 'too-deep'; readonly limit: number }
  /** Not JSON. */
  | { readonly kind: 'syntax'; readonly problem: SyntaxProblem }
  /** The same name twice in one object: JSON readers disagree on which one counts. */
  | { readonly kind: 'duplicate-key'; readonly firstLine: number }
  /** A required property is not there. The diagnostic's path is the property's. */
  | { readonly kind: 'missing' }
  /** Another JSON type than the spec's. */
  | { readonly kind: 'wrong-type'; readonly expected: string }
  /** No whole number, or outside these limits (inclusive, decimal text since they may need 64 bits). */
  | { readonly kind: 'out-of-range'; readonly minimum: string; readonly maximum: string }
  /** A number that is no user or group (spec/ids.ts). */
  | { readonly kind: 'not-an-id' }
  /** None of the words that the spec lists. */
  | { readonly kind: 'not-one-of'; readonly allowed: readonly string[] }
  /** A text that has not the form it must have. */
  | { readonly kind: 'wrong-form'; readonly form: TextForm }
  /** An empty text or list where there must be something. */
  | { readonly kind: 'empty' }
  /** That is wrong with a key, not with what it leads to; `of`: the path of the object. */
  | { readonly kind: 'key'; readonly of: string; readonly key: string; readonly what: Reason }
  /** One of its keys is the empty string. */
  | { readonly kind: 'empty-key' }
  /** A NUL character: the kernel would take the text to end there. */
  | { readonly kind: 'nul-character' }
  /** Half of a UTF-16 surrogate pair: there are no bytes for it. */
  | { readonly kind: 'lone-surrogate' }
  /** A path that must start with a slash. */
  | { readonly kind: 'not-absolute' }
  /** A path with a `..` component where that would lead out. */
  | { readonly kind: 'dot-dot' }
  /** `/`, however it is written: as a tree it would be the host itself, inside a tree it is the tree's own. */
  | { readonly kind: 'root-directory'; readonly of: 'host' | 'tree' }
  /** A slash where a single file name is needed. */
  | { readonly kind: 'slash' }
  /** An environment entry that is not NAME=VALUE. */
  | { readonly kind: 'not-an-assignment' }
  /** More bytes than the kernel takes. */
  | { readonly kind: 'too-long'; readonly limit: number }
  /** More bytes of arguments and environment than execve(2) takes. */
  | { readonly kind: 'arguments-too-long'; readonly bytes: number; readonly limit: number }
  /** A second entry for what may be given once; `first` is the path of the other. */
  | { readonly kind: 'duplicate'; readonly first: string }
  /** Ids that an earlier entry of the same list has, too; `first` is its path. */
  | { readonly kind: 'overlaps'; readonly first: string }
  /** Maps that the kernel takes in one piece, which they exceed. In bytes. */
  | { readonly kind: 'map-too-long'; readonly bytes: number; readonly limit: number }
  /** Owners of files are mapped by a mount of their own only. */
  | { readonly kind: 'not-mappable'; readonly of: 'remount' | 'cgroup' }
  /** An id that is none in the container's user namespace: `property` has no entry for it. */
  | { readonly kind: 'not-mapped'; readonly id: number; readonly property: string }
  /** Would change the host unless the container has such a namespace. */
  | { readonly kind: 'needs-namespace'; readonly namespace: string }
  /** A sysctl that belongs to no namespace and would change the host. */
  | { readonly kind: 'not-namespaced' }
  /** Required and not there; both other runtimes take this value for it, and so do we. Only ever a warning. */
  | { readonly kind: 'assumed'; readonly value: string }
  /** A path that is not absolute, and is taken from the root. Only ever a warning. */
  | { readonly kind: 'taken-from-root' }
  /** A path that is not absolute, and is taken from the bundle. Only ever a warning. */
  | { readonly kind: 'taken-from-bundle' }
  /** A timeout that is none, and what it is taken for. Only ever a warning. */
  | { readonly kind: 'odd-timeout'; readonly meaning: 'none' | 'at-once' }
  /** A path with `..`, which is taken away as at the root. Only ever a warning. */
  | { readonly kind: 'dots-resolved'; readonly path: string }
  /** A second entry for the same thing; the first counts. Only ever a warning. */
  | { readonly kind: 'first-counts'; readonly first: string }
  /** A mode with the type of another kind of file. Only ever a warning. */
  | { readonly kind: 'type-bits' }
  /** A list with more entries than a program can carry out: of this list, or of all such lists together. */
  | {
      readonly kind: 'too-many';
      readonly count: number;
      readonly limit: number;
      readonly scope: 'list' | 'all';
    }
  /** Correct, but nothing comes of it. Only ever a warning. */
  | { readonly kind: 'without-effect' }
  /** Has no meaning without another property. */
  | { readonly kind: 'needs'; readonly property: string }
  /** Says the same thing as another property. */
  | { readonly kind: 'conflict'; readonly property: string }
  /** Goes only with certain values of another property. */
  | { readonly kind: 'only-with'; readonly property: string; readonly values: readonly string[] }
  /** A number that may not exceed another property's. */
  | { readonly kind: 'above'; readonly property: string; readonly limit: string }
  /** A number that may not fall below another property's. */
  | { readonly kind: 'below'; readonly property: string; readonly limit: string }
  /** Correct, but not done by this version; `why` says what would come of leaving it out. */
  | { readonly kind: 'unsupported'; readonly feature: string; readonly why: string }
  /** A property that files of this kind (the registry's, if it is not said) do not have; in config.json such are ignored, as the spec demands. */
  | {
      readonly kind: 'unknown-name';
      readonly allowed: readonly string[];
      readonly of?: string;
    }
  /** A regular expression that RE2, the library of Podman and CRI-O, does not compile. */
  | { readonly kind: 'bad-pattern'; readonly why: string }
  /** Conditions of a hook that hold for no container. */
  | { readonly kind: 'never-matches'; readonly why: 'no-condition' | 'always-false' | 'no-bind-mounts' }
  /** The program of a hook, and why it cannot be executed (an errno's name), or why it should not be. */
  | {
      readonly kind: 'not-executable';
      readonly program: string;
      readonly code: string;
      /** The file is there; what is to execute it is not. */
      readonly interpreter?: true;
    }
  | {
      readonly kind: 'foreign-program';
      readonly program: string;
      readonly uid: number;
      readonly mode: number;
    }
  /** A name of a tree, or of a feature, that cannot be one. */
  | { readonly kind: 'bad-tree-name'; readonly of?: 'feature' }
  /** A name that another registry file (as `file:line`) has given to a tree before. */
  | { readonly kind: 'taken'; readonly first: string }
  /** The name of no registered tree. */
  | { readonly kind: 'unknown-tree' }
  /** The name of no registered feature. */
  | {
      readonly kind: 'unknown-feature';
      readonly name: string;
      readonly requiredBy: string | null;
      readonly known: readonly string[];
    }
  /** Features that require each other; the first is named again at the end. */
  | { readonly kind: 'features-circle'; readonly names: readonly string[] }
  /** Two features that do not go together; `place`: because both put something there. */
  | {
      readonly kind: 'features-conflict';
      readonly one: string;
      readonly other: string;
      readonly place?: string;
    }
  /** A path that names no directory; `code` is the errno's name. */
  | { readonly kind: 'no-directory'; readonly code: string }
  /** A tree that is the image beside it. */
  | { readonly kind: 'not-mounted' }
  /** A symlink that leads out of the directory in which it stands. */
  | { readonly kind: 'bad-file-path' }
  | { readonly kind: 'no-file'; readonly code: string }
  /** It is not written down yet what the tree shows of the host's files. */
  | { readonly kind: 'not-rendered' }
  | { readonly kind: 'leads-away'; readonly target: string }
  /** A symlink that others than root could have put there: `path` belongs to `uid`, or its `mode` lets others write. */
  | {
      readonly kind: 'foreign-link';
      readonly link: string;
      readonly path: string;
      readonly uid: number;
      readonly mode: number;
    }
  /** A line of the classic registry file that is not `alias:path`, or outside a section that we know. */
  | { readonly kind: 'not-alias-path' };

/** Of features that are asked for together. */
export type FeatureFault = Extract<
  Reason,
  { readonly kind: 'unknown-feature' | 'features-circle' | 'features-conflict' }
>;

/** Of the program of a hook. */
export type ProgramFault = Extract<Reason, { readonly kind: 'not-executable' | 'foreign-program' }>;

/** One thing wrong with an input file, and where. */
export interface Diagnostic extends Place {
  /** As the caller named it. */
  readonly file: string;
  /** Characters that the fault covers, at least 1, ending on the same line. */
  readonly length: number;
  /** As in JavaScript, `mounts[0].type`; empty for the document as a whole. */
  readonly path: string;
  readonly what: Reason;
  /** The JSON text of the value at fault, on one line and shortened; empty if there is none. */
  readonly found: string;
  /** The whole line, without its end. */
  readonly sourceLine: string;
}

/** Reports one fault of the value at `path`; given to every check. */
export type Note = (path: ValuePath, what: Reason) => void;

/** A fault of a key of the object at `path`. */
export function noteKey(note: Note, path: ValuePath, key: string, what: Reason): void {
  note([...path, key], { kind: 'key', of: formatPath(path), key, what });
}

/** A path in the notation of JavaScript: `mounts[0].type`, `linux.sysctl["net.core.somaxconn"]`. */
export function formatPath(path: ValuePath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (!/^[A-Za-z_$][\w$]*$/.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}
