/** What came from elsewhere, as an object; an empty one if it is none. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : {};
}
