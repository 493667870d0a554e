'use strict';

// console.* as Lambda's Node.js runtimes print it: one log event for each call, in Text or JSON, filtered by level.

const util = require('node:util');
const errors = require('./errors.js');
const { Kind, FRAME_HEAD_BYTES, UTF8_BYTES_PER_UNIT_MAX } = require('./channel.js');

const LEVELS = Object.freeze({ TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 });
const METHODS = Object.freeze({
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  log: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  fatal: 'FATAL',
});
const TIME_BYTES = 8;
const EVENT_BYTES_MAX = 256 * 1024; // a longer event is cut, as Lambda cuts it

class Logging {
  constructor(channel, requestIdBeforeInvoke) {
    this.channel = channel;
    this.requestId = requestIdBeforeInvoke;
    this.json = (process.env.AWS_LAMBDA_LOG_FORMAT || '').toUpperCase() === 'JSON';
    this.lowest = LEVELS[(process.env.AWS_LAMBDA_LOG_LEVEL || '').toUpperCase()] || LEVELS.TRACE;
  }

  /** Replaces the console's methods; what is below the function's log level costs nothing. */
  patchConsole() {
    for (const [method, level] of Object.entries(METHODS)) {
      // FATAL is never filtered, as in AWS's runtime.
      const wanted = LEVELS[level] >= this.lowest || level === 'FATAL';
      console[method] = wanted ? (message, ...rest) => this.write(level, [message, ...rest]) : () => {};
    }
  }

  /** Logs an error of the invocation the way AWS's runtime does: `title` appears in Text only. */
  error(title, error) {
    if (this.json) console.error(errors.asError(error));
    else console.error(title, errors.logged(errors.asError(error)));
  }

  write(level, values) {
    const now = new Date();
    const text = this.json ? this.formatJson(level, now, values) : this.formatText(level, now, values);
    if (text.length * UTF8_BYTES_PER_UNIT_MAX <= EVENT_BYTES_MAX) {
      this.stamp(now);
      this.channel.sendText(Kind.EVENT, TIME_BYTES, text);
      return;
    }
    const bytes = Buffer.from(text, 'utf8');
    for (let start = 0; start < bytes.length; start += EVENT_BYTES_MAX) {
      this.stamp(now);
      this.channel.sendBytes(Kind.EVENT, TIME_BYTES, bytes.subarray(start, start + EVENT_BYTES_MAX));
    }
  }

  stamp(now) {
    // Two 32-bit halves: BigInt arithmetic costs more than the write itself.
    const micros = now.getTime() * 1000;
    this.channel.scratch.writeUInt32BE(Math.floor(micros / 2 ** 32), FRAME_HEAD_BYTES);
    this.channel.scratch.writeUInt32BE(micros % 2 ** 32, FRAME_HEAD_BYTES + 4);
  }

  formatText(level, now, values) {
    return `${now.toISOString()}\t${this.requestId}\t${level}\t${util.format(...values)}`;
  }

  formatJson(level, now, values) {
    const record = { timestamp: now.toISOString(), level, requestId: this.requestId };
    if (values.length === 1) return withMessage(record, values[0]);
    record.message = util.format(...values);
    const error = values.find((value) => value instanceof Error);
    if (error !== undefined) Object.assign(record, describe(error));
    return JSON.stringify(record);
  }
}

function withMessage(record, message) {
  record.message = message;
  try {
    return JSON.stringify(record, (_key, value) =>
      value instanceof Error ? { ...describe(value), ...value } : value,
    );
  } catch {
    record.message = util.format(message);
    return JSON.stringify(record);
  }
}

function describe(error) {
  return {
    errorType: error.constructor?.name ?? 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
  };
}

module.exports = { Logging };
