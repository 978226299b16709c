/** What manual pages say beyond the command table, by command; the empty name is the runtime's own page. */

export interface Example {
  readonly what: string;
  readonly lines: string;
}

export interface Notes {
  /** Paragraphs. */
  readonly text: readonly string[];
  readonly examples: readonly Example[];
}

const ROOT_OF_BUNDLE =
  'The bundle is a directory with a config.json as the OCI runtime specification defines it.';

export const notes: Readonly<Record<string, Notes>> = {
  '': {
    text: [
      'chos-runtime starts containers from OCI bundles, and environments from registered trees: directories that hold an operating system and that show the home directories, shares, processes and network of the host.',
      'It compiles config.json, the registry and the facts of the host into a launch program, a list of system calls, which a small engine executes. Podman, containerd, CRI-O and Slurm can call it in the place of runc or crun.',
      'Global options stand before the command. Options of a command may stand before or behind its arguments; exec, kill and ps take everything behind the first argument as data.',
    ],
    examples: [
      {
        what: 'A shell in the tree debian13:',
        lines: 'chos-runtime tree prepare debian13\nchos-runtime spec --tree debian13\nchos-runtime run me',
      },
      {
        what: 'A container under Podman:',
        lines: 'podman --runtime chos-runtime run --rm -it docker.io/library/alpine',
      },
    ],
  },
  create: {
    text: [
      ROOT_OF_BUNDLE,
      'The process exists when the command returns, with everything that config.json asks for in place, and waits for start.',
    ],
    examples: [
      {
        what: 'The life of a container:',
        lines:
          'chos-runtime create --bundle bundle web\nchos-runtime start web\nchos-runtime state web\nchos-runtime delete --force web',
      },
    ],
  },
  run: {
    text: [
      ROOT_OF_BUNDLE,
      'In the foreground, signals are passed on to the container, and its exit code becomes that of the command.',
    ],
    examples: [{ what: 'The bundle in the current directory:', lines: 'chos-runtime run web' }],
  },
  who: {
    text: [
      'Processes in generations and copies of them, in the skeleton, and those of containers in trees. An operand is a tree, a generation (NAME@N) or a process; if nobody is found for it, the exit code is 1.',
      'Root sees all; a user sees his own.',
    ],
    examples: [{ what: 'Who keeps a tree from being released:', lines: 'chos-runtime who debian13' }],
  },
  dashboard: {
    text: [
      'Serves a page, /metrics in the text format of Prometheus, and /api/trees, /api/who and /api/doctor, until it gets SIGTERM, SIGINT or SIGHUP. It reads only, and starts nothing but what --start names.',
      'Addresses that other machines reach are refused without --public: it asks nobody who he is. Browsers may ask for it by number, as localhost, and by the names of --name.',
    ],
    examples: [{ what: 'On the usual port of this machine:', lines: 'chos-runtime dashboard' }],
  },
  doctor: {
    text: [
      'One line or more for each check: ok, note (it works, but not as it could, or it was not looked at) or fault, with the command that mends it. The exit code is 1 if there is a fault, else 0. Nothing is changed.',
      'Shares are asked by processes of their own, which have three seconds: what rests on one that does not answer is not looked at.',
    ],
    examples: [
      {
        what: 'What is wrong, for a program:',
        lines: `chos-runtime doctor --json | jq '.lines[] | select(.result == "fault")'`,
      },
    ],
  },
  kill: {
    text: ['SIGNAL is a number or a name, with or without SIG.'],
    examples: [{ what: 'To every process of the container:', lines: 'chos-runtime kill --all web KILL' }],
  },
  delete: {
    text: [
      'Removes the cgroups and the state directory, and runs the poststop hooks.',
      'With --force a container that was left half made, by whatever cause, is removed too.',
    ],
    examples: [],
  },
  exec: {
    text: [
      'With --process the file is the whole truth: a process object as in config.json. Without, the process is that of the bundle, with COMMAND and the options in its place.',
    ],
    examples: [{ what: 'A shell in a running container:', lines: 'chos-runtime exec -t web sh' }],
  },
  ps: {
    text: [
      'The table is that of ps(1), of the processes in the container; PS-OPTION is -ef if none is given.',
    ],
    examples: [],
  },
  explain: {
    text: [
      'Nothing is started and nothing is changed. Each action stands beside what causes it: a line of config.json or of the registry, an option, or a rule.',
    ],
    examples: [
      { what: 'Every system call:', lines: 'chos-runtime explain --steps bundle' },
      { what: 'Which mounts are left out, and why:', lines: 'chos-runtime explain --tree debian13 bundle' },
    ],
  },
  compile: {
    text: [
      'The executable takes --id, --detach, --pid-file, --console-socket, --preserve-fds, --root, --log and --log-format, and behind -- arguments in place of those in config.json. It needs neither Node nor this runtime, and is meant for the host that it was compiled on.',
    ],
    examples: [
      {
        what: 'Compile once, run often:',
        lines: 'chos-runtime compile bundle -o env\n./env\n./env -- make test',
      },
    ],
  },
  spec: {
    text: ['A file that is there is left alone, and the command fails.'],
    examples: [
      {
        what: 'A shell in a registered tree:',
        lines: 'chos-runtime spec --tree debian13\nchos-runtime run me',
      },
    ],
  },
  tree: {
    text: [
      'Users may list, show, check, entry, versions, digest and export, as far as they may read; the others need root, and prepare, release and drain work on the host whatever mount namespace they are called from.',
      'SIGTERM and SIGINT take back what create, import, update and export have begun. A version that is stored is another thing than a generation, a prepared mount namespace, NAME@N.',
    ],
    examples: [
      {
        what: 'Release it as soon as nobody is inside any more:',
        lines: 'chos-runtime tree release --drain debian13',
      },
      {
        what: 'A tree of an image of Podman, and a newer one a month later:',
        lines:
          'chos-runtime tree import podman:debian:13 --name debian13\nchos-runtime tree update debian13 podman:debian:13',
      },
      {
        what: 'A tree that mmdebstrap makes (docs/trees-in.md, "Recipes"):',
        lines: 'chos-runtime tree create debian13 --package gcc',
      },
    ],
  },
};
