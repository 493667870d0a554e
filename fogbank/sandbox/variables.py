"""The environment variables a function sees: AWS's own names and values, as real functions show them.

Lambda's defaults come first, the function's own variables over them, and what is reserved over those.
"""

from __future__ import annotations

from fogbank.sandbox.api import Credentials, FunctionConfig

TASK_ROOT = "/var/task"
RUNTIME_DIR = "/var/runtime"
_XRAY_ADDRESS = "169.254.100.1"

_DEFAULTS = {
    "LANG": "en_US.UTF-8",
    "LD_LIBRARY_PATH": (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    ),
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "PWD": TASK_ROOT,
    "SHLVL": "0",
    "TZ": ":UTC",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
}
_BY_LANGUAGE = {
    "python": {"LC_CTYPE": "C.UTF-8", "PYTHONPATH": RUNTIME_DIR},
    "nodejs": {
        "NODE_PATH": "/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:"
        # The last is not Lambda's: what is installed beside this machine's Node.js (`npm install -g`), where the AWS SDK
        # may be. Lambda's runtimes bundle it, ours do not.
        "/var/runtime:/var/task:/var/lang/lib/node_modules"
    },
}


def function_variables(
    config: FunctionConfig,
    credentials: Credentials,
    stream: str,
    endpoint_url: str,
    runtime_api: str | None = None,
) -> dict[str, str]:
    """All variables of one environment. `runtime_api` is the `host:port` of its HTTP Runtime API, where it has one."""
    variables = dict(_DEFAULTS)
    variables.update(_language_defaults(config.runtime))
    variables["AWS_ENDPOINT_URL"] = endpoint_url
    variables.update(config.environment)
    variables.update(_reserved(config, stream))
    variables["AWS_ACCESS_KEY_ID"] = credentials.access_key_id
    variables["AWS_SECRET_ACCESS_KEY"] = credentials.secret_access_key
    variables["AWS_SESSION_TOKEN"] = credentials.session_token
    if runtime_api is not None:
        variables["AWS_LAMBDA_RUNTIME_API"] = runtime_api
    return variables


def _language_defaults(runtime: str) -> dict[str, str]:
    for language, defaults in _BY_LANGUAGE.items():
        if runtime.startswith(language):
            major = runtime.removeprefix(language).removesuffix(".x")
            return {name: value.replace("{major}", major) for name, value in defaults.items()}
    return {}


def _reserved(config: FunctionConfig, stream: str) -> dict[str, str]:
    reserved = {
        "_HANDLER": config.handler,
        "AWS_DEFAULT_REGION": config.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": config.initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": config.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": config.region,
        "AWS_XRAY_DAEMON_ADDRESS": f"{_XRAY_ADDRESS}:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": _XRAY_ADDRESS,
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "LAMBDA_RUNTIME_DIR": RUNTIME_DIR,
        "LAMBDA_TASK_ROOT": TASK_ROOT,
    }
    if config.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    if config.application_log_level:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = config.application_log_level
    if config.runtime.startswith("provided"):
        del reserved["AWS_EXECUTION_ENV"]  # not defined for OS-only runtimes
    return reserved
