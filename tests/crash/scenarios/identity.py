"""The built-in identity schema: tables, stamp, roles and the administrator."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from initdb.settings import load_settings
from initdb.statemachine.initializer import Initializer
from tests.crash.scenario import Scenario


@dataclass
class Bare:
    """An application that asks for the built-in schema, and gives its name and the first password."""

    folder: Path
    url: str

    def initializer(self) -> Initializer:
        """A process of it."""
        options = {
            "database_url": self.url,
            "schema_from": "identity",
            "admin_password_file": str(self.folder / "password"),
        }
        return Initializer(
            name="bare", settings=load_settings(folder=self.folder, environ={}, options=options)
        )


def _write(bare: Bare) -> None:
    password = bare.folder / "password"
    password.write_text("correct horse battery staple 4711\n")
    password.chmod(0o600)


IDENTITY = Scenario(
    "identity",
    "an empty database and an application without models: the built-in schema with its administrator",
    Bare,
    _write,
    may_differ=(
        "password_hash",
        "created_at",
        "updated_at",
        *("id", "tenant_id", "user_id", "role_id", "permission_id"),  # a rolled back sequence leaves a gap
    ),
    asks=(
        "SELECT r.name, p.code FROM role_permissions rp JOIN roles r ON r.id = rp.role_id"
        " JOIN permissions p ON p.id = rp.permission_id",
        "SELECT t.slug, u.username, r.name FROM user_roles ur JOIN tenants t ON t.id = ur.tenant_id"
        " JOIN users u ON u.id = ur.user_id JOIN roles r ON r.id = ur.role_id",
        "SELECT t.slug, u.username FROM memberships m JOIN tenants t ON t.id = m.tenant_id"
        " JOIN users u ON u.id = m.user_id",
    ),
    draws_numbers=True,
    small=True,
)
