import { defineConfig } from 'vitest/config';

const report = process.env.PINELOAD_TEST_REPORT;

// Suites that need servers or readers which npm does not bring: run by .ci/run, which installs them.
export default defineConfig({
  test: {
    globalSetup: ['./tools/build-kernel.mjs'],
    include: ['test/interop/**/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    fileParallelism: false,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
});
