'use strict';

// One invocation of an ordinary handler: async, returning a promise, or (before Node.js 24) by callback.

const { fill } = require('./context.js');
const errors = require('./errors.js');

const isThenable = (value) => Boolean(value) && typeof value.then === 'function';

/**
 * Node.js 18 to 22: the first of callback, done, succeed, fail or a settled promise answers. A callback's answer waits
 * until nothing is left to do, unless the function set `callbackWaitsForEmptyEventLoop` to false.
 */
function callbackContext(answer) {
  let answered = false;
  let waits = true;
  const once = (reply) => (...values) => {
    if (answered) return;
    answered = true;
    try {
      reply(...values);
    } catch (error) {
      answered = false;
      throw error;
    }
  };
  const isError = (error) => error !== undefined && error !== null;
  const done = (error, result) => (isError(error) ? answer.fail(error) : answer.succeed(result));
  const fail = (error) => answer.fail(isError(error) ? error : 'handled');
  const callback = (error, result) => {
    if (isError(error)) answer.fail(error);
    else if (waits) answer.whenIdle(() => setImmediate(() => answer.succeed(result)));
    else answer.succeed(result);
  };
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waits;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waits = value;
    },
    succeed: once((result) => answer.succeed(result)),
    fail: once(fail),
    done: once(done),
  };
  return [context, once(callback)];
}

/** Runs a handler of Node.js 18 to 22. */
function runWithCallback(loaded, invocation, answer) {
  const [context, callback] = callbackContext(answer);
  answer.whenIdle(() => {
    // The handler returned, nothing is pending, and nobody answered.
    if (!loaded.isAsync) answer.succeed(null);
    else answer.fail(new errors.NodeJsExit(NEVER_SETTLED));
  });
  try {
    const result = loaded.handler(JSON.parse(invocation.payload), fill(context, invocation), callback);
    if (isThenable(result)) result.then(context.succeed, context.fail).catch(context.fail);
  } catch (error) {
    callback(error);
  }
}

const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was ' +
  'never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#process_exit_codes';

// What Node.js itself exits with when it has nothing to do and the main module still awaits.
const UNSETTLED_EXIT_CODE = 13;

/** Runs a handler of Node.js 24 and later, which has no callback. */
async function runWithoutCallback(loaded, invocation, answer) {
  answer.whenIdle(() => process.exit(UNSETTLED_EXIT_CODE));
  try {
    answer.succeed(await loaded.handler(JSON.parse(invocation.payload), fill({}, invocation)));
  } catch (error) {
    answer.fail(error);
  }
}

/** Node.js 24 refuses at init what it could only call wrongly. */
function refuseCallbacks(loaded) {
  if (loaded.streaming || loaded.handler.length < 3) return;
  throw new errors.CallbackHandlerDeprecated(
    'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. ' +
      'You need to modify this function to use a supported handler signature to use Node.js 24 or later. ' +
      'For more information see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.',
  );
}

module.exports = { runWithCallback, runWithoutCallback, refuseCallbacks };
