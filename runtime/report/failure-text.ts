/** Words for why a command was not carried out: verb, object, reason, place, hint, on one line. Callers look for some of them: the test beside says which. */
import { unreachable } from '../../spec/unreachable.js';
import { criuText } from './criu-text.js';
import { distrustText } from './distrust-text.js';
import { errnoText } from './errno-text.js';
import type { Failure } from './failure.js';
import { nearest } from './nearest.js';
import { NO_PROCFS } from './operations/launch.js';
import { storeFaultText } from './store-text.js';
import { treeFaultText } from './tree-text.js';
import { usageText } from './usage-text.js';
import { visible } from './visible.js';

export { errnoText } from './errno-text.js';

function attachText(fault: 'no-place' | 'ambiguous' | 'taken'): string {
  switch (fault) {
    case 'no-place':
      return 'it is not an engine of this version';
    case 'ambiguous':
      return 'it has more than one place for a program';
    case 'taken':
      return 'it already carries a program; use the installed chos-runtime';
    default:
      return unreachable(fault);
  }
}

/** More nobody reads in one line. */
const SHOWN = 5;

export function failureText(failure: Failure): string {
  switch (failure.kind) {
    case 'usage':
      return visible(usageText(failure.fault));
    case 'bad-id':
      return `container id \`${visible(failure.id)}\` is not valid: letters, digits, _ + - and . (not first), at most 255`;
    case 'public-address':
      return `listen on \`${failure.address}\`: other machines reach it, and everybody there would see processes and users of this one; give --public if that is meant`;
    case 'no-state-root':
      return 'no directory for the container state: set XDG_RUNTIME_DIR, or give --root an absolute path';
    case 'program-too-large':
      return `compile the launch: it takes ${failure.count} ${failure.of}, and a launch program holds ${failure.most} at most (config.json needs fewer mounts, devices, hooks or limits, or shorter texts)`;
    case 'output-too-long':
      return `print what was asked for: it has ${failure.bytes} bytes, and at most ${failure.most} can be`;
    case 'compiler-lost':
      return `serve: the compiler is lost: ${visible(failure.why)}`;
    case 'facts-of-another':
      if (failure.of === 'machine')
        return `--facts: they are of another machine, or of an earlier boot of this one, and ${failure.what === 'tree' ? 'what a tree is entered by is that of this one: its generations and skeleton' : 'which systemd makes the cgroups is found out on this one'}: run it there, or print the facts anew`;
      return `--facts: they are of a caller of other ids or another user namespace, and ${failure.what === 'tree' ? 'how a tree is entered' : 'which systemd makes the cgroups'} depends on the caller: run it as that one, or give facts of this one`;
    case 'no-procfs':
      return NO_PROCFS;
    case 'no-container':
      return `container \`${failure.id}\` does not exist`;
    case 'half-created':
      return `cannot ${failure.verb} container \`${failure.id}\`: it was never finished, container not running; remove it with \`delete --force\``;
    case 'not-running':
      return `cannot ${failure.verb} container \`${failure.id}\`: container not running`;
    case 'paused':
      return `cannot exec in container \`${failure.id}\`: it is paused; resume it first`;
    case 'bad-state':
      return `read state of container \`${failure.id}\`: it is not a state of this runtime (${visible(failure.file)}); remove it with \`delete --force\``;
    case 'distrust':
      return distrustText(failure.distrust);
    case 'other-version':
      return `cannot start container \`${failure.id}\`: another version of chos-runtime created it, or its program is damaged; remove it with \`delete --force\` and create it anew`;
    case 'unknown-signal':
      return `unknown signal \`${visible(failure.signal)}\`; give a number from 0 to 64 or a name like TERM`;
    case 'file':
      return `${failure.verb} \`${visible(failure.path)}\`: ${errnoText(failure.code)}`;
    case 'not-a-file':
      return `read \`${visible(failure.path)}\`: not a regular file`;
    case 'no-hook':
      return `no hook \`${visible(failure.name)}\`${failure.known.length === 0 ? '' : ` (there is ${failure.known.join(', ')})`}`;
    case 'foreign-hook-file':
      return `\`${visible(failure.file)}\` is not the file of a hook of chos-runtime: it is left as it is`;
    case 'refused-input':
      return failure.text;
    case 'exec-without-process':
      return '`exec` lacks the command to run; give it after the ID, or a JSON file with --process';
    case 'criu':
      return criuText(failure.fault);
    case 'unknown-tree': {
      const best = nearest(failure.name, failure.known);
      const hint = best === undefined ? 'see `chos-runtime tree list`' : `did you mean \`${best}\`?`;
      const { broken } = failure;
      const [left] = broken;
      const files =
        left === undefined
          ? ''
          : `; ${visible(left)}${broken.length > 1 ? ` and ${broken.length - 1} more` : ''} is broken and left out, see \`chos-runtime tree check\``;
      return `unknown tree \`${visible(failure.name)}\`; ${hint}${files}`;
    }
    case 'tree':
      return visible(treeFaultText(failure.fault));
    case 'store':
      return visible(storeFaultText(failure.fault));
    case 'bad-engine':
      return `attach a program to \`${visible(failure.path)}\`: ${attachText(failure.fault)}`;
    case 'bad-regex':
      return `\`${visible(failure.pattern)}\` is no extended regular expression: ${visible(failure.why)}`;
    case 'some-failed': {
      const { verb, of, faults } = failure;
      const left = faults.length - SHOWN;
      const more = left > 0 ? `; and ${left} more` : '';
      return `${verb} of ${faults.length} of ${of} containers failed: ${faults.slice(0, SHOWN).join('; ')}${more}`;
    }
    case 'ps-failed':
      return `run \`ps ${visible(failure.options)}\`: it failed or is not installed; --format json needs no ps`;
    case 'no-resctrl':
      return `\`${failure.option}\`: the container has no group in resctrl (linux.intelRdt in its config.json), or resctrl is not mounted`;
    case 'not-built':
      return `${failure.what} is not part of this build`;
    default:
      return unreachable(failure);
  }
}
