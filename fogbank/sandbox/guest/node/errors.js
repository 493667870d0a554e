'use strict';

// The errors the runtime itself raises, by AWS's names, and AWS's JSON form of any error a function raises.

const util = require('node:util');

function named(name) {
  const type = class extends Error {};
  Object.defineProperty(type, 'name', { value: name });
  type.prototype.name = `Runtime.${name}`;
  return type;
}

const ImportModuleError = named('ImportModuleError');
const HandlerNotFound = named('HandlerNotFound');
const MalformedHandlerName = named('MalformedHandlerName');
const UserCodeSyntaxError = named('UserCodeSyntaxError');
const MalformedStreamingHandler = named('MalformedStreamingHandler');
const InvalidStreamingOperation = named('InvalidStreamingOperation');
const UnhandledPromiseRejection = named('UnhandledPromiseRejection');
const NodeJsExit = named('NodeJsExit');
const JSONStringifyError = named('JSONStringifyError');
const CallbackHandlerDeprecated = named('CallbackHandlerDeprecated');

function looksLikeError(value) {
  return Boolean(value) && ['name', 'message', 'stack'].every((key) => value[key] && typeof value[key] === 'string');
}

/** {errorType, errorMessage, trace}: the document that the caller of the function gets. */
function document(error) {
  try {
    if (util.types.isNativeError(error) || looksLikeError(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    const errorMessage =
      'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack';
    return { errorType: 'handled', errorMessage, trace: [] };
  }
}

function asError(value) {
  return value instanceof Error ? value : new Error(value);
}

/** The text after "Invoke Error" in a Text log: a tab, then the error with its own properties as JSON. */
function logged(error) {
  try {
    return `\t${JSON.stringify(error, (_key, value) => (value instanceof Error ? revealed(value) : value))}`;
  } catch {
    return `\t${JSON.stringify(document(error))}`;
  }
}

function revealed(error) {
  const fields = { errorType: error.name, errorMessage: error.message, code: error.code, ...error };
  if (typeof error.stack === 'string') fields.stack = error.stack.split('\n');
  return fields;
}

module.exports = {
  ImportModuleError,
  HandlerNotFound,
  MalformedHandlerName,
  UserCodeSyntaxError,
  MalformedStreamingHandler,
  InvalidStreamingOperation,
  UnhandledPromiseRejection,
  NodeJsExit,
  JSONStringifyError,
  CallbackHandlerDeprecated,
  document,
  asError,
  logged,
};
