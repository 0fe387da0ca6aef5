import type { IResources } from '../server/api.js';

/**
 * What is left, in words: memory in use, and the time until the job or the
 * desktop ends, whichever is first; '' for what is not known.
 *
 * @param ends when the desktop is ended, in ISO 8601.
 * @param now the time, in ms.
 */
export function resourceText(
  resources: IResources | null,
  ends: string | null | undefined,
  now: number
): string {
  const times = [resources?.jobEnds, ends].flatMap(time =>
    time ? [Date.parse(time)] : []
  );
  const words = [
    resources?.memory ? memoryText(resources.memory) : '',
    times.length ? leftText((Math.min(...times) - now) / 60_000) : ''
  ];
  return words.filter(Boolean).join(' · ');
}

function memoryText({
  used,
  limit
}: NonNullable<IResources['memory']>): string {
  return `${gigabytes(used)} of ${gigabytes(limit)} GB`;
}

function gigabytes(bytes: number): string {
  const number = bytes / 1e9;
  return number.toFixed(number < 100 ? 1 : 0);
}

/** Rounded down: what is left is at least that. */
function leftText(minutes: number): string {
  if (minutes < 1) {
    return 'ends within a minute';
  }
  const whole = Math.floor(minutes);
  if (whole < 120) {
    return `${whole} min left`;
  }
  const hours = Math.floor(whole / 60);
  return hours < 48 ? `${hours} h left` : `${Math.floor(hours / 24)} days left`;
}
