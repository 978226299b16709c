/** SELinux: options of file systems that carry a label, whose value may have commas (mount(8), "context="). */
export const labelOptions = ['context', 'fscontext', 'defcontext', 'rootcontext'] as const;

export type LabelOption = (typeof labelOptions)[number];

export function isLabelOption(option: string): boolean {
  return labelOptions.some(known => known === option);
}
