// Adds up vitest's JSON reports. A report that is missing, empty or not successful is a failure, whatever it counted.
import { readFileSync } from 'node:fs';

const [failedSteps, ...files] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
let broken = Number(failedSteps) > 0;
for (const file of files) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests + report.numTodoTests;
    if (!report.success || report.numTotalTests === 0) broken = true;
  } catch (error) {
    console.log(`no report: ${error.message}`);
    broken = true;
  }
}
if (broken && failed === 0) failed = Math.max(1, Number(failedSteps));
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(broken || failed > 0 ? 1 : 0);
