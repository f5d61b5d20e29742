#!/usr/bin/env node
import { EXIT } from '../base/exit-codes.js';
import { VERSION } from '../base/version.js';
import { startThreadsEarly } from './start-early.js';
import { watchStopSignals } from './stop-signal.js';

watchStopSignals();

// A reader that goes away (`| head`) is no fault of ours. Without one for the result there is nothing left to do; without
// one for the talk the work goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? EXIT.OK);
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

if (process.argv.length === 3 && /^(--version|-V)$/.test(process.argv[2]!)) {
  // Scripts ask for it at every step; nothing else need be loaded for the answer.
  process.stdout.write(`${VERSION}\n`);
} else {
  let over = false;
  // Node ends when there is nothing left to wait for, whether or not the command came to its end.
  process.on('beforeExit', () => {
    if (over) return;
    process.stderr.write('error     the command stopped before its end\n');
    process.exitCode = EXIT.UNEXPECTED;
  });
  // What it throws ends the process as any error does that nobody handles.
  void run().finally(() => (over = true));
}

async function run(): Promise<void> {
  startThreadsEarly(process.argv.slice(2), process.env);
  const { buildProgram, CommanderError } = await import('./program.js');
  try {
    await buildProgram(process.argv[2]).parseAsync(process.argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what is wrong; help and version end with 0.
    process.exitCode = error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
    if (error.exitCode !== 0) {
      const { reportUsageError } = await import('./usage-error.js');
      reportUsageError(error, process.argv.slice(2), process.env);
    }
  }
}
