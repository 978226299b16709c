export interface CaseEnd {
  readonly exitCode: number;
  readonly output: string;
  readonly milliseconds: number;
}

/** Cuts what `guest-cases` prints into cases; `mark` is the word that no case prints. */
export function caseReader(
  mark: string,
  onEnd: (index: number, end: CaseEnd) => void,
): { readonly line: (line: string) => void; readonly unfinished: () => readonly string[] } {
  let lines: string[] = [];
  const ended = new RegExp(`^(.*)${mark} end (\\d+) (\\d+) (\\d+)$`);
  return {
    line: line => {
      if (line.startsWith(`${mark} begin `)) {
        lines = [];
        return;
      }
      // What a case printed last may lack its newline.
      const end = ended.exec(line);
      if (end === null) {
        lines.push(line);
        return;
      }
      const [, rest = '', index, exitCode, milliseconds] = end;
      const output = [...lines, ...(rest === '' ? [] : [rest])].join('\n');
      lines = [];
      onEnd(Number(index), { exitCode: Number(exitCode), output, milliseconds: Number(milliseconds) });
    },
    unfinished: () => lines,
  };
}
