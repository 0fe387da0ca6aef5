// @vitest-environment happy-dom
import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { IOffer } from '../../src/server/jobs.js';
import { RunForm } from '../../src/lab/rundialog.js';

const OFFER: IOffer = {
  parameters: [
    { name: 'vis', default: 'a.ms' },
    { name: 'cell_size_of_images', default: '0.5' }
  ],
  trouble: '',
  engines: ['here', 'slurm'],
  output: 'reduce.out.ipynb'
};

/** The element with a label, or what else is shown, as a user finds it. */
function field(
  form: RunForm,
  label: string
): HTMLInputElement | HTMLSelectElement {
  const labels = [...form.node.querySelectorAll('label')];
  const found = labels.find(each => each.textContent?.startsWith(label));
  assert.ok(found, label);
  return found.querySelector<HTMLInputElement>('input, select')!;
}

/** Type into a field. */
function type(form: RunForm, label: string, text: string): void {
  const node = field(form, label);
  node.value = text;
  node.dispatchEvent(new Event('input', { bubbles: true }));
}

/** The labels and sentences that are in sight. */
function shown(form: RunForm): string[] {
  const nodes = [...form.node.children] as HTMLElement[];
  return nodes
    .filter(({ hidden, textContent }) => !hidden && textContent)
    .map(node => node.querySelector('span')?.textContent ?? node.textContent!);
}

test('what is not touched is left to the notebook', () => {
  const form = new RunForm(OFFER);
  assert.equal(field(form, 'vis').value, 'a.ms');
  assert.deepEqual(form.getValue(), {
    parameters: {},
    engine: 'here',
    options: '',
    output: 'reduce.out.ipynb'
  });
});

test('what was typed is given, and a long name is found whole', () => {
  const form = new RunForm(OFFER);
  type(form, 'cell_size_of_images', '2');
  type(form, 'Output', ' mine.ipynb ');
  const { parameters, output } = form.getValue();
  assert.deepEqual(parameters, { cell_size_of_images: '2' });
  assert.equal(output, 'mine.ipynb');
});

test('the options for sbatch are asked for and given on Slurm alone', () => {
  const form = new RunForm(OFFER);
  assert.ok(!shown(form).includes('Options for sbatch'));
  type(form, 'Where', 'slurm');
  type(form, 'Options', ' --time=10 ');
  assert.ok(shown(form).includes('Options for sbatch'));
  assert.equal(form.getValue().options, '--time=10');
  type(form, 'Where', 'here');
  assert.equal(form.getValue().options, '');
  assert.ok(!shown(form).includes('Options for sbatch'));
});

test('without Slurm there is one place, and nothing about sbatch', () => {
  const form = new RunForm({ ...OFFER, engines: ['here'] });
  const options = [...(field(form, 'Where') as HTMLSelectElement).options];
  assert.deepEqual(
    options.map(each => each.textContent),
    ['This machine']
  );
});

test('a list makes an array, whose jobs write into folders of their own', () => {
  const form = new RunForm(OFFER);
  assert.match(shown(form).join('\n'), /@list\.txt makes a job for each line/);
  type(form, 'vis', '@list.txt');
  assert.match(shown(form).join('\n'), /Each of these jobs writes/);
  assert.ok(!shown(form).includes('Output, beside the notebook'));
  assert.deepEqual(form.getValue().parameters, { vis: '@list.txt' });
  assert.equal(form.getValue().output, '');
  type(form, 'vis', 'b.ms');
  assert.equal(form.getValue().output, 'reduce.out.ipynb');
  assert.doesNotMatch(shown(form).join('\n'), /Each of these jobs/);
});

test('after a refusal all that was typed is there, with the reason', () => {
  const before = new RunForm(OFFER);
  type(before, 'vis', '@list.txt');
  type(before, 'Where', 'slurm');
  type(before, 'Options', '-c 16');
  type(before, 'Output', 'mine.ipynb');
  const form = new RunForm(OFFER, before, 'There is no such list.');
  assert.deepEqual(form.getValue(), before.getValue());
  assert.deepEqual(shown(form), [...shown(before), 'There is no such list.']);
  type(form, 'vis', 'b.ms');
  assert.equal(form.getValue().output, 'mine.ipynb');
  assert.equal(form.node.querySelectorAll('[role=alert]').length, 1);
});

test('a notebook without parameters says how it would have some', () => {
  const form = new RunForm({ ...OFFER, parameters: [] });
  assert.match(shown(form)[0], /has no parameters\. A cell with the tag/);
  assert.deepEqual(form.getValue().parameters, {});
  const trouble = 'Its line 1 is not Python.';
  const broken = new RunForm({ ...OFFER, parameters: [], trouble });
  assert.deepEqual(shown(broken), [
    'Where',
    'Output, beside the notebook',
    trouble
  ]);
});
