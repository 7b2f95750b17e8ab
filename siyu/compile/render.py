"""jinja2: a model's template -> SQL, and what it reached for on the way."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from siyu.compile.model_files import Model
from siyu.compile.template import Rendered, World
from siyu.compile.template_functions import TemplateFunctions
from siyu.errors import ConfigError, SiyuError, nearest


class Renderer:
    """Renders models of one project."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._env = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False)
        self._env.globals.clear()

    def render(self, model: Model, superseded: bool = False) -> Rendered:
        """One model. Raises ConfigError with file and line."""
        result = Rendered(model)
        context = TemplateFunctions(self._world, result, superseded).context()
        try:
            template = self._compile(model.template, model.file)
            for macros in self._macros:
                exported = macros.make_module(dict(context))
                context.update({k: v for k, v in vars(exported).items() if not k.startswith("_")})
            result.sql = template.render(context).strip()
        except SiyuError as error:
            line = _template_line(error.__traceback__, model.file)
            error.where = f"{model.file}:{line}" if line else model.file
            raise
        except TemplateError as error:
            line = getattr(error, "lineno", None) or _template_line(error.__traceback__, model.file)
            raise ConfigError(
                f"the template of {model.name} does not render: {error.message}",
                f"{getattr(error, 'name', None) or model.file}:{line or '?'}",
                nearest(_undefined(error.message), context),
            ) from error
        except (TypeError, ValueError, ArithmeticError) as error:
            line = _template_line(error.__traceback__, model.file)
            raise ConfigError(
                f"the template of {model.name} does not render: {error}", f"{model.file}:{line or '?'}", ""
            ) from error
        return result

    @cached_property
    def _macros(self) -> list[Any]:
        return [self._compile(file.read(), file.name) for file in self._world.macros]

    def _compile(self, text: str, file: str) -> Any:
        try:
            code = self._env.compile(text, name=file, filename=file)
        except TemplateSyntaxError as error:
            raise ConfigError(
                f"the template has a syntax error: {error.message}", f"{file}:{error.lineno}", "mend the template."
            ) from error
        return self._env.template_class.from_code(self._env, code, {})


def _undefined(message: str | None) -> str:
    return (message or "").split("'")[1] if message and "'" in message else ""


def _template_line(traceback: TracebackType | None, file: str) -> int | None:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
