import { isWithin } from '../../../spec/mount-map.js';
import type { Launch } from '../launch/launch.js';
import type { Refuse } from '../launch/refusal.js';
import { refuseLongMounts } from './mount-data.js';
import { fakesProc } from './mounts.js';

/** Mounts, and devices, that no back end makes. */
export function refuseMounts(launch: Launch, refuse: Refuse): void {
  const places = ['/dev', ...launch.config.mounts.map(m => m.place)];
  if ((launch.environment?.hostView ?? []).length > 0)
    for (const { place: path, index } of launch.config.linux.devices)
      if (!places.some(place => place !== '/' && isWithin(path, place)))
        refuse(launch.because('linux', 'devices', index), { kind: 'device-in-tree', path });
  for (const [index, m] of launch.config.mounts.entries())
    if (fakesProc(m))
      refuse(launch.because('mounts', index), { kind: 'mount-inside-proc', destination: m.place });
  refuseLongMounts(launch, refuse);
}
