import { hasEnded, IStatus } from '../connection/state.js';
import type { IStats } from '../connection/stats.js';

/** What is known of a desktop, for those who do not look at it. */
export type DesktopState = 'stopped' | 'running' | 'shown';

/** What a desktop's state means, for those who hover. */
export const STATES: Readonly<Record<DesktopState, string>> = {
  stopped: 'it is not running, and is started when it is opened',
  running: 'it is running, and not shown here',
  shown: 'it is shown in a tab here'
};

/** What the status bar says of the view of a desktop. */
export function viewText(
  name: string,
  status: IStatus,
  { roundTrip, width, height }: IStats
): string {
  const said = [hasEnded(status) ? 'stopped' : status.phase];
  if (status.phase === 'connected') {
    if (roundTrip !== null) {
      said.push(`${Math.round(roundTrip)} ms`);
    }
    if (width && height) {
      said.push(`${width}×${height}`);
    }
  }
  return `${called(name)}: ${said.join(' · ')}`;
}

/** What the status bar says while no desktop is shown. */
export function runningText(names: readonly string[]): string {
  return names.length === 1
    ? `${called(names[0])}: running`
    : `CASA Desktops: ${names.length} running`;
}

function called(name: string): string {
  return name === 'main' ? 'CASA Desktop' : `CASA Desktop ${name}`;
}
