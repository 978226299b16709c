/** Every file of cases; importing it registers them in this order, which is the order of the table. */
import './process.js';
import './user-and-capabilities.js';
import './rlimits.js';
import './mounts.js';
import './bind-mounts.js';
import './mount-options.js';
import './devices.js';
import './masked-and-readonly.js';
import './namespaces.js';
import './root.js';
import './hooks.js';
import './seccomp.js';
import './sysctl.js';
