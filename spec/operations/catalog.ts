/**
 * How the operations of a launch are written down: a table for each wing of the compiler, a row for each kind, its fields with their types. The types of the records and the JSON
 * schema of `explain --format json` come from it (spec/generate/explain-schema.ts), the words stand in runtime/report/operations/.
 */
export interface FieldTypes {
  readonly text: string;
  readonly number: number;
  /** A bigint where the number is beyond 2^53. */
  readonly integer: number | bigint;
  readonly flag: boolean;
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
}

/** With `?`: the field may be missing. A list: one of these words. */
export type FieldType = keyof FieldTypes | `${keyof FieldTypes}?` | readonly string[];

export type Catalog = Readonly<Record<string, Readonly<Record<string, FieldType>>>>;

type Needed<F> = { [K in keyof F]: F[K] extends `${string}?` ? never : K }[keyof F];
type Optional<F> = { [K in keyof F]: F[K] extends `${string}?` ? K : never }[keyof F];
type TypeOf<T> = T extends readonly (infer Word)[]
  ? Word
  : T extends keyof FieldTypes
    ? FieldTypes[T]
    : never;
type Bare<T> = T extends `${infer Type}?` ? Type : T;

/** The fields of a row, as a record. */
export type Fields<F> = { readonly [K in Needed<F>]: TypeOf<F[K]> } & {
  readonly [K in Optional<F>]?: TypeOf<Bare<F[K]>>;
};
