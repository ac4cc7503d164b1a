"""The plain data that the managers give: what has which key, and of which type."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class TableInfo(TypedDict):
    """A table of the models: whether it exists, and what the models say of it."""

    exists: bool
    columns: list[str]
    indexes: list[str]


class SchemaInfo(TypedDict):
    """A schema. `tables` are those of the models, `others` are in no model; `heads` are the version rows."""

    database_type: str
    schema_from: str
    identity: bool
    state: str
    tables: dict[str, TableInfo]
    missing: list[str]
    others: list[str]
    version_table: str
    heads: list[str]
    pending: list[str]


class RevisionRecord(TypedDict):
    """A revision. `at`, `by` and `run` say who applied it, if the journal knows.

    `marked`: a person has marked it as applied.
    """

    revision: str
    doc: str | None
    applied: bool
    at: str | None
    by: dict[str, object] | None
    run: str | None
    marked: bool
    held: bool


class DatabaseInfo(TypedDict):
    """The database; the URL has no password. `version` and `size_bytes` are known if it can be reached."""

    type: str
    url: str
    version: NotRequired[str]
    size_bytes: NotRequired[int]


class Connectivity(TypedDict):
    """Whether the database answers: how soon, or with which error."""

    ok: bool
    latency_ms: NotRequired[float]
    error: NotRequired[dict[str, object]]


class IssuesFound(TypedDict):
    """The issues of some checks. `severity` is that of the worst one."""

    valid: bool
    severity: str
    issues: list[dict[str, str]]


class RevisionsFound(TypedDict):
    """The revisions: the version rows, what is to be applied, what this code does not know, what is held."""

    heads: list[str]
    pending: list[str]
    unknown: list[str]
    held: list[str]


class Finding(TypedDict):
    """What the audit of a journal found in one entry."""

    entry: int
    text: str


class JournalFound(TypedDict):
    """A journal, audited. Only `exists` is there if it does not exist."""

    exists: bool
    entries: NotRequired[int]
    intact: NotRequired[bool]
    findings: NotRequired[list[Finding]]
    more_findings: NotRequired[int]
    hash: NotRequired[str | None]


class Findings(TypedDict, total=False):
    """What is found in a database that can be reached; nothing of one that cannot.

    `checks` gives each check "ok" or the severity of the worst issue that it found. `tables` counts rows.
    """

    state: str
    ready: bool
    schema: IssuesFound
    data: IssuesFound
    checks: dict[str, str]
    tables: dict[str, dict[str, int | bool | None]]
    migrations: RevisionsFound
    seeds_pending: list[str]
    journal: JournalFound


class HealthReport(Findings):
    """All that can be said of a database without writing."""

    at: str
    application: str
    database: DatabaseInfo
    connectivity: Connectivity
