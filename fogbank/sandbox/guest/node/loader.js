'use strict';

// From a handler string ("dir/file.export.nested") to the function: which file, CommonJS or ES module, which export.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');
const errors = require('./errors.js');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

// The name that a "Require stack" ends with on AWS.
const RUNTIME_FILE = path.join(process.env.LAMBDA_RUNTIME_DIR || __dirname, 'index.mjs');

function split(handler) {
  if (handler.includes('..')) {
    throw new errors.MalformedHandlerName(
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(handler);
  const dot = base.indexOf('.');
  if (dot < 0) throw new errors.MalformedHandlerName('Bad handler');
  const folder = handler.slice(0, handler.indexOf(base));
  return { folder, name: base.slice(0, dot), exported: base.slice(dot + 1) };
}

/** Whether .js files of a folder are ES modules: the nearest package.json decides, but none beyond a node_modules. */
function isModuleFolder(folder) {
  for (;;) {
    if (folder.endsWith('/node_modules')) return false;
    const file = path.join(folder, 'package.json');
    if (fs.existsSync(file)) {
      try {
        return JSON.parse(fs.readFileSync(file, 'utf8'))?.type === 'module';
      } catch (error) {
        console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
        return false;
      }
    }
    if (folder === '/') return false;
    folder = path.dirname(folder);
  }
}

/** The files a handler may live in, in AWS's order, each with how it is loaded. */
function candidates(stem, major) {
  const esm = isModuleFolder(path.dirname(stem));
  const files = [
    [stem, false],
    [`${stem}.js`, esm],
    [`${stem}.mjs`, true],
    [`${stem}.cjs`, false],
  ];
  // Node.js 24 strips TypeScript's types itself.
  if (major >= 24) files.push([`${stem}.ts`, esm], [`${stem}.mts`, true], [`${stem}.cts`, false]);
  return files;
}

async function loadModule(root, { folder, name }, major) {
  const stem = path.resolve(root, folder, name);
  const require = createRequire(RUNTIME_FILE);
  for (const [file, esm] of candidates(stem, major)) {
    if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) continue;
    return esm ? await import(pathToFileURL(file)) : require(file);
  }
  return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

async function loadOrExplain(root, parts, major) {
  try {
    return await loadModule(root, parts, major);
  } catch (error) {
    if (error instanceof SyntaxError) throw explained(errors.UserCodeSyntaxError, error);
    if (error?.code === 'MODULE_NOT_FOUND') throw explained(errors.ImportModuleError, error);
    throw error;
  }
}

function explained(Type, cause) {
  const error = new Type(String(cause));
  // A syntax error's stack begins with the file, the line and a caret: the one thing its author needs.
  if (Type === errors.UserCodeSyntaxError) error.stack = `${error.name}: ${error.message}\n${cause.stack}`;
  return error;
}

/**
 * Loads the function. Gives {handler, streaming, highWaterMark, isAsync}; throws Runtime.ImportModuleError,
 * Runtime.HandlerNotFound, Runtime.UserCodeSyntaxError, Runtime.MalformedHandlerName, or what the module itself threw.
 */
async function load(root, name, major) {
  const parts = split(name);
  const loaded = await loadOrExplain(root, parts, major);
  const handler = parts.exported.split('.').reduce((value, key) => value && value[key], loaded);
  if (!handler) throw new errors.HandlerNotFound(`${name} is undefined or not exported`);
  if (typeof handler !== 'function') throw new errors.HandlerNotFound(`${name} is not a function`);
  const streaming = handler[STREAMING];
  if (streaming && streaming !== 'response') {
    throw new errors.MalformedStreamingHandler('Only response streaming is supported.');
  }
  return {
    handler,
    streaming: Boolean(streaming),
    highWaterMark: Number.parseInt(handler[HIGH_WATER_MARK], 10) || undefined,
    isAsync: handler.constructor?.name === 'AsyncFunction',
  };
}

module.exports = { load, STREAMING, HIGH_WATER_MARK };
