import './exit-codes.js';
import './process.js';
import './filesystem.js';
import './isolation.js';
import './life.js';
import './exec.js';
import './terminal.js';
import './host.js';
