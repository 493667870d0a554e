'use strict';

// awslambda.streamifyResponse and awslambda.HttpResponseStream. What the handler writes goes to the node piece by piece; who
// asked for a whole answer has it gathered there.

const { Writable } = require('node:stream');
const { fill } = require('./context.js');
const errors = require('./errors.js');
const { Kind } = require('./channel.js');
const { STREAMING, HIGH_WATER_MARK } = require('./loader.js');

const PRELUDE_CONTENT_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_DELIMITER_BYTES = 8;
const PIECE_BYTES_MAX = 64 * 1024;

class ResponseStream extends Writable {
  constructor(channel, options) {
    super({ ...options, decodeStrings: true });
    this.channel = channel;
    this.begun = false; // the node knows of it
    this.started = false;
    this.contentType = 'application/octet-stream';
  }

  setContentType(contentType) {
    if (this.started) throw new errors.InvalidStreamingOperation('Cannot set content-type, too late.');
    this.contentType = contentType;
  }

  /** Objects are written as JSON; the prelude of an HTTP response goes before the first chunk. */
  write(chunk, encoding, callback) {
    const plain = typeof chunk === 'string' || chunk instanceof Uint8Array;
    this.start();
    return super.write(plain ? chunk : JSON.stringify(chunk), encoding, callback);
  }

  end(chunk, encoding, callback) {
    if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') this.start();
    return super.end(chunk, encoding, callback);
  }

  start() {
    if (this.started) return;
    this.started = true;
    if (typeof this._onBeforeFirstWrite === 'function') this._onBeforeFirstWrite((part) => super.write(part));
  }

  _write(chunk, _encoding, done) {
    this.begin();
    this.pass(chunk, 0, done);
  }

  /** What was written while a piece was on its way goes together. */
  _writev(chunks, done) {
    this.begin();
    this.pass(Buffer.concat(chunks.map(({ chunk }) => chunk)), 0, done);
  }

  _final(done) {
    this.begin();
    done();
  }

  begin() {
    if (this.begun) return;
    this.begun = true;
    this.channel.sendText(Kind.STREAM, 0, this.contentType);
  }

  pass(chunk, start, done) {
    if (start >= chunk.length) {
      done();
      return;
    }
    const end = start + PIECE_BYTES_MAX;
    this.channel.sendPiece(chunk.subarray(start, end), (error) => (error ? done(error) : this.pass(chunk, end, done)));
  }
}

class HttpResponseStream {
  /** Makes `stream` begin with `prelude` ({statusCode, headers, cookies}) as JSON and eight zero bytes. */
  static from(stream, prelude) {
    stream.setContentType(PRELUDE_CONTENT_TYPE);
    const text = JSON.stringify(prelude);
    stream._onBeforeFirstWrite = (write) => {
      write(text);
      write(Buffer.alloc(PRELUDE_DELIMITER_BYTES));
    };
    return stream;
  }
}

function streamifyResponse(handler, options) {
  handler[STREAMING] = 'response';
  if (typeof options?.highWaterMark === 'number') handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
  return handler;
}

/** Puts `awslambda` where functions expect it. */
function install() {
  const off = process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
  if (off !== '1' && off !== 'true') globalThis.awslambda = { streamifyResponse, HttpResponseStream };
}

function finished(stream) {
  if (stream.writableFinished || stream.destroyed) return Promise.resolve();
  return new Promise((resolve, reject) => stream.once('finish', resolve).once('error', reject).once('close', resolve));
}

async function run(loaded, invocation, answer) {
  const stream = new ResponseStream(answer.runtime.channel, loaded.highWaterMark ? { highWaterMark: loaded.highWaterMark } : {});
  let failure = null;
  stream.on('error', (error) => {
    failure = error;
  });
  answer.whenIdle(() => answer.fail(new Error('Response stream is not finished.')));
  try {
    const context = fill({ callbackWaitsForEmptyEventLoop: true }, invocation);
    const pending = loaded.handler(JSON.parse(invocation.payload), stream, context);
    if (typeof pending?.then !== 'function') throw new Error('Streaming does not support non-async handlers.');
    if ((await pending) !== undefined) console.warn('Streaming handlers ignore return values.');
    if (!stream.writableEnded && !stream.destroyed) throw new Error('Response stream is not finished.');
    await finished(stream);
    if (failure !== null) throw failure;
    answer.succeedStream();
  } catch (error) {
    // What was written before is part of the response.
    if (stream.begun && !stream.destroyed) await finished(stream.writableEnded ? stream : stream.end()).catch(() => {});
    answer.fail(error);
  }
}

module.exports = { install, run };
