// noVNC ships no types, and those of DefinitelyTyped describe the entry point
// of noVNC 1.6. This is the part of docs/API.md that src/rfb.ts uses.
declare module '@novnc/novnc' {
  interface IEvents {
    connect: CustomEvent<Record<string, never>>;
    disconnect: CustomEvent<{ clean: boolean }>;
    securityfailure: CustomEvent<{ status: number; reason?: string }>;
  }

  export default class RFB {
    constructor(
      target: HTMLElement,
      url: string,
      options?: { shared?: boolean }
    );
    background: string;
    clipViewport: boolean;
    compressionLevel: number;
    focusOnClick: boolean;
    qualityLevel: number;
    resizeSession: boolean;
    scaleViewport: boolean;
    showDotCursor: boolean;
    addEventListener<K extends keyof IEvents>(
      type: K,
      listener: (event: IEvents[K]) => void
    ): void;
    disconnect(): void;
    focus(): void;
  }
}
