"""Settings, read from siyu.toml and from SIYU_* environment variables."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from siyu.engines.amounts import checked_amount
from siyu.engines.paths import checked_folder
from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import base_layer, misspelt_folders

TOML = "siyu.toml"
PREFIX = "SIYU_"
SAMPLE_SALT = "the-sample-holds-no-secret"
SHORTEST_SALT = 16
SPARK_SETTING = re.compile(r"spark[.][A-Za-z0-9._-]+=.*")
# The settings that can change the content of a release. Only these enter its fingerprint.
CONTENT_SETTINGS = (
    "channels", "retired_channels", "families", "timezone", "engine", "publish_records", "publish_parquet",
    "publish_parquet_from",
)  # fmt: skip
# What a release is loaded into, beside its own files.
TARGETS = ("postgresql",)
NAME_BEGINNING = re.compile(r"([a-z_][a-z0-9_]{0,19})?")
# Schemas that a deployment can do without. Each reads earlier ones, never later ones.
FAMILIES = ("identity", "journey", "tags", "audience", "kpi")
# What sends a message: siyu/report/message.py.
NOTIFY_ON = ("failure", "target", "stale", "drift", "unusual", "alert", "warning", "recovered")


def known_zone(value: str) -> str:
    """Return the name of a time zone unchanged. Raises ValueError if it is unknown."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value} is not an IANA time zone such as Asia/Shanghai") from error
    return value


