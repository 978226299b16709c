/**
 * What is registered: trees by name, and what they share with the host. Read from `/etc/chos` and `/etc/chos.d/*.json` (read-registry.ts).
 */
import type { Share } from '../../spec/environment.js';
import type { RegisteredHooks } from '../../spec/generated/registry.js';
import { fileName } from '../../spec/records/names.js';
import type { Diagnostic } from '../admit/diagnostic.js';

/** A share as a file registers it. */
export interface RegisteredShare extends Share {
  /** Where it is not there, launches go on without it. */
  readonly optional: boolean;
  /** A diagnostic about its path. */
  diagnose(what: Diagnostic['what']): Diagnostic;
}

/** Where what trees show of `files` is written (render-files.ts). */
export const FILES = '/run/chos/files';
export const renderedAt = (tree: string, path: string): string =>
  `${FILES}/${fileName(tree)}/${fileName(path)}`;

/** A file of which a tree shows another than its own. */
export interface RegisteredFile {
  /** Inside. */
  readonly path: string;
  readonly content: /** The host's of that path; where it has none, the tree's own. */
    | { readonly kind: 'host' }
    /** The tree's own after all, whatever the file or the site says. */
    | { readonly kind: 'tree' }
    | { readonly kind: 'merge' }
    | { readonly kind: 'from'; readonly from: string };
  /** A diagnostic about it. */
  diagnose(what: Diagnostic['what']): Diagnostic;
}

/** What `chos` makes of its caller's environment, in this order; `variables` before `set`. */
export interface TreeVariables {
  /** Patterns of names; null: all stay. */
  readonly keep: readonly string[] | null;
  readonly unset: readonly string[];
  readonly set: readonly string[];
}

export const allVariables: TreeVariables = { keep: null, unset: [], set: [] };

/** A file or directory of the host that a feature shows, at another place perhaps. */
export interface FeatureFile {
  /** On the host; absolute. */
  readonly path: string;
  /** Inside; absolute. */
  readonly at: string;
  readonly writable: boolean;
  readonly optional: boolean;
}

/** By its path on the host, or by its name in CDI. */
export interface FeatureDevice {
  readonly by: 'path' | 'cdi';
  readonly name: string;
  /** Any of r, w and m. */
  readonly access: string;
  readonly optional: boolean;
}

/** What starts of trees may ask for beside the shares (docs/features.md). */
export interface RegisteredFeature {
  readonly name: string;
  readonly description: string;
  readonly files: readonly FeatureFile[];
  readonly devices: readonly FeatureDevice[];
  /** NAME=VALUE entries: in the place of what is there; before it, with a colon. */
  readonly set: readonly string[];
  readonly prepend: readonly string[];
  readonly skipPrograms: boolean;
  readonly requires: readonly string[];
  readonly conflicts: readonly string[];
  /** Where it is registered. */
  readonly file: string;
  readonly line: number;
  /** A diagnostic about it. */
  diagnose(what: Diagnostic['what']): Diagnostic;
}

export interface RegisteredTree {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** Its own, or those of its file and of the site. */
  readonly shares: readonly RegisteredShare[];
  /** Shown like shares: `shares` has each of them once more. */
  readonly files: readonly RegisteredFile[];
  readonly backEnd: 'auto' | 'kmod' | 'pinned' | 'private';
  readonly readonly: boolean;
  readonly variables: readonly string[];
  readonly environment: TreeVariables;
  readonly hooks: RegisteredHooks;
  /** Of x86-64-v1 to v4, that the registry demands; 0: it says nothing. */
  readonly cpuLevel: number;
  /** Names of those that every start gets. */
  readonly features: readonly string[];
  /** A bind that asks to be private is not left out where the environment shows a slave. */
  readonly strict: boolean;
  readonly shell: string;
  readonly description: string;
  /** Where it is registered. */
  readonly file: string;
  readonly line: number;
  /** It has a list of shares of its own, to which nothing is added. */
  readonly ownShares: boolean;
  /** A diagnostic about its path. */
  diagnose(what: Diagnostic['what']): Diagnostic;
  /** One about its list of features. */
  diagnoseFeatures(what: Diagnostic['what']): Diagnostic;
}

/** Which tree `chos` takes for whom (docs/chos.md). */
export interface SiteChoice {
  readonly by: 'user' | 'group' | 'host';
  /** Name, number or pattern, without blanks. */
  readonly of: string;
  readonly tree: string;
  /** A diagnostic about its tree. */
  diagnose(what: Diagnostic['what']): Diagnostic;
}

/** A file, or entries of one, that cannot be used. Only what it would register is lost. */
export interface BrokenFile {
  readonly file: string;
  readonly why:
    | { readonly kind: 'diagnostics'; readonly diagnostics: readonly Diagnostic[] }
    | { readonly kind: 'untrusted'; readonly why: 'owner' | 'mode' | 'not-a-file' }
    | { readonly kind: 'unreadable'; readonly code: string };
  /** Names that it would register, as far as can be told. */
  readonly trees: readonly string[];
}

export interface Registry {
  readonly trees: ReadonlyMap<string, RegisteredTree>;
  /** What every tree of a file shows, of all files: the shares of the skeleton. */
  readonly shares: readonly RegisteredShare[];
  /** The tree that `default` stands for. */
  readonly defaultTree: string | null;
  /** In the order of the files. One of a tree that is unknown stays, or somebody would get another tree than he was to have. */
  readonly choices: readonly SiteChoice[];
  /** By name; what is wrong between them is told by `broken`, too. */
  readonly features: ReadonlyMap<string, RegisteredFeature>;
  readonly broken: readonly BrokenFile[];
}

/** What stands for the default of the registry wherever a tree is named. */
export const DEFAULT_NAME = 'default';

/** What one file says. */
export interface RegistryFile {
  readonly trees: readonly RegisteredTree[];
  /** Those of the file; of one without trees: those of the whole site. */
  readonly shares: readonly RegisteredShare[];
  /** In the same way. */
  readonly files: readonly RegisteredFile[];
  readonly siteWide: boolean;
  readonly defaultTree: { readonly name: string; diagnose(what: Diagnostic['what']): Diagnostic } | null;
  readonly choices: readonly SiteChoice[];
  readonly features: readonly RegisteredFeature[];
}

export type ReadFile =
  | { readonly kind: 'read'; readonly file: RegistryFile }
  | {
      readonly kind: 'refused';
      readonly diagnostics: readonly Diagnostic[];
      /** Names that it would register, as far as can be told. */
      readonly trees: readonly string[];
    };

/** An absolute path with one slash between names, and without ".". */
export function cleanPath(path: string): string {
  const names = path.split('/').filter(name => name !== '' && name !== '.');
  return path.startsWith('/') ? `/${names.join('/')}` : path;
}

/** A name is a file name under the pins, a word on a command line, and never looks like an option or a generation (`NAME@N`). */
export function isTreeName(name: string): boolean {
  return /^[A-Za-z0-9_+][A-Za-z0-9_.+-]{0,63}$/.test(name);
}

/** The classic file lets a path stand for itself. */
export function isPathAlias(name: string): boolean {
  return /^\/[^\0@]+$/.test(name);
}

/** Of who has none. */
export const noTrees: Registry = {
  trees: new Map(),
  shares: [],
  choices: [],
  features: new Map(),
  defaultTree: null,
  broken: [],
};
