/** What has been said to a desktop before there was a view. */
export interface IGreeting {
  /** The messages, in their order. */
  readonly said: readonly Uint8Array[];
  /** When the first was sent, as `performance.now` tells; null for not yet. */
  readonly asked: number | null;
  /** After how many ms the answer came; null for not yet. */
  readonly roundTrip: number | null;
}

/** The part of a WebSocket that a view needs. */
export type Socket = { readonly greeting?: IGreeting } & Pick<
  WebSocket,
  | 'binaryType'
  | 'close'
  | 'onclose'
  | 'onerror'
  | 'onmessage'
  | 'onopen'
  | 'protocol'
  | 'readyState'
  | 'send'
>;
