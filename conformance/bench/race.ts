/** What a scenario is: who takes part with which duty, and what is prepared. */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeShares, writeBundle } from './bundle.js';
import { absence, type Duty, type Name, type Tools } from './contenders.js';
import type { Contestant, Outcome, Step } from './plan.js';

export interface Context {
  readonly tools: Tools;
  readonly directory: string;
  readonly rootfs: string;
  /** How often each contender will run, warming up included. */
  readonly rounds: number;
  /** Only whether it works is asked. */
  readonly quick: boolean;
}

export interface Race {
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Outcome[];
  /** Preparation in the private namespace, after the standard one. */
  readonly prepare?: readonly (readonly string[])[];
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Times each contender runs in a full benchmark. */
  readonly rounds: number;
  /** Pause before each measured command, in milliseconds. */
  readonly gap?: number;
  /** It takes long: run only if it is asked for by name, and published apart. */
  readonly apart?: true;
  /** What is left of earlier starts (spec/reuse.ts) is used; else each one is compiled. */
  readonly again?: true;
  readonly set: (context: Context) => Race;
  /** Afterwards, on the host. */
  readonly clean?: () => void;
}

export type Steps = (name: Name, tools: Tools, duty: Duty) => readonly Step[];

/** Everybody who is there does the same duty. */
export const race = (tools: Tools, duty: Duty, steps: Steps, who: readonly Name[]): Race => {
  const absent: Outcome[] = [];
  const contestants: Contestant[] = [];
  for (const name of who) {
    const reason = absence(name, tools);
    if (reason === undefined) contestants.push({ name, steps: steps(name, tools, duty) });
    else absent.push({ name, status: 'absent', reason });
  }
  return { contestants, absent };
};

export interface Wish {
  readonly cgroups?: boolean;
  readonly seccomp?: boolean;
  readonly shares?: number;
  readonly args?: readonly string[];
}

/** With what Podman writes into every config.json that takes time: limits, and its filter of system calls. */
export const ofPodman: Wish = { cgroups: true, seccomp: true };

export const duty = (id: string, context: Context, wish: Wish): Duty => {
  const { directory, rootfs } = context;
  const cgroups = wish.cgroups ?? false;
  const seccomp = wish.seccomp ?? false;
  const args = wish.args ?? ['/bin/true'];
  const shares = makeShares(directory, rootfs, wish.shares ?? 0);
  const sharesFile = join(directory, `${id}.shares`);
  writeFileSync(sharesFile, shares.map(pair => `${pair.join(' ')}\n`).join(''));
  const bundle = writeBundle(directory, id, rootfs, { args, shares, seccomp, pidsLimit: cgroups });
  return {
    directory,
    bundle,
    rootfs,
    args,
    cgroups,
    seccomp,
    ...(shares.length ? { sharesFile } : {}),
  };
};

/** The number of a round, as the timer writes it. */
const roundText = (round: number): string => `${round}`.padStart(4, '0');

/** A bundle for each round, each of its own kind; the path, with a place for the number of the round. */
export const newBundles = (duty: Duty, { directory, rounds }: Context): string => {
  const { bundle, rootfs, args, seccomp, cgroups } = duty;
  for (let i = 0; i < rounds; i++)
    writeBundle(directory, `${basename(bundle)}-${roundText(i)}`, rootfs, {
      args,
      seccomp,
      pidsLimit: cgroups,
      other: i,
    });
  return `${bundle}-{n}`;
};

/** A bundle for each round, as Podman writes them for containers of one image: other ids, another time; the path, with a place for the number of the round. */
export const namedBundles = (duty: Duty, { directory, rounds }: Context): string => {
  const { rootfs, args, seccomp, cgroups } = duty;
  const rest = 'c0ffee'.repeat(10);
  for (let i = 0; i < rounds; i++)
    writeBundle(directory, `${rest}${roundText(i)}`, rootfs, {
      args,
      seccomp,
      pidsLimit: cgroups,
      named: `${rest}${roundText(i)}`,
    });
  return join(directory, `${rest}{n}`);
};
