/** Make an element with one of our classes, and optionally a text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  text = ''
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = `casa-desktop-${name}`;
  node.textContent = text;
  return node;
}

/** Set an element's text if it differs: each write costs layout time. */
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

/** The content of a blob in base64; rejects if the browser cannot read it. */
export function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const url = String(reader.result);
      resolve(url.slice(url.indexOf(',') + 1));
    };
    reader.onerror = () => reject(reader.error as DOMException);
    reader.readAsDataURL(blob);
  });
}
