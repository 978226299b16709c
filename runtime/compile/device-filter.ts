export function compileDeviceFilter(_rules: readonly unknown[]): Uint8Array {
  throw new Error('not there yet');
}
