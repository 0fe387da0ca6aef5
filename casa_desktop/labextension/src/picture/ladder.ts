import type { IEncoding } from '../rfb/encodings.js';

/** How the picture is sent: as the link allows, or always the same way. */
export type Quality = 'adaptive' | 'lossless' | 'high' | 'medium' | 'low';

/** The ways to send the picture, from the smallest to the exact one. */
export const LADDER: readonly IEncoding[] = [
  { jpeg: 15, sharing: 4, effort: 6 },
  { jpeg: 22, sharing: 4, effort: 6 },
  { jpeg: 30, sharing: 4, effort: 6 },
  { jpeg: 42, sharing: 4, effort: 5 },
  { jpeg: 55, sharing: 4, effort: 5 },
  { jpeg: 68, sharing: 2, effort: 4 },
  { jpeg: 80, sharing: 1, effort: 3 },
  { jpeg: 90, sharing: 1, effort: 2 },
  { jpeg: 96, sharing: 1, effort: 2 },
  { jpeg: null, sharing: 1, effort: 1 }
];

/** The step without loss. */
export const EXACT = LADDER.length - 1;

/** The first step on a link of which only the round trip is known. */
export const UNKNOWN = 6;

/** The steps that a user can pin. */
const PINNED: Readonly<Record<Exclude<Quality, 'adaptive'>, number>> = {
  lossless: EXACT,
  high: 7,
  medium: 5,
  low: 2
};

/** What users call the steps, each from the least step on. */
const NAMES: readonly [number, string][] = [
  [EXACT, 'lossless'],
  [7, 'high quality'],
  [4, 'medium quality'],
  [0, 'low quality']
];

/** What users call a step. */
export function nameOf(level: number): string {
  return NAMES.find(([least]) => level >= least)![1];
}

/** The step in force: what the user has pinned, or where the link has led to. */
export function levelOf(choice: Quality, step: number): number {
  return choice === 'adaptive' ? step : PINNED[choice];
}

/**
 * Whether the first round trip, in ms, is that of one machine or one building.
 *
 * There the picture begins without loss: a late answer more likely means a busy
 * processor than a full link.
 */
export function isNear(roundTrip: number): boolean {
  return roundTrip < 12;
}

/** The encoding of the first picture, of whose link only a round trip is known. */
export function firstEncoding(choice: Quality, roundTrip: number): IEncoding {
  return LADDER[levelOf(choice, isNear(roundTrip) ? EXACT : UNKNOWN)];
}