class Settings(BaseSettings):
    """The settings of a deployment. Call `load_settings` to read them: the environment overrides siyu.toml."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    warehouse: Path = Path("warehouse")
    cache: Path | None = None
    layers: Annotated[tuple[Path, ...], NoDecode] = ()
    exports: Path | None = None
    channels: Annotated[tuple[str, ...], NoDecode] = ()
    retired_channels: Annotated[tuple[str, ...], NoDecode] = ()
    families: Annotated[tuple[str, ...], NoDecode] = FAMILIES
    timezone: Annotated[str, AfterValidator(known_zone)] = "Asia/Shanghai"
    salt: SecretStr | None = None
    salt_file: Path | None = None
    engine: Literal["duckdb", "spark"] = "duckdb"
    spark: SecretStr = SecretStr("local[*]")  # an address may have a token
    spark_settings: Annotated[tuple[str, ...], NoDecode] = ()
    threads: int | None = None
    memory_limit: str = "55%"
    incremental: Literal["auto", "always", "never"] = "auto"
    spill_limit: str = "90%"  # a share is one of what is free when a run opens its database
    publish_records: bool = True
    publish_parquet: bool = False
    publish_parquet_from: int | None = None
    site: bool = True
    ops_history_days: int = 400
    notify: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    notify_on: Annotated[tuple[str, ...], NoDecode] = NOTIFY_ON
    notify_language: Literal["zh", "en"] = "zh"
    notify_link: str = ""
    notify_docs: str = ""
    targets: Annotated[tuple[str, ...], NoDecode] = ()
    postgresql: SecretStr | None = None
    postgresql_prefix: str = ""
    postgresql_restricted: bool = False
    _toml: dict[str, str] = PrivateAttr(default_factory=dict)  # setting -> where siyu.toml sets it

    @field_validator("layers", mode="before")
    @classmethod
    def _split_paths(cls, value: Any) -> Any:
        return [p for p in value.split(os.pathsep) if p] if isinstance(value, str) else value

    @field_validator("channels", "retired_channels", "families", "notify_on", "targets", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return value

    @field_validator("notify", "spark_settings", mode="before")
    @classmethod
    def _split_at_blanks(cls, value: Any) -> Any:
        return value.split() if isinstance(value, str) else value  # a comma can be part of one

    @field_validator("spark_settings")
    @classmethod
    def _settings_of_spark(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not SPARK_SETTING.fullmatch(text):
                raise ValueError(f"{text!r} is not a setting of Spark: write name=value, as spark.driver.memory=8g")
        return value

    @field_validator("families")
    @classmethod
    def _known_families(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in FAMILIES:
                raise ValueError(f"there is no family {name!r}: {nearest(name, FAMILIES)}")
        return tuple(name for name in FAMILIES if name in value) or FAMILIES

    @field_validator("targets")
    @classmethod
    def _known_targets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in TARGETS:
                raise ValueError(f"there is no target {name!r}: {nearest(name, TARGETS)}")
        return tuple(name for name in TARGETS if name in value)

    @field_validator("postgresql_prefix")
    @classmethod
    def _a_plain_name(cls, value: str) -> str:
        if not NAME_BEGINNING.fullmatch(value):
            raise ValueError(f"{value!r} is not a beginning of a name: write up to 20 of a-z, 0-9 and _, such as crm_")
        return value

    @field_validator("memory_limit", "spill_limit")
    @classmethod
    def _an_amount(cls, value: str) -> str:
        return checked_amount(value)

    @field_validator("threads", "ops_history_days", "publish_parquet_from")
    @classmethod
    def _positive(cls, value: int | None) -> int | None:
        if value is not None and value < 1:
            raise ValueError("must be at least 1")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override siyu.toml, whose values reach the class as init arguments."""
        return env_settings, init_settings

    def place(self, name: str) -> str:
        """Return where a setting was set: in the environment or in siyu.toml; if nowhere, return the variable."""
        return _variable(name) or self._toml.get(name) or f"{PREFIX}{name.upper()}"

    @property
    def is_sample(self) -> bool:
        """Whether neither layers nor exports are set, so that a run reads the sample."""
        return not self.layers and self.exports is None

    def leaves_out(self, schema: str) -> bool:
        """Whether a schema is a family that is built only as far as the chosen families read it."""
        return schema in FAMILIES and schema not in self.families

    @property
    def cache_folder(self) -> Path:
        """Where compilations keep what they found out; it may be deleted at any time."""
        return self.cache or self.warehouse / "cache"

    @property
    def cores(self) -> int:
        """Number of threads to use; the number of CPUs if `threads` is not set."""
        return self.threads or os.cpu_count() or 1

    @property
    def roots(self) -> tuple[Path, ...]:
        """Directories of all layers, the base layer first."""
        return (base_layer(), *self.layers)

    @property
    def exports_root(self) -> Path | None:
        """Folder that contains <channel>/<files>. None if only contracts with their own `folder` can land files."""
        if self.exports is not None:
            return self.exports
        return base_layer() / "seeds" / "sample" if not self.layers else None

    @property
    def key(self) -> str:
        """The salt of all keyed hashes. Raises ConfigError if it is too short, or missing outside the sample."""
        salt, where = self._salt()
        if 0 < len(salt) < SHORTEST_SALT:
            raise ConfigError(
                f"the salt has {len(salt)} characters; hashes of mobile numbers with such a short key can be guessed",
                where,
                f"set {'SIYU_SALT' if self.salt else where} to a random text of at least {SHORTEST_SALT} characters.",
                "a-wrong-salt",
            )
        if salt:
            return salt
        if self.is_sample:
            return SAMPLE_SALT
        raise ConfigError(
            "no salt is set; without a salt, the IDs and hashes of real people are not secret",
            where,
            f"set {where} to a long random text and keep it: a different salt changes every ID.",
            "a-wrong-salt",
        )

    def _salt(self) -> tuple[str, str]:
        """Return the salt, or '', and where it is set. `salt` goes before `salt_file`."""
        salt = self.salt.get_secret_value() if self.salt is not None else ""
        if salt or self.salt_file is None:
            return salt, self.place("salt") if salt else "SIYU_SALT"
        try:
            return self.salt_file.read_text(encoding="utf-8").strip(), str(self.salt_file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            raise ConfigError(
                f"the file of the salt cannot be read: {reason}",
                str(self.salt_file),
                "restore it from where you keep passwords, or set SIYU_SALT. A new salt would change every ID.",
                "a-wrong-salt",
            ) from error

    @property
    def salt_fingerprint(self) -> str:
        """A hash that distinguishes salts without revealing them."""
        return hashlib.sha256(f"siyu salt {self.key}".encode()).hexdigest()[:16]

    @property
    def content_fingerprint(self) -> str:
        """A hash of the settings that can change the content of a release."""
        parts = [f"{name}={getattr(self, name)}" for name in CONTENT_SETTINGS]
        return hashlib.sha256("\n".join([*parts, self.salt_fingerprint]).encode()).hexdigest()


def load_settings(folder: Path | None = None, **overrides: Any) -> Settings:
    """Read siyu.toml in `folder` and the environment. Raises ConfigError that names every wrong key.

    `overrides` that are not None replace what was read.
    """
    path = (folder or Path()) / TOML
    values = _read_toml(path)
    known = set(Settings.model_fields)
    unknown = [(str(path), key, key) for key in values if key not in known]
    unknown += [
        ("environment", name, name.removeprefix(PREFIX).lower())
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in known
    ]
    errors: list[SiyuError] = [
        ConfigError(f"unknown setting {shown}", where, nearest(key, known)) for where, shown, key in unknown
    ]
    raise_all(errors)
    try:
        loaded = Settings(**values)
    except ValidationError as error:
        raise_all([_explain(detail, path) for detail in error.errors()])
        raise
    given = {key: value for key, value in overrides.items() if value is not None}
    settings = loaded.model_copy(update=given)
    settings._toml = {key: f"{path}, {key}" for key in values if key not in given}
    _check_paths(settings)
    _check_channels(settings)
    return settings


def _variable(name: str) -> str | None:
    """Return the environment variable that sets a setting, in words. pydantic reads its name in any case."""
    wanted = f"{PREFIX}{name}".upper()
    return next((f"environment {key}" for key in sorted(os.environ) if key.upper() == wanted), None)


def _explain(detail: Any, path: Path) -> ConfigError:
    name = str(detail["loc"][0]) if detail["loc"] else "settings"
    where = _variable(name) or f"{path}, {name}"
    message = detail["msg"].removeprefix("Value error, ")
    return ConfigError(f"setting {name}: {message}", where, "docs/layers.md describes the settings.")


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"siyu.toml cannot be read: {error}", str(path), "correct the file and save it as UTF-8."
        ) from error


def _check_channels(settings: Settings) -> None:
    both = sorted(set(settings.channels) & set(settings.retired_channels))
    if both:
        raise ConfigError(
            f"channels and retired_channels both name {', '.join(both)}",
            "siyu.toml, or SIYU_CHANNELS and SIYU_RETIRED_CHANNELS",
            "name a channel in retired_channels if it no longer delivers, else in channels.",
        )


def _check_paths(settings: Settings) -> None:
    exports = [settings.exports] if settings.exports is not None else []
    named = [("layers", "layer", p) for p in settings.layers] + [("exports", "exports folder", p) for p in exports]
    raise_all(
        [
            ConfigError(f"the {kind} {path} is not a directory", settings.place(name), "correct the path.")
            for name, kind, path in named
            if not path.is_dir()
        ]
    )
    raise_all([error for layer in settings.layers for error in misspelt_folders(layer)])
    checked_folder(settings.warehouse, "the warehouse", "SIYU_WAREHOUSE")
