import { record } from '../json.js';
import { nameIn } from '../server/names.js';

/** How tasks that draw run: into the cell, on the desktop, or as it comes. */
export type Mode = 'headless' | 'live' | 'auto';

/** Every mode, in the order in which they are offered. */
export const MODES: readonly Mode[] = ['headless', 'live', 'auto'];

/** What a mode does, as the user reads it. */
export const MEANINGS: Readonly<Record<Mode, string>> = {
  headless: 'pictures are drawn into the cell',
  live: 'windows open on the CASA Desktop',
  auto: 'live while a browser shows the desktop, headless else'
};

/** The modes in force in a kernel. */
interface IModes {
  /** The mode of tasks that have none of their own. */
  readonly mode: Mode;
  /** The modes of single tasks. */
  readonly tasks: Readonly<Record<string, Mode>>;
}

/** The state that a CASA kernel reports. */
export interface IKernelState extends IModes {
  /** The name of the desktop on which its windows open. */
  readonly desktop: string;
  /** Whether results of tasks are reused. */
  readonly reuse: boolean;
}

/** The state in a kernel's message; null if there is none in it. */
export function stateIn(data: unknown): IKernelState | null {
  const { action, mode, tasks, desktop, reuse } = record(data);
  if (action !== 'state' || !isMode(mode)) {
    return null;
  }
  return {
    mode,
    tasks: taskModes(tasks),
    desktop: nameIn(desktop),
    reuse: reuse === true
  };
}

/** The modes in a notebook's metadata, which may be of any shape. */
export function keptModes(kept: unknown): IModes {
  const { default: mode, tasks } = record(kept);
  return { mode: isMode(mode) ? mode : 'headless', tasks: taskModes(tasks) };
}

/** The modes in two words: "headless", or "headless +2" where two tasks differ. */
export function modeLabel(modes: IModes): string {
  const others = differing(modes).length;
  return others ? `${modes.mode} +${others}` : modes.mode;
}

/** The modes in full, a line for each task that differs. */
export function modeDetails(modes: IModes): string {
  return [
    `${modes.mode}: ${MEANINGS[modes.mode]}`,
    ...differing(modes).map(([task, mode]) => `${task}: ${mode}`)
  ].join('\n');
}

function differing({ mode, tasks }: IModes): [string, Mode][] {
  return Object.entries(tasks).filter(([, own]) => own !== mode);
}

function taskModes(tasks: unknown): Record<string, Mode> {
  const known = Object.entries(record(tasks)).filter(([, mode]) =>
    isMode(mode)
  );
  return Object.fromEntries(known) as Record<string, Mode>;
}

function isMode(value: unknown): value is Mode {
  return MODES.includes(value as Mode);
}
