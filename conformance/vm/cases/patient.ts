/** For cases in which the compiler's service (docs/compiler-service.md) has to answer, in however slow a machine. */
import { join } from 'node:path';

const PROGRAM = '/usr/local/bin/chos-runtime-patient';

/** An engine that waits until it does. */
export const patientEngine = { from: join(process.cwd(), 'build/vm/chos-runtime-patient'), to: PROGRAM };

/** `serving`: it has begun and is warm; `patient ARGS`: a call that waits for its answer; `answered`: how many it has given. */
export const serving = `
  patient() { ${PROGRAM} --debug "$@"; }
  is_warm() { [ -z "$(patient list 2>&1 >/dev/null)" ]; }
  serving() {
    /usr/local/bin/chos-runtime --debug serve 2>"$PLACE/served" & service=$!
    until_true 120 is_warm
  }
  answered() { grep -c answered "$PLACE/served" || true; }
  served_no_more() { kill $service && wait $service; }
`;
