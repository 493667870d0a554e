"""From a stored version to what the sandbox runs: the FunctionConfig and its files, and the end of outdated ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from fogbank.core.errors import StoreError
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import FunctionConfig, Pool
from fogbank.services.lambda_.code_store import CodeStore
from fogbank.services.lambda_.environment import open_variables
from fogbank.services.lambda_.invocation_log import LogSettings
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.records import Version
from fogbank.services.lambda_.rendering import log_group_of
from fogbank.services.lambda_.report import Level
from fogbank.services.lambda_.runtimes import runtime_version_arn
from fogbank.store.secrets import Secrets

_Place = tuple[str, str, str]


class Configurer:
    """Builds configs, and retires the environments of those that were replaced."""

    def __init__(self, secrets: Secrets, code: CodeStore, pool: Pool, lanes: Lanes) -> None:
        self._secrets = secrets
        self._code = code
        self._pool = pool
        self._lanes = lanes
        self._in_use: dict[_Place, dict[str, str]] = {}  # by function: version -> config key

    async def prepare(self) -> None:
        """Have at hand what seals variables and credentials, so that no first invocation waits for it."""
        await asyncio.to_thread(self._secrets.prepare)

    def configure(self, name: FunctionName, version: Version) -> FunctionConfig:
        """The config of `version`. Pure but for opening the sealed variables."""
        logging = version.logging
        return FunctionConfig(
            key=_key(name, version),
            account=name.account,
            region=name.region,
            name=name.name,
            version=version.version,
            runtime=version.runtime,
            handler=version.handler,
            code=self._code.path(version.code_sha),
            layers=tuple(self._code.path(layer.code_sha) for layer in version.layers),
            environment=open_variables(self._secrets, name, version.environment),
            memory_mb=version.memory_mb,
            timeout_ms=version.timeout_s * 1000,
            tmp_mb=version.tmp_mb,
            role_arn=version.role,
            log_group=log_group_of(name.name, logging),
            log_format=logging.log_format,
            application_log_level=logging.application_level,
            tracing=version.tracing == "Active",
            architecture=version.architecture,
        )

    async def ready(self, name: FunctionName, version: Version) -> FunctionConfig:
        """The config, with its files in place; environments of what it replaces are ended."""
        for sha in (version.code_sha, *(layer.code_sha for layer in version.layers)):
            if not await self._code.ensure(sha):
                raise StoreError(f"the code package {sha} of {name.arn} is missing")
        config = self.configure(name, version)
        self.replaced(name, version)
        in_use = self._in_use.setdefault((name.account, name.region, name.name), {})
        in_use[version.version] = config.key
        return config

    def replaced(self, name: FunctionName, version: Version) -> None:
        """`version` is what counts now: idle environments of another build of it end, busy ones after use."""
        in_use = self._in_use.get((name.account, name.region, name.name), {})
        before = in_use.get(version.version)
        if before is not None and before != _key(name, version):
            del in_use[version.version]
            self._lanes.spawn("lambda retire", self._pool.retire(before))

    async def retire(self, name: FunctionName, version: str | None = None) -> None:
        """The function, or one version of it, is no more."""
        place = (name.account, name.region, name.name)
        in_use = self._in_use.get(place, {})
        gone = list(in_use) if version is None else [version]
        for number in gone:
            if (key := in_use.pop(number, None)) is not None:
                await self._pool.retire(key)
        if not in_use:
            self._in_use.pop(place, None)

    def log_settings(self, name: FunctionName, version: Version) -> LogSettings:
        """How the version's log is written."""
        logging = version.logging
        return LogSettings(
            name.account,
            name.region,
            log_group_of(name.name, logging),
            logging.log_format == "JSON",
            Level[logging.system_level or "INFO"],
            version.version,
            version.memory_mb,
            runtime_version_arn(name.region, version.runtime),
        )


def provisioned_config(config: FunctionConfig) -> FunctionConfig:
    """The same for environments that are made ready beforehand: apart from those that are made on demand."""
    return replace(config, key=f"{config.key}:provisioned", initialization="provisioned-concurrency")


def _key(name: FunctionName, version: Version) -> str:
    return f"{name.arn}:{version.version}:{version.build}"
