import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    environment: 'node',
    // A process for each file took four times as much of the processors as all that is tested in it. What a test
    // replaces is put back after it, so that no file finds what another has left.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    coverage: {
      include: ['src/**/*.ts', 'page/**/*.ts'],
      reporter: [['text', { skipFull: true }]]
    }
  }
});
