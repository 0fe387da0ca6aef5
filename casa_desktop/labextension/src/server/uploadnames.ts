/** Bytes of a file that go in one request; in base64 it is a third more. */
const CHUNK = 3 * (1 << 20);

/**
 * The name that a file gets in a folder: its own, or with a number before the
 * ending where that is taken. Nothing is ever written over.
 */
export function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const name = safeName(wanted);
  const [stem, ending] = split(name);
  let candidate = name;
  for (let number = 1; taken.has(candidate); number++) {
    candidate = `${stem}-${number}${ending}`;
  }
  return candidate;
}

/** The path of a name in a folder of Jupyter's contents API. */
export function pathIn(folder: string, name: string): string {
  const below = folder.replace(/^\/+|\/+$/g, '');
  return below ? `${below}/${name}` : name;
}

/** A path, quoted for a URL. */
export function quoted(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Where each piece of a file ends; an empty file has one piece. */
export function pieces(size: number, chunk = CHUNK): [number, number][] {
  const found: [number, number][] = [];
  for (let begin = 0; begin < size || begin === 0; begin += chunk) {
    found.push([begin, Math.min(begin + chunk, size)]);
  }
  return found;
}

/** Browsers give names without folders; a name like `..` could still come. */
function safeName(wanted: string): string {
  const name = wanted.replace(/[/\\\0]/g, '_').trim();
  return /^\.*$/.test(name) ? 'file' : name;
}

/** Two endings belong together if the last one is that of a compression. */
function split(name: string): [string, string] {
  const match = /(?:\.[^.]+)?\.(?:gz|bz2|xz|fz|Z)$|\.[^.]+$/.exec(name);
  const at = match?.index || name.length;
  return [name.slice(0, at), name.slice(at)];
}
