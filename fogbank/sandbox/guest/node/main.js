'use strict';

// The Node.js runtime of an environment: `node main.js`, with FOGBANK_CHANNEL_FD the socket to the node of fogbank.
//
//   channel.js    the frames (guest/wire.py is their definition)
//   loader.js     from _HANDLER to a function
//   buffered.js   one invocation of an ordinary handler; streaming.js: of a streaming one; context.js: its context
//   logging.js    console.*; output.js: process.stdout and stderr; errors.js: AWS's forms of errors; memory.js: peak memory
//
// Standard library only. It behaves as AWS's runtime interface client does, version 3 of it (callbacks) up to
// Node.js 22 and version 4 (promises only) from Node.js 24 on.

const { Channel, Kind, FRAME_HEAD_BYTES } = require('./channel.js');
const { Logging } = require('./logging.js');
const { Memory } = require('./memory.js');
const output = require('./output.js');
const errors = require('./errors.js');
const loader = require('./loader.js');
const buffered = require('./buffered.js');
const streaming = require('./streaming.js');
const { publishTrace } = require('./context.js');

const UNCAUGHT_EXIT_CODE = 129;
const UNHANDLED_REJECTION_EXIT_CODE = 128;
const MEMORY_BYTES = 4;
const STATUS_BYTES = 4;
const PROMISES_ONLY_MAJOR = 24;

const nothing = () => {};

class Runtime {
  constructor(channel, logging, major) {
    this.channel = channel;
    this.logging = logging;
    this.major = major;
    this.memory = new Memory();
    this.loaded = null;
    this.run = null;
    this.busy = false; // an invocation was received and not answered
    this.idle = nothing; // called when nothing is left to do
    this.next = this.next.bind(this);
    this.handle = this.handle.bind(this);
    this.trace = '';
  }

  async start() {
    streaming.install();
    const loaded = await loader.load(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, this.major);
    const promisesOnly = this.major >= PROMISES_ONLY_MAJOR;
    if (promisesOnly) buffered.refuseCallbacks(loaded);
    this.loaded = loaded;
    if (loaded.streaming) this.run = streaming.run;
    else this.run = promisesOnly ? buffered.runWithoutCallback : buffered.runWithCallback;
    this.channel.sendText(Kind.READY, 0, '');
    setImmediate(this.next);
  }

  next() {
    this.idle = nothing;
    // Only our own setImmediate could have brought us here; anything else active must not be held up by a blocking read.
    if (process.getActiveResourcesInfo().length > 0) this.channel.receive(this.handle);
    else this.handle(this.channel.receiveSync());
  }

  handle(invocation) {
    if (invocation === null) process.exit(0);
    this.busy = true;
    this.logging.requestId = invocation.requestId;
    if (invocation.traceId !== this.trace) {
      this.trace = invocation.traceId;
      publishTrace(this.trace);
    }
    this.run(this.loaded, invocation, new Answer(this));
  }

  send(kind, text) {
    this.busy = false;
    this.channel.scratch.writeUInt32BE(this.memory.peak(), FRAME_HEAD_BYTES);
    this.channel.sendText(kind, MEMORY_BYTES, text);
  }


  /** The process cannot go on: log, tell the caller, end with AWS's exit code. */
  die(title, error, code) {
    this.logging.error(title, error);
    const text = JSON.stringify(errors.document(error));
    if (this.loaded === null) {
      this.channel.sendText(Kind.INIT_ERROR, 0, text);
    } else if (this.busy) {
      this.channel.scratch.writeUInt32BE(this.memory.peak(), FRAME_HEAD_BYTES);
      this.channel.scratch.writeUInt32BE(code, FRAME_HEAD_BYTES + MEMORY_BYTES);
      this.channel.sendText(Kind.FATAL, MEMORY_BYTES + STATUS_BYTES, text);
    }
    this.channel.flushed(() => process.exit(code));
  }
}

/** The one answer of one invocation; a second is reported on the console and dropped. */
class Answer {
  constructor(runtime) {
    this.runtime = runtime;
    this.given = false;
  }

  whenIdle(action) {
    this.runtime.idle = action;
  }

  first() {
    this.runtime.idle = nothing;
    if (!this.given) {
      this.given = true;
      return true;
    }
    console.error('Invocation has already been reported as done. Cannot call complete more than once per invocation.');
    return false;
  }

  succeed(result) {
    const text = serialize(result, this.runtime.major);
    if (!this.first()) return;
    this.runtime.send(Kind.RESULT, text);
    setImmediate(this.runtime.next);
  }

  /** The response was streamed and is whole. */
  succeedStream() {
    if (!this.first()) return;
    this.runtime.send(Kind.END, '');
    setImmediate(this.runtime.next);
  }

  fail(error) {
    if (!this.first()) return;
    this.runtime.logging.error('Invoke Error', error);
    this.runtime.send(Kind.ERROR, JSON.stringify(errors.document(error)));
    this.runtime.channel.flushed(() => setImmediate(this.runtime.next));
  }
}

function serialize(result, major) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result);
  } catch {
    text = undefined;
  }
  if (text !== undefined) return text;
  if (typeof result === 'function' || typeof result === 'symbol') return 'null';
  const message = 'Unable to stringify response body';
  throw major >= PROMISES_ONLY_MAJOR ? new errors.JSONStringifyError(message) : new Error(message);
}

function main() {
  const channel = new Channel(Number(process.env.FOGBANK_CHANNEL_FD));
  delete process.env.FOGBANK_CHANNEL_FD;
  output.install(channel);
  const major = Number(process.versions.node.split('.')[0]);
  const logging = new Logging(channel, major >= PROMISES_ONLY_MAJOR ? '-' : undefined);
  logging.patchConsole();
  const runtime = new Runtime(channel, logging, major);
  process.on('beforeExit', () => {
    const action = runtime.idle;
    runtime.idle = nothing;
    action();
  });
  process.on('uncaughtException', (error) => runtime.die('Uncaught Exception', error, UNCAUGHT_EXIT_CODE));
  process.on('unhandledRejection', (reason, promise) => {
    const error = Object.assign(new errors.UnhandledPromiseRejection(reason), { reason, promise });
    runtime.die('Unhandled Promise Rejection', error, UNHANDLED_REJECTION_EXIT_CODE);
  });
  runtime.start().catch((error) => runtime.die('Uncaught Exception', error, UNCAUGHT_EXIT_CODE));
}

main();
