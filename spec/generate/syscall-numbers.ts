/**
 * Writes spec/syscall-numbers/*.ts from the kernel's user-space headers. Run by hand when a new kernel brings new
 * calls; not part of the build, so that building needs no particular header package.
 *
 * Input: the folder with one subfolder per kernel architecture that Debian's linux-libc-dev ships since trixie
 * (`dpkg-deb -x linux-libc-dev_*.deb x`, then `x/usr/lib/linux/uapi`).
 *
 *   node_modules/.bin/esbuild spec/generate/syscall-numbers.ts --bundle --platform=node --format=esm \
 *     --outfile=build/syscall-numbers.mjs && node build/syscall-numbers.mjs x/usr/lib/linux/uapi 7.3
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Source {
  readonly file: string;
  readonly constant: string;
  readonly headers: readonly string[];
}

const sources: readonly Source[] = [
  { file: 'x86-64.ts', constant: 'x86_64', headers: ['x86/asm/unistd_64.h'] },
  { file: 'i386.ts', constant: 'i386', headers: ['x86/asm/unistd_32.h'] },
  { file: 'x32.ts', constant: 'x32', headers: ['x86/asm/unistd_x32.h'] },
  { file: 'aarch64.ts', constant: 'aarch64', headers: ['arm64/asm/unistd_64.h'] },
  { file: 'arm.ts', constant: 'arm', headers: ['arm/asm/unistd-eabi.h', 'arm/asm/unistd.h'] },
];

/** What the headers add to the plain number; __X32_SYSCALL_BIT is left to spec/syscall-numbers.ts. */
const bases = new Map([
  ['__X32_SYSCALL_BIT', 0],
  ['__NR_SYSCALL_BASE', 0], // the EABI; the old ABI has 0x900000
  ['__ARM_NR_BASE', 0x0f0000], // arm's private calls
]);

const numbered = /^#define __(?:ARM_)?NR_([a-z_]\w*)\s+(?:(\d+)|\((\w+)\s*\+\s*(\d+)\))\s*$/gm;
const renamed = /^#define __NR_([a-z_]\w*)\s+__NR_(\w+)\s*$/gm;

function readNumbers(text: string): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [, name = '', plain, base, offset] of text.matchAll(numbered)) {
    const start = base === undefined ? 0 : bases.get(base);
    if (start === undefined) throw new Error(`unknown base ${base} of ${name}`);
    numbers.set(name, start + Number(plain ?? offset));
  }
  for (const [, alias = '', name = ''] of text.matchAll(renamed)) {
    const number = numbers.get(name);
    if (number === undefined) throw new Error(`${alias} is another name of the unknown ${name}`);
    numbers.set(alias, number);
  }
  return numbers;
}

/** Names in the order of their numbers; a number stands only where the count does not simply go on. */
function encode(numbers: ReadonlyMap<string, number>): readonly string[] {
  const words: string[] = [];
  let expected = 0;
  for (const [name, number] of [...numbers].sort((a, b) => a[1] - b[1])) {
    if (number !== expected) words.push(String(number));
    words.push(name);
    expected = number + 1;
  }
  return words;
}

function wrap(words: readonly string[], width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line.length + word.length + 1 > width) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}

const [folder, version] = process.argv.slice(2);
if (folder === undefined || version === undefined)
  throw new Error('usage: syscall-numbers UAPI-FOLDER KERNEL-VERSION');
for (const { file, constant, headers } of sources) {
  const numbers = readNumbers(headers.map(header => readFileSync(join(folder, header), 'utf8')).join('\n'));
  const heading = `/** Linux ${version}, ${headers.join(' + ')}. Written by spec/generate/syscall-numbers.ts; read by spec/syscall-numbers.ts. */`;
  const text = `${heading}\nexport const ${constant} = \`\n${wrap(encode(numbers), 108)}\n\`;\n`;
  writeFileSync(join('spec/syscall-numbers', file), text);
}
