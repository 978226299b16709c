/** Why an operation is there. */
export type Because =
  | {
      readonly kind: 'config';
      readonly file: string;
      readonly line: number;
      /** Of hooks: what Podman writes has one line for all of them. */
      readonly column?: number;
      /** e.g. mounts[0].options */
      readonly path: string;
      /** In words of the program, in the place of the file's name. */
      readonly shown?: string;
    }
  | { readonly kind: 'policy'; readonly file: string; readonly line: number; readonly path: string }
  | { readonly kind: 'rule'; readonly rule: string };
