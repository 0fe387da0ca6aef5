/** A key with X's and the browser's names for it. */
export interface IKey {
  readonly label: string;
  readonly keysym: number;
  readonly code: string;
}

/** Keys that stay down until another key has been pressed. */
export const STICKY: readonly IKey[] = [
  { label: 'Ctrl', keysym: 0xffe3, code: 'ControlLeft' },
  { label: 'Alt', keysym: 0xffe9, code: 'AltLeft' },
  { label: 'Super', keysym: 0xffeb, code: 'MetaLeft' }
];

const [CTRL, ALT] = STICKY;
const DELETE: IKey = { label: 'Delete', keysym: 0xffff, code: 'Delete' };

/** Keys, and chords of them, that a tablet lacks or a browser keeps. */
export const SPECIAL: readonly (readonly IKey[])[] = [
  [{ label: 'Esc', keysym: 0xff1b, code: 'Escape' }],
  [{ label: 'Tab', keysym: 0xff09, code: 'Tab' }],
  [{ label: 'Enter', keysym: 0xff0d, code: 'Enter' }],
  [DELETE],
  [CTRL, ALT, { ...DELETE, label: 'Del' }],
  [ALT, { label: 'F4', keysym: 0xffc1, code: 'F4' }]
];

export const ARROWS: readonly (readonly IKey[])[] = [
  [{ label: '←', keysym: 0xff51, code: 'ArrowLeft' }],
  [{ label: '↑', keysym: 0xff52, code: 'ArrowUp' }],
  [{ label: '↓', keysym: 0xff54, code: 'ArrowDown' }],
  [{ label: '→', keysym: 0xff53, code: 'ArrowRight' }]
];

/** F1 to F12. */
export const FUNCTION_KEYS: readonly (readonly IKey[])[] = Array.from(
  { length: 12 },
  (_, n) => [{ label: `F${n + 1}`, keysym: 0xffbe + n, code: `F${n + 1}` }]
);

export const BACKSPACE = 0xff08;

/** The keysym of a character: its code in Latin-1, else 0x01000000 + code. */
export function keysymOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (character === '\n') {
    return 0xff0d;
  }
  const isLatin =
    (point >= 0x20 && point < 0x7f) || (point >= 0xa0 && point <= 0xff);
  return isLatin ? point : 0x01000000 | point;
}

/** What an on-screen keyboard did to a text: deletions, then insertions. */
export function typed(
  before: string,
  after: string
): { deleted: number; inserted: string } {
  const [old, now] = [[...before], [...after]];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) {
    same += 1;
  }
  return { deleted: old.length - same, inserted: now.slice(same).join('') };
}
