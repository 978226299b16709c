/** A share whose server does not answer: what touches it waits, as with an NFS server that is gone. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** While `body` runs, a FUSE mount without a server is on this directory; `mount` says that it is `filer1:/scratch`. Who is not root is not refused at once `forAll`. */
export async function withDeadShareOn(
  path: string,
  body: () => Promise<void> | void,
  forAll = false,
): Promise<void> {
  const server = openSync('/dev/fuse', 'r+');
  const options = `fd=3,rootmode=40000,user_id=0,group_id=0${forAll ? ',allow_other' : ''}`;
  const { status, stderr } = spawnSync(
    'mount',
    ['-i', '-t', 'fuse', '-o', options, 'filer1:/scratch', path],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe', server],
    },
  );
  if (status !== 0) throw new Error(`mount: ${stderr}`);
  try {
    await body();
  } finally {
    // What still waits for an answer gets an error.
    closeSync(server);
    spawnSync('umount', ['-l', path]);
  }
}
