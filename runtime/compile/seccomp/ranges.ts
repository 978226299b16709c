import type { Emitter, Place } from './emit.js';

/** System-call numbers from `first` up to the next range, that are all treated alike. */
export interface Range {
  readonly first: number;
  readonly place: Place;
}

/** Lays single numbers over ranges. Neighbours with the same place become one range. */
export function overlay(background: readonly Range[], points: ReadonlyMap<number, Place>): readonly Range[] {
  const firsts = new Set(background.map(range => range.first));
  for (const number of points.keys()) firsts.add(number).add(number + 1);

  const ranges: Range[] = [];
  let behind = 0;
  for (const first of [...firsts].sort((a, b) => a - b)) {
    while ((background[behind + 1]?.first ?? Number.POSITIVE_INFINITY) <= first) behind++;
    const place = points.get(first) ?? background[behind]?.place;
    if (place === undefined || first > 0xffff_ffff || place === ranges.at(-1)?.place) continue;
    ranges.push({ first, place });
  }
  return ranges;
}

/** A binary search: with the number in the accumulator, to the place of its range in about log2(ranges) jumps. */
export function search(emit: Emitter, ranges: readonly Range[], begin = 0, end = ranges.length): Place {
  const low = ranges[begin];
  if (low === undefined || begin >= end) throw new RangeError('no ranges to search');
  if (end - begin === 1) return low.place;
  if (end - begin === 3) {
    const middle = ranges[begin + 1];
    const high = ranges[begin + 2];
    if (middle !== undefined && high?.first === middle.first + 1 && high.place === low.place)
      return emit.jump('equal', middle.first, middle.place, low.place);
  }
  const half = (begin + end) >> 1;
  const right = search(emit, ranges, half, end);
  const left = search(emit, ranges, begin, half);
  return emit.jump('greater-or-equal', ranges[half]?.first ?? 0, right, left);
}
