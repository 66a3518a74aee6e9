"""Where a search keeps its trials: SQLite, or any database that Optuna knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from ..errors import InputError, RunError

_ATTEMPTS = 5

_WANTED = "wanted is a database URL such as sqlite:///explore.db or postgresql://user@host/name"


def file_url(path: Path) -> str:
    """URL of an SQLite file."""
    return sqlalchemy.URL.create("sqlite", database=str(path)).render_as_string()


def open_storage(url: str, option: str = "--storage") -> RDBStorage:
    """Open a database of trials, making its tables if needed.

    Raises
    ------
    InputError : no URL, no driver for it, or the database cannot be opened; a password is not repeated.
    """
    try:
        shown = sqlalchemy.make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        raise InputError(option, "", f"'{url}' is no database URL; {_WANTED}") from None
    try:
        return _opened(url)
    except NoSuchModuleError:
        raise InputError(option, "", f"{shown}: unknown kind of database; {_WANTED}") from None
    except ImportError as error:
        missing = error.__cause__ or error
        raise InputError(option, "", f"{shown}: its driver is not installed ({missing})") from None
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise InputError(option, "", f"{shown} cannot be opened ({_first_line(error)})") from None


def _opened(url: str) -> RDBStorage:
    """Open a database, again when another machine was making its tables at the same moment."""
    options = {"connect_args": {"timeout": 60}} if _is_sqlite(url) else None
    for attempt in range(_ATTEMPTS):
        try:
            return RDBStorage(url, engine_kwargs=options)
        except SQLAlchemyError as error:
            made = isinstance(error, IntegrityError) or "already exists" in str(error)
            if not made or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")


@contextmanager
def storage_errors_explained() -> Iterator[None]:
    """Turn errors of the database inside the block into one clear line."""
    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        raise RunError(
            f"the search's database: {_first_line(error)}; results so far are kept, run the same command again"
        ) from None


def _is_sqlite(url: str) -> bool:
    return sqlalchemy.make_url(url).get_backend_name() == "sqlite"


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
    text = str(getattr(cause, "orig", None) or cause).strip()
    return text.splitlines()[0] if text else type(error).__name__
