/** The longest text that Xvnc takes, in bytes of UTF-8: its MaxCutText. */
export const MOST_BYTES = 262_144;

/** What to do about a text that the browser's clipboard has. */
type Verdict = 'send' | 'ignore' | 'too long';

/**
 * Keeps the clipboards of browser and desktop the same, without any I/O.
 *
 * Each text crosses once: it is not sent back when it is seen on the other side.
 * A page without focus cannot write to the browser's clipboard; such a text
 * waits, and older text on the clipboard does not replace it.
 */
export class Clipboards {
  /** The text that the browser's clipboard still lacks; null if none. */
  owed: string | null = null;
  /** The text that the desktop has, as far as is known. */
  desktop: string | null = null;
  private browser: string | null = null;

  /** The browser's clipboard was read. With 'send' it counts as sent. */
  inBrowser(text: string): Verdict {
    const read = normal(text);
    const isOld = read === this.browser;
    this.browser = read;
    if (read === '' || isOld || read === this.desktop) {
      return 'ignore';
    }
    if (tooLong(read)) {
      return 'too long';
    }
    this.desktop = read;
    this.owed = null;
    return 'send';
  }

  /** The user pastes a text; it is sent unless the desktop has it. */
  pasted(text: string): Verdict {
    this.browser = null;
    return this.inBrowser(text);
  }

  /** The desktop has a new text. */
  onDesktop(text: string): void {
    const copied = normal(text);
    if (copied !== '' && copied !== this.desktop) {
      this.desktop = copied;
      this.owed = copied === this.browser ? null : copied;
    }
  }

  /** The browser's clipboard was given a text. */
  written(text: string): void {
    this.browser = text;
    if (text === this.owed) {
      this.owed = null;
    }
  }

  /** Forget all: another or a new desktop has none of our texts. */
  forgetDesktop(): void {
    this.desktop = null;
    this.browser = null;
    this.owed = null;
  }
}

/** A text with equal line ends and valid Unicode, for comparison. */
export function normal(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])/g, '\ufffd')
    .replace(/(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

/** Whether Xvnc would drop a text; RFB ends lines with two characters. */
export function tooLong(text: string): boolean {
  const lines = text.split('\n').length - 1;
  return new TextEncoder().encode(text).length + lines + 1 > MOST_BYTES;
}

/** The sentence for a text that is too long. */
export const TOO_LONG =
  'The text on the clipboard is too long for the desktop, which takes up to ' +
  '256 KiB: bring it over as a file.';
