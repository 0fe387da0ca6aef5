import { element } from '../dom.js';
import { icon, IconName } from './icons.js';

/** A button of the toolbar; `hint` is its tooltip. */
export function tool(
  label: string,
  picture: IconName | { readonly svg: string },
  run: (button: HTMLButtonElement) => void,
  hint = label
): HTMLButtonElement {
  const button = element('button', 'Tool');
  button.type = 'button';
  button.title = hint;
  button.setAttribute('aria-label', label);
  button.innerHTML = typeof picture === 'string' ? icon(picture) : picture.svg;
  button.addEventListener('click', () => run(button));
  return button;
}

/** A button with words on it. */
export function button(
  label: string,
  run: () => void,
  kind: 'plain' | 'main' | 'danger' = 'plain'
): HTMLButtonElement {
  const node = element('button', 'Button', label);
  node.type = 'button';
  node.dataset.kind = kind;
  node.addEventListener('click', run);
  return node;
}

/** Show whether a toggle button is pressed. */
export function press(button: HTMLButtonElement, pressed: boolean): void {
  button.setAttribute('aria-pressed', String(pressed));
}

/** A switch with words beside it. */
export function check(
  label: string,
  hint: string,
  change: (checked: boolean) => void
): { node: HTMLElement; input: HTMLInputElement } {
  const node = element('label', 'Check');
  const input = element('input', 'Input');
  input.type = 'checkbox';
  input.addEventListener('change', () => change(input.checked));
  const words = element('span', 'Words');
  words.append(element('span', 'Name', label), element('span', 'Hint', hint));
  node.append(input, words);
  return { node, input };
}
