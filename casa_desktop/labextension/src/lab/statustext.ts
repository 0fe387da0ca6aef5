import { hasEnded, IStatus } from '../connection/state.js';
import type { IStats } from '../connection/stats.js';
import { MAIN } from '../server/names.js';

/** The state of a desktop as its list item and toolbar button show it. */
export type DesktopState = 'stopped' | 'running' | 'shown';

/** What a desktop's state means, for tooltips. */
export const STATES: Readonly<Record<DesktopState, string>> = {
  stopped: 'it is not running, and is started when it is opened',
  running: 'it is running, and not shown here',
  shown: 'it is shown in a tab here'
};

/** The status bar's text for the view of a desktop. */
export function viewText(
  name: string,
  status: IStatus,
  { roundTrip, width, height }: IStats,
  left = ''
): string {
  const parts = [hasEnded(status) ? 'stopped' : status.phase];
  if (status.phase === 'connected') {
    if (roundTrip !== null) {
      parts.push(`${Math.round(roundTrip)} ms`);
    }
    if (width && height) {
      parts.push(`${width}×${height}`);
    }
    if (left) {
      parts.push(left);
    }
  }
  return `${called(name)}: ${parts.join(' · ')}`;
}

/** The status bar's text while no desktop is shown. */
export function runningText(names: readonly string[]): string {
  return names.length === 1
    ? `${called(names[0])}: running`
    : `CASA Desktops: ${names.length} running`;
}

function called(name: string): string {
  return name === MAIN ? 'CASA Desktop' : `CASA Desktop ${name}`;
}
