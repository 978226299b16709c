/** Words for what is wrong with a tree that is to come in, or with what is asked of the store. */
import { unreachable } from '../../spec/unreachable.js';
import type { SourceWhy, StoreFault } from '../store/fault.js';
import { errnoText } from './errno-text.js';
import { listOf } from './names-text.js';
import { nearest } from './nearest.js';

/** What other programs call a source, and how it comes in here. */
function transportText(source: string): string {
  const [, transport = '', rest = ''] = /^([a-z-]+):(?:\/\/)?(.*)$/.exec(source) ?? [];
  switch (transport) {
    case 'docker':
      return `nothing is fetched here; podman pull ${rest}, then give podman:${rest}`;
    case 'docker-daemon':
      return `docker save ${rest} -o FILE, then give FILE`;
    case 'containers-storage':
      return `give podman:${rest}`;
    default:
      return `give the path alone: ${rest.replace(/^([^:]*):.*$/, '$1, and --image')}`;
  }
}

function sourceText(why: SourceWhy, source: string): string {
  switch (why) {
    case 'transport':
      return transportText(source);
    case 'one-image':
      return '--image chooses in an archive or a layout; this names one itself';
    case 'other-kind':
      return 'give a tar, the directory of an OCI layout, podman:IMAGE, container:NAME or recipe:NAME';
    case 'mounted':
      return 'a squashfs is mounted as it is: --image, --devices and --share are for what is unpacked';
    case 'no-digest':
      return '--digest is that of a file, which this is not; an image names its own digests';
    case 'no-recipe':
      return '--mirror and --package are for recipe:NAME, which this is not';
    case 'empty':
      return 'there is nothing in it';
    case 'no-layout':
      return 'a directory must be an OCI layout (it has no index.json); a tree that is there already is registered in /etc/chos.d';
    default:
      return unreachable(why);
  }
}

/** Bytes for people. */
export function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let at = 0;
  let size = bytes;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at++;
  }
  return `${at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[at]}`;
}

/** A name in an archive may have any length: of one that is longer the middle is left out. */
const LONGEST = 320;

export function storeFaultText(fault: StoreFault): string {
  const end = LONGEST / 2;
  return wordsOf(fault).replace(
    new RegExp(`\\S{${LONGEST + 1},}`, 'g'),
    word => `${word.slice(0, end)}…${word.slice(-end)}`,
  );
}

function wordsOf(fault: StoreFault): string {
  switch (fault.kind) {
    case 'needs-root':
      return `${fault.verb} a tree: Operation not permitted; this needs root`;
    case 'no-program':
      return `run \`${fault.program}\`: it is not installed; apt-get install ${fault.package}`;
    case 'program':
      return `${fault.verb}: ${fault.program}: ${fault.why}`;
    case 'interrupted':
      return `${fault.verb}: interrupted by ${fault.signal}`;
    case 'file':
      return `${fault.verb} \`${fault.path}\`: ${errnoText(fault.code)}`;
    case 'bad-name':
      return `\`${fault.name}\` is no name for a tree: letters, digits, _ + - and . (not first), at most 64`;
    case 'busy':
      return `another command is at work on \`${fault.name}\`; wait for it`;
    case 'taken':
      return fault.ours
        ? `\`${fault.name}\` is imported already; chos-runtime tree update ${fault.name} SOURCE makes a new version of it`
        : `\`${fault.name}\` is registered already, in ${fault.where}; give another --name`;
    case 'not-ours':
      return `\`${fault.name}\` was not imported: its directory is ${fault.where}, which is for you to change`;
    case 'no-version':
      return fault.wanted === ''
        ? `there is no version of \`${fault.name}\` before the one in use`
        : `there is no version ${fault.wanted} of \`${fault.name}\`; there is ${listOf(fault.known)}`;
    case 'untrusted-store':
      return `use the store \`${fault.path}\`: others than root can put something in its place`;
    case 'foreign':
      return `use \`${fault.path}\`: no import has made it; move it to another place, or give another name than \`${fault.name}\``;
    case 'no-source':
      return `import \`${fault.source}\`: ${sourceText(fault.why, fault.source)}`;
    case 'bad-image':
      return `read \`${fault.source}\`: ${fault.where}: ${fault.why}`;
    case 'no-image': {
      const best = nearest(fault.wanted, fault.known);
      const hint = best === undefined ? `there is ${listOf(fault.known)}` : `did you mean \`${best}\`?`;
      return fault.wanted === ''
        ? `there is no image for this machine in \`${fault.source}\``
        : `there is no image \`${fault.wanted}\` in \`${fault.source}\`; ${fault.known.length === 0 ? 'there is none' : hint}`;
    }
    case 'several-images': {
      const more = fault.wanted === '' ? '' : ` called \`${fault.wanted}\``;
      return `\`${fault.source}\` holds more than one image${more}; choose one with --image: ${listOf(fault.known)}`;
    }
    case 'unknown-recipe': {
      const best = nearest(fault.name, fault.known);
      const hint = best === undefined ? `there is ${listOf(fault.known)}` : `did you mean \`${best}\`?`;
      return `there is no recipe \`${fault.name}\`, neither of the program nor in /etc/chos-recipes.d; ${hint}`;
    }
    case 'bad-digest':
      return `read \`${fault.what}\`: its digest is ${fault.found}, not ${fault.wanted}`;
    case 'leaves':
      return `unpack \`${fault.what}\`: the entry \`${fault.entry}\` leads out of the tree`;
    case 'too-many':
      return `unpack \`${fault.what}\`: there are more than ${fault.most} ${fault.unit}`;
    case 'too-large':
      return fault.by === 'room'
        ? `unpack \`${fault.what}\`: it is larger than the ${sizeText(fault.limit)} that are free; --limit allows more, for files with holes`
        : `unpack \`${fault.what}\`: it is larger than --limit (${sizeText(fault.limit)})`;
    case 'no-loop':
      return `mount \`${fault.image}\`: this machine has no loop devices; modprobe loop, or import a tar`;
    case 'held':
      return `remove \`${fault.name}\`: it is held by ${listOf(fault.holders)}`;
    case 'edited':
      return `remove \`${fault.name}\`: ${fault.file} says more than the import wrote; take the tree out of it first`;
    default:
      return unreachable(fault);
  }
}
