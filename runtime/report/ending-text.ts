/** The config.json in ROOT/ID is not there, or is none. */
export function hooksLostText(id: string): string {
  return `container \`${id}\`: what it had of hooks is not known any more, so no poststop hook was run (config.json in its state directory)`;
}
