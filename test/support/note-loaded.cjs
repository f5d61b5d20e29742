// Loaded into the CLI by NODE_OPTIONS=--require: writes the files of CommonJS that were loaded in the end, and how many threads were
// started, to NOTE_LOADED.
'use strict';
const { writeFileSync } = require('node:fs');
const process = require('node:process');
const threads = require('node:worker_threads');

if (threads.isMainThread) {
  let started = 0;
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(...args) {
      super(...args);
      started++;
    }
  };
  process.on('exit', () => {
    writeFileSync(process.env.NOTE_LOADED, JSON.stringify({ started, files: Object.keys(require.cache) }));
  });
}
