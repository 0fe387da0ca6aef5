/** Make an element with a class of ours, and a text if there is one. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  text = ''
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = `casa-desktop-${name}`;
  made.textContent = text;
  return made;
}

/** Set an element's text, where that changes anything: writing it costs. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** Have the browser save a file. */
export function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // Firefox reads the blob only after a while.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
