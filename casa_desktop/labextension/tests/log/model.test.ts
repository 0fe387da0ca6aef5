import assert from 'node:assert/strict';
import { test } from 'vitest';
import { readLog, Row } from '../../src/log/model.js';
import {
  belowRoot,
  clock,
  counted,
  difference,
  passes,
  tabSeparated
} from '../../src/log/text.js';

const INFO: Row = ['11:00:00', 'INFO', 'tclean::::casa', 'Begin Task'];
const WARN: Row = ['11:00:01', 'WARN', 'imager::tune', 'Beam is too small'];
const SEVERE: Row = ['11:00:02', 'SEVERE', 'tclean::::casa', 'No such vis'];
const DEBUG: Row = ['11:00:03', 'DEBUG1', 'x', 'y'];
const ALL = [INFO, WARN, SEVERE, DEBUG];

test('a log is read as the kernel wrote it', () => {
  const log = readLog({
    version: 1,
    state: 'running',
    logfile: '/data/casa.log',
    counts: { total: 12, warn: 2, severe: 1 },
    newest: INFO,
    messages: [INFO, WARN],
    omitted: 10,
    progress: { label: 'tclean', fraction: 1.5, elapsed: 3, detail: 'd' }
  });
  assert.equal(log.running, true);
  assert.deepEqual([log.total, log.warnings, log.errors], [12, 2, 1]);
  assert.deepEqual(log.rows, [INFO, WARN]);
  assert.deepEqual(log.newest, INFO);
  assert.deepEqual(log.progress, {
    label: 'tclean',
    fraction: 1,
    elapsed: 3,
    detail: 'd'
  });
});

test('a log unfolds by itself for an error, or because it was asked for', () => {
  assert.equal(readLog({ counts: { warn: 3 } }).opens, false);
  assert.equal(readLog({ counts: { severe: 1 } }).opens, true);
  assert.equal(readLog({ open: true }).opens, true);
});

test('whatever else a notebook holds is an empty log', () => {
  const empty = readLog(null);
  assert.equal(empty.running, false);
  assert.deepEqual(empty.rows, []);
  for (const junk of [7, 'x', [], { counts: 3, messages: {}, newest: 0 }]) {
    assert.deepEqual(readLog(junk), empty);
  }
  const odd = readLog({ messages: [3, [null, {}, 'o']], progress: [] });
  assert.deepEqual(odd.rows, [
    ['', '', '', ''],
    ['', '', 'o', '']
  ]);
  assert.equal(odd.progress?.fraction, null);
});

test('every word of the filter must be in the row', () => {
  const shown = (text: string) => ALL.filter(passes({ text, priority: '' }));
  assert.deepEqual(shown('  TCLEAN  begin '), [INFO]);
  assert.deepEqual(shown('tclean'), [INFO, SEVERE]);
  assert.deepEqual(shown(' '), ALL);
});

test('a priority lets the higher ones pass too', () => {
  const shown = (priority: string) =>
    ALL.filter(passes({ text: '', priority }));
  assert.deepEqual(shown(''), ALL);
  assert.deepEqual(shown('INFO'), [INFO, WARN, SEVERE]);
  assert.deepEqual(shown('WARN'), [WARN, SEVERE]);
  assert.deepEqual(shown('SEVERE'), [SEVERE]);
});

test('copied rows are lines with three tabs, whatever is in them', () => {
  const odd: Row = ['t', 'INFO', 'o', 'two\n\tlines'];
  assert.equal(tabSeparated([odd, DEBUG]).split('\n').length, 3);
  assert.equal(tabSeparated([odd]), 't\tINFO\to\ttwo lines\n');
});

test('things are counted in words', () => {
  assert.equal(counted(1, 'warning'), '1 warning');
  assert.equal(counted(12345, 'message'), '12,345 messages');
});

test('a time is shown as by a clock', () => {
  assert.deepEqual([0, 7.9, 754, 3723].map(clock), [
    '0:00',
    '0:07',
    '12:34',
    '1:02:03'
  ]);
});

test('a log file is found below the root of the server only', () => {
  assert.equal(belowRoot('/data/a/casa.log', '/data'), 'a/casa.log');
  assert.equal(belowRoot('/my data/c.log', 'file:///my%20data/'), 'c.log');
  assert.equal(belowRoot('/database/casa.log', '/data'), null);
  assert.equal(belowRoot('/data/../etc/passwd', '/data'), null);
  assert.equal(belowRoot('/data/casa.log', '~/x'), null);
  assert.equal(belowRoot('/data/casa.log', ''), null);
});

test('a log that goes on keeps its rows and gets new ones at its end', () => {
  assert.deepEqual(difference([INFO, WARN], [INFO, WARN, SEVERE]), {
    stays: [true, true],
    kept: 2
  });
});

test('an old row that is left out goes, wherever it stood', () => {
  assert.deepEqual(difference([INFO, WARN, DEBUG], [WARN, SEVERE]), {
    stays: [false, true, false],
    kept: 1
  });
  assert.deepEqual(difference([INFO, INFO, WARN], [INFO, WARN]), {
    stays: [true, false, true],
    kept: 2
  });
});
