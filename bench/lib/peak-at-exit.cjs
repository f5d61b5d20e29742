// Loaded into a measured Node process by --require: writes the peak of its resident memory when it ends.
// The kernel counts per address space, so worker threads and the threads of native modules are in it.
'use strict';
const { readFileSync, writeFileSync } = require('node:fs');
const process = require('node:process');
const { isMainThread } = require('node:worker_threads');

if (isMainThread) {
  // All that its threads have read, of files and pipes, cached or not; only Linux tells.
  const readBytes = () => {
    try {
      return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'latin1'))[1]);
    } catch {
      return undefined;
    }
  };
  process.once('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    let peakBytes = maxRSS * 1024;
    try {
      // Linux: maxRSS starts with the size of the process that forked this one; VmHWM belongs to this program alone.
      peakBytes = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))[1]) * 1024;
    } catch {
      // Not Linux: maxRSS is right there.
    }
    const usage = { peakBytes, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, readBytes: readBytes() };
    writeFileSync(process.env.PINELOAD_BENCH_USAGE, JSON.stringify(usage));
  });
}
