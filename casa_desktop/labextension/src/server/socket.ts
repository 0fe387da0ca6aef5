/** The part of a WebSocket that a view needs. */
export type Socket = Pick<
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
