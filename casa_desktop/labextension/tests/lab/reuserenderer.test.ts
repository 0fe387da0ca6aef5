// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { test } from 'vitest';
import { REUSE_MIME } from '../../src/lab/reuse.js';
import { reuseFactory } from '../../src/lab/reuserenderer.js';

const HOST = { copy: () => undefined, find: () => null, open: () => undefined };

async function rendered(value: unknown): Promise<HTMLElement> {
  const factory = reuseFactory(HOST);
  const options = {} as IRenderMime.IRendererOptions;
  const renderer = factory.createRenderer(options);
  const data = { [REUSE_MIME]: value };
  await renderer.renderModel({ data } as unknown as IRenderMime.IMimeModel);
  return renderer.node;
}

function button(node: HTMLElement, name: string): HTMLButtonElement {
  const found = [...node.querySelectorAll('button')];
  return found.find(each => each.textContent === name)!;
}

test('its button folds out what the call depends on', async () => {
  const why = 'split did not run:\n  the contents of <my.ms>';
  const node = await rendered({ line: 'nothing to do', key: 'ab', why });
  const answer = node.querySelector<HTMLElement>('.casa-desktop-Reuse-why')!;
  const ask = button(node, 'why');
  assert.equal(answer.hidden, true);
  assert.equal(ask.getAttribute('aria-expanded'), 'false');
  ask.click();
  assert.equal(answer.hidden, false);
  assert.equal(ask.getAttribute('aria-expanded'), 'true');
  // As text, never as HTML.
  assert.equal(answer.textContent, why);
  ask.click();
  assert.equal(answer.hidden, true);
});

test('a result that does not tell has no such button', async () => {
  const node = await rendered({ line: 'nothing to do', key: 'ab' });
  assert.equal(button(node, 'why').hidden, true);
  assert.equal(button(node, 'run again').hidden, false);
});

test('the button that runs the call again tells its key', async () => {
  const node = await rendered({ line: 'nothing to do', key: 'ab', why: '' });
  const keys: unknown[] = [];
  node.addEventListener('casa-desktop-run-again', event =>
    keys.push((event as CustomEvent<string>).detail)
  );
  button(node, 'run again').click();
  assert.deepEqual(keys, ['ab']);
});
