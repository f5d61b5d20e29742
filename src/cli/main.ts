#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from '../base/exit-codes.js';
import { buildProgram } from './program.js';

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has said what is wrong; help and version end with 0.
  process.exitCode = error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
}
