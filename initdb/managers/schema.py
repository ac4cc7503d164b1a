"""SchemaManager: checks, creates and repairs the schema."""

from __future__ import annotations

from sqlalchemy import MetaData, Table

from initdb.errors import InitError
from initdb.managers.manager import Manager
from initdb.managers.open_look import OpenLook, about_schema, health, open_look, result_of
from initdb.managers.outcome import raise_for
from initdb.managers.reports import SchemaInfo, TableInfo
from initdb.statemachine.initializer import Initializer
from initdb.statemachine.render.results import RepairResult, ValidationResult
from initdb.steps.catalog.port import catalogue_of
from initdb.steps.survey.facts import version_place


class SchemaManager(Manager):
    """The schema of one application's database.

    Example:
        >>> from sqlalchemy import Column, Integer, MetaData, Table, create_engine
        >>> models = MetaData()
        >>> product = Table("product", models, Column("id", Integer, primary_key=True))
        >>> schema = SchemaManager(Initializer(create_engine("sqlite:///shop.db"), metadata=models))
        >>> schema.check_schema_exists(), schema.create_schema(), schema.check_schema_exists()
        (False, True, True)
        >>> schema.get_schema_info()["tables"]["product"]["columns"]
        ['id']
    """

    def check_schema_exists(self) -> bool:
        """Whether every table of the models exists; without models, whether any revision is applied.

        Raises:
            InitError: The database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return _exists(initializer, opened)

    def create_schema(self) -> bool:
        """Make the database ready, and so create its schema.

        Returns:
            Whether the schema exists now. If a later step failed (seeds, validation), it still does.

        Raises:
            InitError: The schema could not be created.
        """
        with self.bound() as initializer:
            outcome = initializer.attend()
            if outcome.error is None:
                raise_for(outcome)
            try:
                with open_look(initializer) as opened:
                    exists = _exists(initializer, opened)
            except InitError:
                raise_for(outcome)
                raise
            if not exists:
                raise_for(outcome)
            return exists

    def validate_schema(self) -> ValidationResult:
        """Compare the schema with the models.

        Raises:
            InitError: The database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            return result_of(about_schema(health(initializer, opened)))

    def repair_schema(self) -> RepairResult:
        """Repair what can be repaired without losing data, and go on to ready.

        A failure is in the result, and is not raised.
        """
        return repaired(self)

    def get_schema_info(self) -> SchemaInfo:
        """Describe the schema as plain data.

        Raises:
            InitError: The database cannot be reached.
        """
        with self.bound() as initializer, open_look(initializer) as opened:
            application, known = initializer.site.application, opened.seen.knowledge
            table, schema = version_place(application, known)
            facts = opened.facts
            models = application.metadata or MetaData()
            return {
                "database_type": opened.connection.dialect.name,
                "schema_from": application.schema_from,
                "identity": application.identity,
                "state": known.state,
                "tables": {key: _table(model, facts.tables) for key, model in sorted(models.tables.items())},
                "missing": list(facts.missing),
                "others": _others(opened, models),
                "version_table": f"{schema}.{table}" if schema else table,
                "heads": list(facts.rows or ()),
                "pending": list(facts.pending),
            }


def _exists(initializer: Initializer, opened: OpenLook) -> bool:
    facts = opened.facts
    if initializer.site.application.metadata is None:
        return bool(facts.rows)
    return not facts.missing


def _table(model: Table, present: tuple[str, ...]) -> TableInfo:
    return {
        "exists": model.key in present,
        "columns": [column.name for column in model.columns],
        "indexes": sorted(str(index.name) for index in model.indexes if index.name),
    }


def _others(opened: OpenLook, models: MetaData) -> list[str]:
    """The tables that no model has, without those of the journal."""
    present = catalogue_of(opened.connection).tables()
    names = (f"{schema}.{name}" if schema else name for schema, name in present)
    return sorted(name for name in names if name not in models.tables)


def repaired(manager: Manager) -> RepairResult:
    """Repair; an InitError becomes a part of the result."""
    try:
        with manager.bound() as initializer:
            return initializer.repair("a program called repair_schema()")
    except InitError as error:
        return unrepaired(error)


def unrepaired(error: InitError) -> RepairResult:
    """The result if the repair could not begin."""
    told = error.rendered()
    return RepairResult(False, [], list(told.context), [told.fix], [str(error)], 0.0)
