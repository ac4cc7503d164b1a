"""Creates tables from models."""
