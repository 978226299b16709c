/** A test that fails when something is ignored: its file, and its name as it is written there; `*` stands for what a loop puts in. */
export interface Proof {
  readonly file: string;
  readonly test: string;
}
