import assert from 'node:assert/strict';
import { test } from 'vitest';
import { INITIAL } from '../../src/connection/state.js';
import { NO_STATS } from '../../src/connection/stats.js';
import { runningText, viewText } from '../../src/lab/statustext.js';

const STATS = { ...NO_STATS, roundTrip: 12.4, width: 1600, height: 900 };

test('a connected view tells its round trip and size', () => {
  const status = { ...INITIAL, phase: 'connected' as const };
  assert.equal(
    viewText('main', status, STATS),
    'CASA Desktop: connected · 12 ms · 1600×900'
  );
  assert.equal(
    viewText('main', status, NO_STATS, '3.1 of 8.0 GB · 42 min left'),
    'CASA Desktop: connected · 3.1 of 8.0 GB · 42 min left'
  );
  assert.equal(
    viewText('m31', status, NO_STATS),
    'CASA Desktop m31: connected'
  );
});

test('a view that is not connected tells no old figures', () => {
  const lost = { ...INITIAL, phase: 'reconnecting' as const };
  assert.equal(viewText('main', lost, STATS), 'CASA Desktop: reconnecting');
  const stopped = {
    ...INITIAL,
    phase: 'failed' as const,
    end: 'stopped' as const
  };
  assert.equal(viewText('main', stopped, STATS), 'CASA Desktop: stopped');
  const gone = { ...stopped, end: 'lost' as const };
  assert.equal(viewText('main', gone, STATS), 'CASA Desktop: stopped');
});

test('without a view the desktops that run are told', () => {
  assert.equal(runningText(['m31']), 'CASA Desktop m31: running');
  assert.equal(runningText(['m31', 'main']), 'CASA Desktops: 2 running');
});
