import { defineConfig } from 'vitest/config';

const report = process.env.PINELOAD_TEST_REPORT;

export default defineConfig({
  test: {
    globalSetup: ['./tools/build-kernel.mjs'],
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', '**/node_modules/**'],
    testTimeout: 60_000,
    // Three tries to start a server: see test/support/process.ts.
    hookTimeout: 180_000,
    pool: 'forks',
    // By itself vitest leaves a core free: of two it would use one.
    maxWorkers: '100%',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
