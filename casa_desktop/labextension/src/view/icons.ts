/** The toolbar's icons: what they are made of, on a field of 24 x 24. */
const SHAPES = {
  keys: '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M8 15V9M8 12l4-3M9.5 11l2.5 4M15 9v6M15 9h2.5M15 12h2"/>',
  keyboard:
    '<rect x="2" y="6" width="20" height="12" rx="2"/><path d="M6 10h.01M10 10h.01M14 10h.01M18 10h.01M7 14h10"/>',
  clipboard:
    '<rect x="5" y="4" width="14" height="17" rx="2"/><path d="M9 4V3h6v1M9 10h6M9 14h6"/>',
  capture:
    '<rect x="2" y="9" width="20" height="11" rx="2"/><path d="M6 13h.01M10 13h.01M14 13h.01M18 13h.01M8 16.5h8M12 2v5M9.5 4.5 12 7l2.5-2.5"/>',
  picture:
    '<rect x="3" y="4" width="18" height="16" rx="2"/><circle cx="8.5" cy="9.5" r="1.5"/><path d="m4 18 5-5 3 3 4-5 4.5 5"/>',
  fullscreen: '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
  snapshot:
    '<path d="M4 8h3l1.5-2.5h7L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1z"/><circle cx="12" cy="13" r="3.5"/>',
  share:
    '<circle cx="6" cy="12" r="2.5"/><circle cx="17" cy="6" r="2.5"/><circle cx="17" cy="18" r="2.5"/><path d="m8.2 10.8 6.6-3.6M8.2 13.2l6.6 3.6"/>',
  control: '<path d="M4 4h7M4 4v7M4 4l7 7M20 20h-7M20 20v-7M20 20l-7-7"/>',
  power: '<path d="M12 3v8M7 6.2a8 8 0 1 0 10 0"/>',
  eye: '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.7"/>',
  back: '<path d="M20 20H6a2 2 0 0 1-2-2V6M14 4h6v6M20 4l-9 9"/>'
} as const;

/** Which icons there are. */
export type IconName = keyof typeof SHAPES;

/** The SVG of an icon; it takes the colour of the text around it. */
export function icon(name: IconName): string {
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" ' +
    'fill="none" stroke="currentColor" stroke-width="1.7" ' +
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
    `${SHAPES[name]}</svg>`
  );
}
