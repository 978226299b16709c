/** features.md: the document of `features`. */
import { section } from './requirement.js';

export const ofFeatures = [
  ...section('features', 'Document', [['SHOULD', 'is the same on every host', 'command-line/features']]),
  ...section('features', 'Specification version', [
    ['MUST', 'ociVersionMin and ociVersionMax are there, in their order', 'features/versions'],
    ['MUST', 'both are accepted in config.json', 'features/versions-are-accepted'],
    ['MUST', 'no property that the version does not know', 'features/properties-of-the-version'],
  ]),
  ...section('features', 'Hooks', [
    [
      'MUST',
      'each that is named is supported',
      'features/hooks-are-supported',
      'hooks/at-create',
      'hooks/at-delete',
    ],
  ]),
  ...section('features', 'Mount options', [
    ['MUST', 'each that is named is recognised', 'mount-options/every-flag-of-the-table-is-one'],
    ['SHOULD', 'none of a file system is named', 'features/no-mount-option-of-a-file-system'],
  ]),
  ...section('features', 'Annotations', [['MUST', 'are strings by key', 'features/annotations-are-strings']]),
  ...section('features', 'Unsafe annotations', [
    ['SHOULD', 'are names that end whole or with a dot', 'features/unsafe-annotations-are-named'],
  ]),
];
