'use strict';

// The environment's end of the socket to its node: the frames of guest/wire.py, read and written with plain blocking
// system calls. A blocking read costs one call and no turn of libuv's poller, which is most of what an invocation costs.

const fs = require('node:fs');

const Kind = Object.freeze({ READY: 2, RESULT: 3, ERROR: 4, INIT_ERROR: 5, OUTPUT: 6, EVENT: 7, FATAL: 11, STREAM: 12, CHUNK: 13, END: 14 });

const INVOKE_HEAD_BYTES = 28;
const FRAME_HEAD_BYTES = 5;
const RECEIVE_BYTES = 65536;
const SCRATCH_BYTES = 65536;
const UTF8_BYTES_PER_UNIT_MAX = 3;

class Channel {
  constructor(fd) {
    this.fd = fd;
    this.input = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
    this.scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    this.writing = false; // a piece of a stream is on its way
    this.held = []; // frames and callbacks that wait for its end
  }

  /** Sends one frame: `head` bytes were already put into `scratch` behind the frame's own head, then `body` follows. */
  sendText(kind, headBytes, text) {
    const start = FRAME_HEAD_BYTES + headBytes;
    if (this.writing || text.length * UTF8_BYTES_PER_UNIT_MAX > SCRATCH_BYTES - start) {
      this.sendBytes(kind, headBytes, Buffer.from(text, 'utf8'));
      return;
    }
    const bodyBytes = this.scratch.utf8Write(text, start);
    this.writeHead(kind, headBytes + bodyBytes);
    this.writeAll(this.scratch, start + bodyBytes);
  }

  sendBytes(kind, headBytes, body) {
    this.writeHead(kind, headBytes + body.length);
    if (this.writing) {
      this.held.push(Buffer.concat([this.scratch.subarray(0, FRAME_HEAD_BYTES + headBytes), body]));
      return;
    }
    this.writeAll(this.scratch, FRAME_HEAD_BYTES + headBytes);
    this.writeAll(body, body.length);
  }

  /**
   * Sends one piece of a stream, and calls `done` when it is gone. A node whose client is slow does not read on: then a
   * thread waits and the function's own event loop does not. What is sent meanwhile follows the piece.
   */
  sendPiece(piece, done) {
    const head = Buffer.allocUnsafe(FRAME_HEAD_BYTES);
    head[0] = Kind.CHUNK;
    head.writeUInt32BE(piece.length, 1);
    this.writing = true;
    this.writeOn(Buffer.concat([head, piece]), 0, done);
  }

  writeOn(frame, position, done) {
    fs.write(this.fd, frame, position, frame.length - position, null, (error, count) => {
      if (!error && position + count < frame.length) {
        this.writeOn(frame, position + count, done);
        return;
      }
      this.writing = false;
      const { held } = this;
      this.held = [];
      for (const each of held) {
        if (typeof each === 'function') each();
        else this.writeAll(each, each.length);
      }
      done(error);
    });
  }

  /** Calls `action` when all that was sent is gone. */
  flushed(action) {
    if (this.writing) this.held.push(action);
    else action();
  }

  writeHead(kind, bytes) {
    this.scratch[0] = kind;
    this.scratch.writeUInt32BE(bytes, 1);
  }

  writeAll(buffer, end) {
    let position = 0;
    while (position < end) position += fs.writeSync(this.fd, buffer, position, end - position);
  }

  /** Waits for the next invocation by blocking the whole process: only when nothing else is going on in it. */
  receiveSync() {
    return this.finish(fs.readSync(this.fd, this.input, 0, RECEIVE_BYTES));
  }

  /** Waits for the next invocation while timers and sockets that the function left behind go on. */
  receive(callback) {
    fs.read(this.fd, this.input, 0, RECEIVE_BYTES, null, (error, count) => {
      if (error) throw error;
      callback(this.finish(count));
    });
  }

  finish(count) {
    if (count === 0) return null;
    while (count < INVOKE_HEAD_BYTES) {
      const more = fs.readSync(this.fd, this.input, count, INVOKE_HEAD_BYTES - count);
      if (more === 0) return null;
      count += more;
    }
    const input = this.input;
    let whole = INVOKE_HEAD_BYTES;
    for (let offset = 4; offset < INVOKE_HEAD_BYTES; offset += 4) whole += input.readUInt32BE(offset);
    const frame = whole <= count ? input : this.rest(count, whole);
    return frame === null ? null : decode(frame);
  }

  rest(count, whole) {
    const frame = Buffer.allocUnsafeSlow(whole);
    this.input.copy(frame, 0, 0, count);
    while (count < whole) {
      const more = fs.readSync(this.fd, frame, count, whole - count);
      if (more === 0) return null;
      count += more;
    }
    return frame;
  }
}

function decode(frame) {
  let offset = INVOKE_HEAD_BYTES;
  const next = (index) => {
    const start = offset;
    offset += frame.readUInt32BE(4 * index);
    return start === offset ? '' : frame.utf8Slice(start, offset);
  };
  return {
    deadlineMs: Date.now() + frame.readUInt32BE(0),
    requestId: next(1),
    functionArn: next(2),
    traceId: next(3),
    clientContext: next(4),
    identity: next(5),
    payload: next(6),
  };
}

module.exports = { Channel, Kind, FRAME_HEAD_BYTES, UTF8_BYTES_PER_UNIT_MAX };
