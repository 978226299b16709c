import type { SyntaxProblem } from './diagnostic.js';
import { maximumDepth } from './outline.js';

/** The first place where a text is not JSON (RFC 8259), in UTF-16 code units. */
export interface SyntaxFault {
  readonly at: number;
  readonly length: number;
  readonly problem: SyntaxProblem | 'too-deep';
}

type Expected = 'value' | 'first-item' | 'name' | 'first-name' | 'colon' | 'comma' | 'end';

const literals = ['true', 'false', 'null'];

/**
 * Finds what is wrong with a text that JSON.parse refused. JSON.parse's own message has no position in some
 * versions of V8 and other words in each. `undefined` if nothing is wrong.
 */
export function findSyntaxFault(text: string): SyntaxFault | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = skipSpace(text, at);
    const found = text[at];
    if (found === undefined) return expected === 'end' ? undefined : fault(at, 'unexpected-end');
    if (found === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) return fault(at, 'comment', 2);
    switch (expected) {
      case 'end':
        return fault(at, 'text-after-end');
      case 'colon':
        if (found !== ':') return fault(at, 'expected-colon');
        expected = 'value';
        at++;
        continue;
      case 'comma':
        if (found === ',') {
          expected = open[open.length - 1] === '{' ? 'name' : 'value';
          at++;
          continue;
        }
        if (open[open.length - 1] === '{') {
          if (found !== '}') return fault(at, 'expected-comma-or-brace');
        } else if (found !== ']') return fault(at, 'expected-comma-or-bracket');
        open.pop();
        expected = open.length === 0 ? 'end' : 'comma';
        at++;
        continue;
      case 'name':
      case 'first-name': {
        if (found === '}') {
          if (expected === 'name') return fault(at, 'trailing-comma');
          open.pop();
          expected = open.length === 0 ? 'end' : 'comma';
          at++;
          continue;
        }
        if (found === "'") return fault(at, 'single-quotes');
        if (found !== '"') return fault(at, 'expected-key');
        const end = checkString(text, at);
        if (typeof end !== 'number') return end;
        expected = 'colon';
        at = end;
        continue;
      }
      case 'value':
      case 'first-item': {
        if (found === '{' || found === '[') {
          if (open.length === maximumDepth) return fault(at, 'too-deep');
          open.push(found);
          expected = found === '{' ? 'first-name' : 'first-item';
          at++;
          continue;
        }
        if (found === ']' && open[open.length - 1] === '[') {
          if (expected === 'value') return fault(at, 'trailing-comma');
          open.pop();
          expected = open.length === 0 ? 'end' : 'comma';
          at++;
          continue;
        }
        const end = checkScalar(text, at);
        if (typeof end !== 'number') return end;
        expected = open.length === 0 ? 'end' : 'comma';
        at = end;
      }
    }
  }
}

function fault(at: number, problem: SyntaxFault['problem'], length = 1): SyntaxFault {
  return { at, length, problem };
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (text[next] === ' ' || text[next] === '\n' || text[next] === '\t' || text[next] === '\r') next++;
  return next;
}

function checkScalar(text: string, at: number): number | SyntaxFault {
  const first = text[at] ?? '';
  if (first === '"') return checkString(text, at);
  if (first === "'") return fault(at, 'single-quotes');
  if (first === '-' || isDigit(first)) return checkNumber(text, at);
  for (const literal of literals) {
    if (text.startsWith(literal, at)) return at + literal.length;
  }
  return fault(at, 'expected-value', wordLength(text, at));
}

function checkString(text: string, at: number): number | SyntaxFault {
  for (let next = at + 1; next < text.length; next++) {
    const code = text.charCodeAt(next);
    if (code === 0x22) return next + 1;
    if (code === 0x0a) return fault(at, 'unterminated-string', next - at);
    if (code < 0x20) return fault(next, 'control-character');
    if (code !== 0x5c) continue;
    next++;
    const escaped = text[next] ?? '';
    if (escaped === 'u') {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(next + 1, next + 5))) return fault(next - 1, 'bad-escape', 2);
      next += 4;
    } else if (escaped === '' || !'"\\/bfnrt'.includes(escaped)) {
      return fault(next - 1, 'bad-escape', 2);
    }
  }
  return fault(at, 'unterminated-string', text.length - at);
}

function checkNumber(text: string, at: number): number | SyntaxFault {
  let next = text[at] === '-' ? at + 1 : at;
  const whole = next;
  next = skipDigits(text, next);
  let valid = next > whole && (text[whole] !== '0' || next === whole + 1);
  if (text[next] === '.') {
    const fraction = next + 1;
    next = skipDigits(text, fraction);
    valid &&= next > fraction;
  }
  if (text[next] === 'e' || text[next] === 'E') {
    next++;
    if (text[next] === '+' || text[next] === '-') next++;
    const exponent = next;
    next = skipDigits(text, exponent);
    valid &&= next > exponent;
  }
  return valid ? next : fault(at, 'bad-number', Math.max(next - at, wordLength(text, at)));
}

function skipDigits(text: string, at: number): number {
  let next = at;
  while (isDigit(text[next] ?? '')) next++;
  return next;
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9' && character.length === 1;
}

/** Characters up to the next one that could end a word; at least 1. */
function wordLength(text: string, at: number): number {
  const length = text.slice(at, at + 40).search(/[\s,:{}[\]"]/);
  return Math.max(1, length === -1 ? Math.min(40, text.length - at) : length);
}
