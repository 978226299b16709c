/** The compiler's service (docs/compiler-service.md) where the skeleton and the module come and go between two requests. */
import type { MachineCase } from '../case.js';
import { kernelModule } from '../kernel-module.js';
import { kmod } from './kmod.js';
import { patientEngine, serving } from './patient.js';

export const kmodServiceCases: readonly MachineCase[] = [
  kmod(
    'a-service-that-lives-through-it',
    `${serving}
      serving
      environment any one
      # starts WHEN BACK_END: the same request, twice, answered by the service
      starts() {
        for time in first second; do
          local before=$(answered)
          patient --root "$STATE" --cgroup-manager disabled run --detach --bundle "$PLACE/any" any </dev/null >message 2>&1 || { cat message; return 1; }
          same "what the $time start $1 says" "$(<message)" ""
          same "the back end of the $time start $1" "$(jq -r '.. | .backEnd? // empty' "$STATE/any/state.json")" "$2"
          same "who has compiled the $time start $1" "$(answered)" $((before + 1))
          drop any
        done
      }
      starts "with the skeleton" kmod
      chos skeleton remove
      starts "without the skeleton" private
      chos skeleton create
      chos tree load
      starts "with the skeleton made again" kmod
      chos skeleton remove
      rmmod chos
      starts "without the module" private
      insmod /lab/chos.ko
      starts "with the module alone" private
      chos skeleton create
      chos tree load
      starts "with both again" kmod
      served_no_more`,
    { payload: kernel => [...kernelModule(kernel), patientEngine] },
  ),
];
