/** `write-options-page.ts`: write docs/options.md. */
import { writeFileSync } from 'node:fs';
import { OPTIONS_PAGE, optionsPage } from './options-page.js';

writeFileSync(OPTIONS_PAGE, optionsPage());
