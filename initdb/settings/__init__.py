"""The settings of initdb: one table of data, one frozen value, one way to load it."""

from initdb.settings.load import load_settings
from initdb.settings.model import Origin, Settings
from initdb.settings.setting import PREFIX, Setting
from initdb.settings.table import OTHER_VARIABLES, SETTINGS
from initdb.settings.values import Kind, Mode, OnFailure, Repair, SchemaSource, Value, WhenNotOurs

__all__ = [
    "OTHER_VARIABLES",
    "PREFIX",
    "SETTINGS",
    "Kind",
    "Mode",
    "OnFailure",
    "Origin",
    "Repair",
    "SchemaSource",
    "Setting",
    "Settings",
    "Value",
    "WhenNotOurs",
    "load_settings",
]
