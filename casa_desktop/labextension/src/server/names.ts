/** The desktop that is meant where no name is given. */
export const MAIN = 'main';

/** The name of a desktop in a message; `main` where there is none. */
export function nameIn(value: unknown): string {
  return typeof value === 'string' && value ? value : MAIN;
}

/** A desktop's title, on tabs and windows. */
export function titleOf(name: string): string {
  return name === MAIN ? 'CASA Desktop' : `CASA Desktop: ${name}`;
}

/** What a desktop may be called: the server's rule, in `runtime/directory.py`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;
const LONGEST = 32;
/** They are parts of URLs beside the desktops' names. */
const RESERVED: readonly string[] = ['api', 'static', 'shared'];

/** Why `name` is no name for a desktop, in one sentence; '' if it is one. */
export function nameTrouble(name: string): string {
  if (!NAME.test(name)) {
    return 'A name has letters, digits, “-” and “_”, and begins with a letter or a digit.';
  }
  if (name.length > LONGEST) {
    return `A name has at most ${LONGEST} characters.`;
  }
  return RESERVED.includes(name) ? `“${name}” is reserved.` : '';
}

/**
 * The name of a notebook's own desktop: what can be kept of the file's name,
 * and a mark of its whole path, for there may be an `m31.ipynb` in many folders.
 *
 * @param path the notebook's, below the server's root.
 */
export function notebookDesktop(path: string): string {
  const mark = digest(path);
  const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.ipynb$/i, '');
  const readable = file
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, LONGEST - mark.length - 1)
    .replace(/[-_]+$/, '');
  return `${readable || 'notebook'}-${mark}`;
}

/** FNV-1a with 32 bits, in base 36: up to seven letters and digits. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(36);
}
