/** What keeps the compiler in its storeys: functions that can be read at once, no words, and nothing that is remembered between two programs. */
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const FOLDER = 'runtime/compile';
const MOST_LINES = 60;

const sources: readonly ts.SourceFile[] = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts') && !/(^|\/)(test|golden)\//.test(file))
  .sort()
  .map(file => parsed(file, readFileSync(`${FOLDER}/${file}`, 'utf8')));

function parsed(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
}

/** Every node, from the outside in; whatever is below one for which `look` returns false is left out. */
function walk(node: ts.Node, look: (node: ts.Node) => boolean): void {
  if (look(node) !== false) ts.forEachChild(node, child => walk(child, look));
}

const lineOf = (source: ts.SourceFile, at: number): number =>
  source.getLineAndCharacterOfPosition(at).line + 1;

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)
    ? parent.name.getText()
    : 'arrow';
}

/** A function inside another counts for both. */
function longFunctions(source: ts.SourceFile, most: number): readonly string[] {
  const found: string[] = [];
  walk(source, node => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return true;
    const lines = lineOf(source, node.getEnd()) - lineOf(source, node.getStart()) + 1;
    if (lines > most) found.push(`${source.fileName} ${nameOf(node)}: ${lines} lines`);
    return true;
  });
  return found;
}

/** Text of a literal; a field of a template counts as a word. */
function literalText(node: ts.Node): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return null;
  return node.head.text + node.templateSpans.map(span => `_${span.literal.text}`).join('');
}

/** The names of rules are citations, like a line of config.json: `because` shows them. */
const isRule = (node: ts.Node): boolean =>
  ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'rule';

/** `throw new Error(...)`: nobody is meant to read it. */
const isBug = (node: ts.Node): boolean => ts.isThrowStatement(node);

/** Two or more blanks between words; without a word of its own it is the format of a line (`c 1:3 rwm`). */
const isSentence = (text: string): boolean => /\S +\S.* +\S/.test(text) && /[a-z]{2}/.test(text);

function sentences(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  walk(source, node => {
    if (isRule(node) || isBug(node)) return false;
    const text = literalText(node);
    if (text !== null && isSentence(text)) found.push(`${source.fileName}: ${text}`);
    return true;
  });
  return found;
}

const collections = ['Map', 'Set', 'WeakMap', 'WeakSet'];
const changers = ['set', 'add', 'delete', 'clear', 'push', 'pop', 'shift', 'unshift', 'splice', 'sort'];

const isAssignment = (node: ts.Node): node is ts.BinaryExpression =>
  ts.isBinaryExpression(node) &&
  node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
  node.operatorToken.kind <= ts.SyntaxKind.LastAssignment;

/** The variable that `a.b[c].d` begins with. */
function rootOf(node: ts.Expression): string | null {
  if (ts.isIdentifier(node)) return node.text;
  return ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)
    ? rootOf(node.expression)
    : null;
}

function madeBy(declaration: ts.VariableDeclaration): string | null {
  const { initializer } = declaration;
  return initializer !== undefined &&
    ts.isNewExpression(initializer) &&
    ts.isIdentifier(initializer.expression)
    ? initializer.expression.text
    : null;
}

/** Module-level variables that one compilation could leave different for the next. */
function memories(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const constants = new Set<string>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const changes = (statement.declarationList.flags & ts.NodeFlags.Const) === 0;
    const exported = statement.modifiers?.some(m => m.kind === ts.SyntaxKind.ExportKeyword) ?? false;
    for (const declaration of statement.declarationList.declarations) {
      const name = declaration.name.getText();
      const made = madeBy(declaration);
      constants.add(name);
      // A weak one is for nothing but remembering; one that others see must not be theirs to change.
      const open = exported && made !== null && collections.includes(made) && declaration.type === undefined;
      if (changes || made?.startsWith('Weak') || open) found.push(`${source.fileName}: ${name}`);
    }
  }
  walk(source, node => {
    const changed =
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      changers.includes(node.expression.name.text)
        ? rootOf(node.expression.expression)
        : isAssignment(node) && !ts.isIdentifier(node.left)
          ? rootOf(node.left as ts.Expression)
          : null;
    if (changed !== null && constants.has(changed)) found.push(`${source.fileName}: ${changed}`);
    return true;
  });
  return found;
}

