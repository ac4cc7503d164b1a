"""What a boot that has worked says of files: seeds that are none, and files of which others decide."""

from __future__ import annotations

from initdb.statemachine.site import Site
from initdb.steps.engines.shared_folder import folder_cautions
from initdb.steps.survey.others_files import others_files


def of_the_files(site: Site) -> tuple[str, ...]:
    """The warnings, as sentences. A boot that finds a ready database does not repeat them.

    Args:
        site: What was brought to ready, and where.
    """
    return (
        *site.application.left_out(),
        *folder_cautions(site.engine, site.settings),
        *others_files(site.application, site.settings),
    )
