// Preloaded: the clock of the process is off by so many milliseconds (CLOCK_OFF_MS), as that of a machine without NTP.
const process = require('node:process');

const Right = Date;
const off = Number(process.env.CLOCK_OFF_MS);
globalThis.Date = class extends Right {
  constructor(...parts) {
    if (parts.length === 0) super(Right.now() + off);
    else super(...parts);
  }

  static now() {
    return Right.now() + off;
  }
};
