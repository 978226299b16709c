/** `write-pages.ts DIRECTORY VERSION`: write the manual pages, and the completion for bash. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { bashCompletion } from './bash-completion.js';
import { chosCompletion, chosPage } from './chos-page.js';
import { manPages } from './man.js';
import { pamPage } from './pam-page.js';

const [directory, version] = process.argv.slice(2);
if (directory === undefined || version === undefined) throw new Error('usage: write-pages DIRECTORY VERSION');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
for (const [name, text] of manPages(version)) writeFileSync(`${directory}/${name}`, text);
writeFileSync(`${directory}/chos.1`, chosPage(version));
writeFileSync(`${directory}/pam_chos.8`, pamPage(version));
writeFileSync(`${directory}/chos-runtime.bash`, bashCompletion());
writeFileSync(`${directory}/chos.bash`, chosCompletion());
