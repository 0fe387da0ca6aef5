// noVNC ships no types, and those of DefinitelyTyped describe the entry point
// of noVNC 1.6. This is the part of docs/API.md that src/connection/novnc.ts uses.
declare module '@novnc/novnc' {
  interface IEvents {
    clipboard: CustomEvent<{ text: string }>;
    connect: CustomEvent<Record<string, never>>;
    disconnect: CustomEvent<{ clean: boolean }>;
    securityfailure: CustomEvent<{ status: number; reason?: string }>;
  }

  /** What noVNC needs of a channel that it did not open itself. */
  interface IRawChannel {
    binaryType: string;
    onopen: unknown;
    onclose: unknown;
    onerror: unknown;
    onmessage: unknown;
    readonly protocol: string;
    readonly readyState: number | string;
    send(bytes: Uint8Array): void;
    close(): void;
  }

  export default class RFB {
    constructor(
      target: HTMLElement,
      channel: IRawChannel,
      options?: { shared?: boolean }
    );
    background: string;
    clipViewport: boolean;
    focusOnClick: boolean;
    resizeSession: boolean;
    scaleViewport: boolean;
    showDotCursor: boolean;
    viewOnly: boolean;
    addEventListener<K extends keyof IEvents>(
      type: K,
      listener: (event: IEvents[K]) => void
    ): void;
    blur(): void;
    clipboardPasteFrom(text: string): void;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
  }
}
