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
