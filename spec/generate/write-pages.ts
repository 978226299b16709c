/** `write-pages.ts DIRECTORY VERSION`: write the manual pages, and the completion for bash, zsh and fish. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { bashCompletion } from './bash-completion.js';
import { chosBashCompletion, chosFishCompletion, chosZshCompletion } from './chos-completion.js';
import { chosPage } from './chos-page.js';
import { filePages } from './file-pages.js';
import { fishCompletion } from './fish-completion.js';
import { manPages } from './man.js';
import { pamPage } from './pam-page.js';
import { zshCompletion } from './zsh-completion.js';

const [directory, version] = process.argv.slice(2);
if (directory === undefined || version === undefined) throw new Error('usage: write-pages DIRECTORY VERSION');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
for (const [name, text] of manPages(version)) writeFileSync(`${directory}/${name}`, text);
writeFileSync(`${directory}/chos.1`, chosPage(version));
writeFileSync(`${directory}/chos-job-starter.1`, '.so man1/chos.1\n');
writeFileSync(`${directory}/pam_chos.8`, pamPage(version));
for (const [name, text] of filePages(version)) writeFileSync(`${directory}/${name}`, text);

/** Of the ready-made hooks: their definitions are installed under the same names. */
const hooks = readdirSync('hooks', { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .flatMap(({ name }) => readdirSync(`hooks/${name}`))
  .filter(name => name.endsWith('.json') && name !== 'settings.schema.json')
  .map(name => name.slice(0, -'.json'.length))
  .sort();
const completions = {
  'chos-runtime.bash': bashCompletion(hooks),
  'chos.bash': chosBashCompletion(),
  '_chos-runtime': zshCompletion(hooks),
  _chos: chosZshCompletion(),
  'chos-runtime.fish': fishCompletion(hooks),
  'chos.fish': chosFishCompletion(),
};
for (const [name, text] of Object.entries(completions)) writeFileSync(`${directory}/${name}`, text);
