'use strict';

// The `context` object of one invocation, with AWS's fields in AWS's order.

const environment = Object.freeze({
  functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
  functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
  memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
  logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
  logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
});

function parse(text, name) {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Cannot parse ${name} as json: ${error}`);
  }
}

/** Makes the trace of this invocation the one that tracing libraries pick up. */
function publishTrace(traceId) {
  if (traceId === '') delete process.env._X_AMZN_TRACE_ID;
  else process.env._X_AMZN_TRACE_ID = traceId;
}

/** Fills `target` (an object that may already carry done, fail and succeed) from the invocation. */
function fill(target, invocation) {
  const { deadlineMs } = invocation;
  return Object.assign(target, environment, {
    clientContext: parse(invocation.clientContext, 'ClientContext'),
    identity: parse(invocation.identity, 'CognitoIdentity'),
    invokedFunctionArn: invocation.functionArn,
    awsRequestId: invocation.requestId,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  });
}

module.exports = { fill, publishTrace };
