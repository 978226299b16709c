import { TemplateField } from '../../../spec/instructions.js';
import { field, type Slot, type Template } from '../../program/operand.js';

export interface StateOf {
  readonly id: Slot;
  /** As the host sees it. */
  readonly pid: Slot;
  readonly ociVersion: string;
  readonly bundle: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** runtime.md, "State", as a template. */
export function ociState(
  { id, pid, ociVersion, bundle, annotations }: StateOf,
  status: 'creating' | 'created' | 'running' | 'stopped',
): Template {
  return [
    `{"ociVersion":${JSON.stringify(ociVersion)},"id":"`,
    field(TemplateField.JSON, id),
    `","status":"${status}"`,
    ...(status === 'stopped' ? [] : [',"pid":', field(TemplateField.DECIMAL, pid)]),
    `,"bundle":${JSON.stringify(bundle)},"annotations":${JSON.stringify(annotations)}}`,
  ];
}
