import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { launch } from '../../harness/processes.js';
import { test } from '../case.js';
import { plain, seen } from '../seen.js';

test('host/info', {
  observe: async podman => {
    const format = '{{.Host.OCIRuntime.Name}}\n{{.Host.OCIRuntime.Path}}\n{{.Host.OCIRuntime.Version}}';
    return seen(podman, await podman.call(['info', '--format', format]));
  },
  compare: found => found.code,
  expect: found => {
    assert.is(found.code, 0);
    const [name, path, version] = found.stdout.split('\n');
    assert.is(name, 'RUNTIME');
    assert.is(path, 'RUNTIME');
    assert.match(version ?? '', /^RUNTIME version \d/);
  },
});

test('host/runtime-by-path', {
  observe: async podman =>
    seen(
      podman,
      await podman.call([
        '--runtime',
        podman.runtimePath,
        'run',
        '--rm',
        ...podman.common,
        'bb',
        'echo',
        'hello',
      ]),
    ),
  expect: found => assert.equal(found, { code: 0, stdout: 'hello', stderr: '' }),
});

// Nor can crun and runc do it here, where process 1 is no systemd.
test('host/systemd-cgroups-without-systemd', {
  observe: async podman =>
    seen(
      podman,
      await podman.call(['--cgroup-manager', 'systemd', 'run', '--rm', '--network', 'none', 'bb', 'true']),
    ),
  compare: () => undefined,
  expect: found => {
    assert.is.not(found.code, 0);
    assert.match(found.stderr, /systemd|dbus|D-Bus/);
  },
});

/** A container file with RUN lines, and how the build is asked for. */
function build(name: string, command: readonly string[]): void {
  test(`build/${name}`, {
    deadlineMs: 60_000,
    observe: async podman => {
      const dir = join(podman.dir, 'context');
      mkdirSync(dir);
      writeFileSync(
        join(dir, 'Containerfile'),
        'FROM localhost/bb\nRUN echo $((6*7)) >/etc/answer && id -u\nUSER 1000\nRUN id -u\n',
      );
      const options = [
        '--isolation',
        'oci',
        '--network',
        'none',
        '--pull=never',
        '--ulimit',
        'nofile=1024:1024',
        '--ulimit',
        'nproc=1024:1024',
        '-t',
        'built',
        dir,
      ];
      const built =
        command[0] === 'buildah'
          ? await launch(
              [
                ...command,
                ...buildahGlobal(podman.place.storage),
                'bud',
                '--runtime',
                podman.runtimePath,
                ...options,
              ],
              podman.dir,
              {
                deadlineMs: 50_000,
                env: podman.place.environment,
              },
            ).done
          : await podman.call(['build', ...options], { deadlineMs: 50_000 });
      const run = await podman.run(['built', 'cat', '/etc/answer']);
      await podman.call(['rmi', '--force', 'built']);
      const lines = plain(podman, built.stdout)
        .split('\n')
        .filter(line => /^\d+$/.test(line));
      return {
        code: built.code,
        stderr: built.code === 0 ? '' : built.stderr,
        lines,
        run: seen(podman, run),
      };
    },
    expect: found =>
      assert.equal(found, {
        code: 0,
        stderr: '',
        lines: ['0', '1000'],
        run: { code: 0, stdout: '42', stderr: '' },
      }),
  });

  test(`build/${name}-run-fails`, {
    deadlineMs: 60_000,
    observe: async podman => {
      const dir = join(podman.dir, 'context');
      mkdirSync(dir);
      writeFileSync(join(dir, 'Containerfile'), 'FROM localhost/bb\nRUN exit 9\n');
      const options = [
        '--isolation',
        'oci',
        '--network',
        'none',
        '--pull=never',
        '--ulimit',
        'nofile=1024:1024',
        '--ulimit',
        'nproc=1024:1024',
        dir,
      ];
      const built =
        command[0] === 'buildah'
          ? await launch(
              [
                ...command,
                ...buildahGlobal(podman.place.storage),
                'bud',
                '--runtime',
                podman.runtimePath,
                ...options,
              ],
              podman.dir,
              {
                deadlineMs: 50_000,
                env: {
                  PATH: process.env.PATH ?? '',
                  CONTAINERS_CONF: podman.place.containersConf,
                  HOME: podman.place.dir,
                  TMPDIR: podman.place.dir,
                },
              },
            ).done
          : await podman.call(['build', ...options], { deadlineMs: 50_000 });
      return { code: built.code, told: /exit status 9/.test(built.stderr) };
    },
    expect: found => {
      assert.is.not(found.code, 0);
      assert.ok(found.told);
    },
  });
}

/** Buildah has no --tmpdir. */
function buildahGlobal(storage: readonly string[]): readonly string[] {
  return storage.filter((word, index) => word !== '--tmpdir' && storage[index - 1] !== '--tmpdir');
}

build('podman', ['podman']);
build('buildah', ['buildah']);