/** What has been read once and for all, by the names that it goes by. */
const isConfig = (node: ts.Node): boolean =>
  /\b(config|process|linux|resources|hooks|mounts)\b/.test(node.getText());

const isEmpty = (node: ts.Expression): boolean =>
  (ts.isArrayLiteralExpression(node) && node.elements.length === 0) ||
  (ts.isObjectLiteralExpression(node) && node.properties.length === 0);

/** Defaults for what is never absent in the normal form of a config.json, and types of what it was before. */
function secondReadings(source: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const add = (node: ts.Node): void => void found.push(`${source.fileName}: ${node.getText()}`);
  walk(source, node => {
    if (ts.isImportDeclaration(node) && /generated\/config\.js/.test(node.moduleSpecifier.getText()))
      add(node);
    if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken &&
      isConfig(node.left) &&
      isEmpty(node.right)
    )
      add(node);
    if (ts.isVariableDeclaration(node) && ts.isObjectBindingPattern(node.name) && node.initializer)
      for (const element of node.name.elements)
        if (element.initializer && isEmpty(element.initializer) && isConfig(node.initializer)) add(element);
    return true;
  });
  return found;
}

test('the checks find what they are for', () => {
  const long = parsed('a.ts', `function f() {\n${'g();\n'.repeat(3)}}\nconst h = () => {\n\n};\n`);
  assert.equal(longFunctions(long, 4), ['a.ts f: 5 lines']);
  assert.equal(longFunctions(long, 2), ['a.ts f: 5 lines', 'a.ts h: 3 lines']);
  const words = parsed(
    'a.ts',
    "f('one two three', 'one two', `be $" +
      "{b('in a template')} c`, `$" +
      '{a} $' +
      '{b} $' +
      "{c}`); // of a comment\nrule('of a rule'); throw Error('of a bug');",
  );
  assert.equal(sentences(words), ['a.ts: one two three', 'a.ts: be _ c', 'a.ts: in a template']);
  const state = parsed(
    'a.ts',
    `let a = 1; const b = new WeakMap(); const c = new Map(); c.set(1, 2); const d: { x: number[] } = { x: [] };
     function f() { d.x.push(1); d.x[0] = 2; const e = []; e.push(1); }
     export const g = new Map(); export const h: ReadonlyMap<string, string> = new Map();`,
  );
  assert.equal(memories(state), ['a.ts: a', 'a.ts: b', 'a.ts: g', 'a.ts: c', 'a.ts: d', 'a.ts: d']);
  const readings = parsed(
    'a.ts',
    `import type { Mount } from '../../spec/generated/config.js';
     const { env = [], cwd } = launch.process; const a = config.linux ?? {}; const b = covered?.look ?? [];`,
  );
  assert.equal(secondReadings(readings), [
    "a.ts: import type { Mount } from '../../spec/generated/config.js';",
    'a.ts: env = []',
    'a.ts: config.linux ?? {}',
  ]);
});

test('functions can be read at once', () => {
  assert.ok(sources.length > 80);
  assert.equal(
    sources.flatMap(source => longFunctions(source, MOST_LINES)),
    [],
  );
});

test('no words: they are made in runtime/report/operations/', () => {
  assert.equal(sources.flatMap(sentences), []);
});

test('config.json has been read: nothing in it is absent, and nothing is taken apart again', () => {
  assert.equal(sources.flatMap(secondReadings), []);
});

test('nothing is remembered between two programs', () => {
  assert.equal(sources.flatMap(memories), []);
});

test.run();
