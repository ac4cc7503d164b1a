"""What a type of SQLAlchemy is on one database."""

from __future__ import annotations

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import ENUM
from sqlalchemy.types import TypeDecorator, TypeEngine


def concrete(kind: TypeEngine[object], dialect: Dialect) -> TypeEngine[object]:
    """The type that the database has for a type, without variants and decorators."""
    impl = kind.dialect_impl(dialect)
    while isinstance(impl, TypeDecorator):
        impl = impl.load_dialect_impl(dialect).dialect_impl(dialect)
    return impl


def type_ddl(kind: TypeEngine[object], dialect: Dialect) -> str:
    """The type as DDL; empty if it has none or cannot say."""
    try:
        return dialect.type_compiler_instance.process(kind)
    except Exception:  # a type can be the application's code and can raise anything
        return ""


def enum_labels(kind: TypeEngine[object], dialect: Dialect) -> tuple[str, ...] | None:
    """The labels of an enumerated type that the database knows as such; None for any other type."""
    native = concrete(kind, dialect)
    return tuple(native.enums) if isinstance(native, ENUM) else None
