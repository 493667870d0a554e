'use strict';

// process.stdout and process.stderr, framed on the channel, so that what was written before the answer arrives before
// it. Programs that the function starts write to the pipe behind file descriptors 1 and 2 instead.

const { Writable } = require('node:stream');
const { Kind } = require('./channel.js');

const OUTPUT_BYTES_MAX = 64 * 1024;

class Output extends Writable {
  constructor(channel, fd) {
    super({ decodeStrings: true });
    this.channel = channel;
    this.fd = fd; // what `stdio: [0, process.stdout, process.stderr]` hands to a child process
    this._isStdio = true;
  }

  _write(chunk, _encoding, done) {
    try {
      for (let start = 0; start < chunk.length; start += OUTPUT_BYTES_MAX) {
        this.channel.sendBytes(Kind.OUTPUT, 0, chunk.subarray(start, start + OUTPUT_BYTES_MAX));
      }
      done();
    } catch (error) {
      done(error);
    }
  }

  /** Like Node's own, it outlives end() and destroy(): others still print. */
  _destroy(_error, done) {
    done();
  }
}

function install(channel) {
  for (const [name, fd] of [['stdout', 1], ['stderr', 2]]) {
    let stream = null;
    // Made when it is first used: most functions print by console alone.
    const get = () => (stream ??= new Output(channel, fd));
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
  }
}

module.exports = { install };
