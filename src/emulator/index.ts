export { startEmulator, type Emulator } from './emulator.js';
export * from './options.js';
export { type EmulatorEvent, type EmulatorListener, renderEmulatorEvent } from './events.js';
export { type FaultRule, type FaultSettings, OPERATIONS, type Operation, parseFaults } from './faults.js';
export type { EmulatorLog, LoggedRequest, OperationCount } from './request-log.js';
export { STATE_FILE } from './state/state-file.js';
export { type Plan, PLANS } from './plans.js';
