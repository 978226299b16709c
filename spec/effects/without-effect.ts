/** What is taken without doing anything, and why. docs/options.md shows it; a test fails when one of them begins to do something. */
type Reasons = Readonly<Record<string, string>>;

export const configWithoutEffect: Reasons = {
  'linux.resources.memory.useHierarchy':
    'Linux 5.11 and newer always count what is below; neither crun nor runc writes it',
  'linux.resources.memory.checkBeforeUpdate':
    'it is about `update`, which obeys it; at its start nothing has been used',
};

export const registryWithoutEffect: Reasons = {
  $schema: 'for editors: it names the schema of the file',
};
