"""Drives Alembic. This is the only package that imports it."""

from __future__ import annotations

from initdb.steps.alembic_driver.configs import Provider, found_by, provider_of
from initdb.steps.alembic_driver.environment import Environment, Step
from initdb.steps.alembic_driver.own_scripts import own_environment
from initdb.steps.alembic_driver.run_env_py import AutocommitBlock, Body, run_in_environment

__all__ = [
    "AutocommitBlock",
    "Body",
    "Environment",
    "Provider",
    "Step",
    "found_by",
    "own_environment",
    "provider_of",
    "run_in_environment",
]
